using System.Globalization;
using System.Text;
using Valkey.Turbo.Commands;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Tests.EndToEnd.Fuzzing;

/// <summary>
/// Makes commands that are valid or nearly so, from what the command table says of their arguments: every argument gets a
/// word that suits it, or one of the edge words of its type; some commands are bent afterwards.
/// </summary>
/// <param name="random">Decides everything.</param>
/// <param name="version">What the reference is a server of: arguments that came later are left out.</param>
internal sealed class CommandGenerator(RandomSource random, Version version)
{
    private static readonly Dictionary<string, string[]> KeysOfGroup = new()
    {
        ["string"] = ["text0", "text1", "text2", "num0", "num1", "num2", "flt0", "flt1"],
        ["list"] = ["list0", "list1", "list2"],
        ["set"] = ["set0", "set1", "set2", "set3"],
        ["hash"] = ["hash0", "hash1", "hash2"],
        ["sorted-set"] = ["zset0", "zset1", "zset2"],
        ["stream"] = ["xs0", "xs1", "xs2"],
        ["geo"] = ["geo0", "geo1"],
        ["hyperloglog"] = ["hll0", "hll1"],
        ["bitmap"] = ["bit0", "bit1"],
    };

    /// <summary>All keys that an episode knows, those that begin without a value among them.</summary>
    internal static readonly string[] AllKeys = [.. KeysOfGroup.Values.SelectMany(keys => keys), "none0", "none1", "", "k\u00ff\r\n\0"];

    private static readonly Dictionary<string, IReadOnlyList<CommandArgument>> Syntaxes =
        CommandTable.Instance.All.ToDictionary(spec => spec.FullName, spec => ArgumentSyntax.Parse(spec.Syntax));

    /// <summary>What DUMP of version 10 shows of an integer, a text, a list, a sorted set, a hash, a set and a stream.</summary>
    private static readonly string[] Dumps =
    [
        .. new[]
        {
            "00c00a0a006e9f57450eae63bb", "000568656c6c6f0a006372df766534200a", "120102121200000004008161028162028163020101ff0a0057dea3d907b397aa",
            "111111000000040081610201018162020201ff0a00ba07f224a9d28f55", "100d0d0000000200816602817602ff0a0020f13d442354089d", "0b0e02000000030000000100020003000a00a5025ce26d6e4d1b",
            "130110000000000000000100000000000000011d1d0000000a0001010001010181660200010201000100018176020401ff0101010101000001000a00ff55ab626ac035db",
        }.Select(dump => Encoding.Latin1.GetString(Convert.FromHexString(dump))),
    ];

    private string _group = "";

    /// <summary>A command for a row of the table.</summary>
    internal List<string> Next(CommandSpec spec)
    {
        _group = spec.Group;
        List<string> words = spec.Container is null ? [Cased(spec.Name)] : [Cased(spec.Container.Name), Cased(spec.Name)];
        int first = words.Count;
        IReadOnlyList<CommandArgument> syntax = [.. Syntaxes[spec.FullName].Where(IsKnown)];
        AddSequence(words, syntax);
        if (One(4))
        {
            Bend(words, first, syntax);
        }
        return words;
    }

    private bool One(int of) => random.Below(of) == 0;

    private string Pick(params ReadOnlySpan<string> words) => EdgeWords.Pick(random, words);

    private bool IsKnown(CommandArgument argument) => argument.Since is null || Version.Parse(argument.Since) <= version;

    private void AddSequence(List<string> words, IReadOnlyList<CommandArgument> sequence)
    {
        int counted = -1;
        for (int i = 0; i < sequence.Count; i++)
        {
            CommandArgument argument = sequence[i];
            if (argument.IsOptional && !One(2))
            {
                continue;
            }
            int times = argument.IsMultiple ? 1 + random.Below(3) : 1;
            if (counted >= 0 && argument.IsMultiple)
            {
                words[counted] = One(8) ? Pick(EdgeWords.Integers) : times.ToString(CultureInfo.InvariantCulture);
                counted = -1;
            }
            if (argument.Type == "integer" && argument.Name is "numkeys" or "numfields")
            {
                counted = words.Count;
            }
            for (int time = 0; time < times; time++)
            {
                Add(words, argument, isFirst: time == 0);
            }
        }
    }

    private void Add(List<string> words, CommandArgument argument, bool isFirst)
    {
        if (argument.Token is string token && (isFirst || argument.RepeatsToken))
        {
            words.Add(Cased(token));
        }
        switch (argument.Type)
        {
            case "pure-token":
                break;
            case "block":
                AddSequence(words, [.. argument.Arguments.Where(IsKnown)]);
                break;
            case "oneof":
                CommandArgument[] choices = [.. argument.Arguments.Where(IsKnown)];
                Add(words, choices[random.Below(choices.Length)], isFirst: true);
                break;
            default:
                words.Add(One(40) ? EdgeWords.Any(random) : Value(argument));
                break;
        }
    }

    private string Value(CommandArgument argument) => argument.Type switch
    {
        "key" => Key(),
        "pattern" => Pick(EdgeWords.Patterns),
        "integer" => Integer(argument.Name),
        "unix-time" => One(2) ? Pick(EdgeWords.Integers) : $"4000000000{(argument.Name.Contains("milli", StringComparison.Ordinal) ? "000" : "")}",
        "double" => Double(argument.Name),
        _ => Text(argument.Name),
    };

    private string Key() => One(6) || !KeysOfGroup.TryGetValue(_group, out string[]? own) ? Pick(AllKeys) : Pick(own);

    private string Integer(string name) => name switch
    {
        "cursor" => Pick(EdgeWords.Cursors),
        "offset" when _group == "bitmap" => Pick(EdgeWords.Offsets),
        "seconds" => One(2) ? Pick(EdgeWords.Integers) : "200000",
        "milliseconds" => One(2) ? Pick(EdgeWords.Integers) : "400000000",
        "index" or "start" or "stop" or "end" or "count" or "rank" => One(3) ? Pick(EdgeWords.Integers) : Small(8),
        "bit" or "value" => One(3) ? Pick(EdgeWords.Integers) : Pick("0", "1"),
        "numkeys" or "numfields" => "1",
        "protover" => Pick("2", "3", "1", "4", "02", ""),
        _ => One(2) ? Pick(EdgeWords.Integers) : Small(20),
    };

    private string Double(string name) => name switch
    {
        "min" or "max" => One(3) ? Pick(EdgeWords.Doubles) : Pick(EdgeWords.Ranges),
        "longitude" or "latitude" => One(4) ? Pick(EdgeWords.Doubles) : $"{Small(90)}.{random.Below(1000000)}",
        "radius" or "width" or "height" => One(4) ? Pick(EdgeWords.Doubles) : Pick("100", "0.5", "1000", "500000", "1e6"),
        "timeout" => One(2) ? Pick(EdgeWords.Doubles) : "0.01",
        _ => One(2) ? Pick(EdgeWords.Doubles) : Small(20),
    };

    private string Text(string name) => name switch
    {
        "id" or "start" or "end" or "last-id" or "lastid" or "max-deleted-id" when _group == "stream" => Pick(EdgeWords.StreamIds),
        "threshold" => One(2) ? Pick(EdgeWords.StreamIds) : Small(9),
        "start" or "stop" when _group == "sorted-set" => One(2) ? Pick(EdgeWords.Ranges) : Small(9),
        "min" or "max" => Pick(EdgeWords.Ranges),
        "min-idle-time" => One(2) ? Pick(EdgeWords.Integers) : "0",
        "encoding" => Pick(EdgeWords.Encodings),
        "group" => Pick("g0", "g0", "g0", "g1", "nosuch", ""),
        "consumer" => Pick("c0", "c0", "c1", "c9", ""),
        "field" => Pick("f0", "f1", "f2", "f3", "", "\u00ff", "f9"),
        "member" or "member1" or "member2" when _group == "geo" => Pick("Palermo", "Catania", "Rome", "nosuch", ""),
        "member" => Pick("a", "b", "c", "1", "2", "3", "", "\u00ff", "nosuch"),
        "element" or "pivot" => Pick("a", "b", "c", "1", "2", "3", "", "\u00ff", "nosuch"),
        "type" or "category" or "command-name" or "section" or "event" => Pick(EdgeWords.Names),
        "command" => Pick("get", "set", "mset", "sort", "xread", "zunionstore", "nosuch", "ping", "object", "georadius"),
        "serialized-value" => One(3) ? Pick(EdgeWords.Texts) : Pick(Dumps),
        _ => One(4) ? EdgeWords.Any(random) : One(2) ? Pick(EdgeWords.Texts) : Pick(EdgeWords.Names),
    };

    private string Small(int limit) => (random.Below(limit + limit / 2) - limit / 2).ToString(CultureInfo.InvariantCulture);

    private string Cased(string word) => random.Below(5) switch
    {
        0 => word.ToUpperInvariant(),
        1 => word.ToLowerInvariant(),
        2 => string.Concat(word.Select((symbol, at) => at % 2 == 0 ? char.ToUpperInvariant(symbol) : char.ToLowerInvariant(symbol))),
        _ => word,
    };

    /// <summary>Makes a command that its syntax does not allow, or hardly.</summary>
    private void Bend(List<string> words, int first, IReadOnlyList<CommandArgument> syntax)
    {
        int at = first + random.Below(Math.Max(1, words.Count - first));
        CommandArgument[] options = [.. syntax.Where(argument => argument.IsOptional)];
        switch (random.Below(7))
        {
            case 0 when at < words.Count:
                words.RemoveAt(at);
                break;
            case 1 when at < words.Count:
                words.Insert(at, words[at]);
                break;
            case 2 when at + 1 < words.Count:
                (words[at], words[at + 1]) = (words[at + 1], words[at]);
                break;
            case 3:
                words.Insert(at, EdgeWords.Any(random));
                break;
            case 4 when at < words.Count:
                words[at] = EdgeWords.Any(random);
                break;
            default:
                // Options once more, in an order of their own.
                for (int i = random.Below(3); i >= 0 && options.Length > 0; i--)
                {
                    Add(words, options[random.Below(options.Length)] with { IsOptional = false }, isFirst: true);
                }
                break;
        }
    }
}
