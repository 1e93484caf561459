using System.Globalization;
using System.Text;

namespace Valkey.Turbo.Tests.EndToEnd.Fuzzing;

/// <summary>
/// One reply as it stood on the wire, with its kind, read strictly: what a client might take for something else, or not
/// understand at all, is an error here.
/// </summary>
internal sealed class RespReply
{
    private const string Resp2Kinds = "+-:$*";
    private const string Resp3Kinds = "+-:$*_,#(=%~>!";
    private const int DeepestNesting = 64;

    private RespReply(char kind, string text, IReadOnlyList<RespReply>? items = null) => (Kind, Text, Items) = (kind, text, items);

    /// <summary>The first byte on the wire.</summary>
    internal char Kind { get; }

    /// <summary>What follows, each byte as one character; of an aggregate its length as it was written.</summary>
    internal string Text { get; }

    /// <summary>The parts of an aggregate, keys and values of a map in turn; null for what is none, and for a null array.</summary>
    internal IReadOnlyList<RespReply>? Items { get; }

    internal bool IsError => Kind is '-' or '!';

    internal bool IsPush => Kind == '>';

    /// <summary>Reads one reply; <paramref name="protocol"/> is 2 or 3, or 0 for either.</summary>
    internal static RespReply Read(Stream stream, int protocol, int depth = 0)
    {
        Require(depth < DeepestNesting, "nested without end");
        string line = ReadLine(stream);
        Require(line.Length > 0 && (protocol == 2 ? Resp2Kinds : Resp3Kinds).Contains(line[0], StringComparison.Ordinal), $"kind of '{line}' in RESP{protocol}");
        char kind = line[0];
        string rest = line[1..];
        switch (kind)
        {
            case '$' or '=' or '!':
                int length = ReadLength(rest, protocol != 3);
                return new RespReply(kind, length < 0 ? "nil" : ReadBytes(stream, length), length < 0 ? null : []);
            case '*' or '%' or '~' or '>':
                int count = ReadLength(rest, protocol != 3 && kind == '*');
                return count < 0 ? new RespReply(kind, "nil") : new RespReply(kind, rest, ReadItems(stream, protocol, kind == '%' ? count * 2 : count, depth));
            default:
                CheckLine(kind, rest);
                return new RespReply(kind, rest);
        }
    }

    /// <summary>The same reply, its items in the order of their text; those of a map stay pairs.</summary>
    internal RespReply Sorted()
    {
        if (Kind is not ('*' or '~' or '%') || Items is null)
        {
            return this;
        }
        int step = Kind == '%' ? 2 : 1;
        IEnumerable<RespReply[]> parts = Items.Select(item => item.Sorted()).Chunk(step);
        return new RespReply(Kind, Text, [.. parts.OrderBy(part => string.Concat(part.Select(item => item.ToString())), StringComparer.Ordinal).SelectMany(part => part)]);
    }

    /// <summary>The same reply without some fields of the maps in it.</summary>
    internal RespReply Without(IReadOnlyCollection<string> fields) => Items is null ? this
        : new RespReply(Kind, Text, [.. Items.Chunk(Kind == '%' ? 2 : 1).Where(part => part.Length == 1 || !fields.Contains(part[0].Text)).SelectMany(part => part).Select(item => item.Without(fields))]);

    public override string ToString()
    {
        StringBuilder text = new();
        Write(text);
        return text.ToString();
    }

    private void Write(StringBuilder text)
    {
        text.Append(Kind);
        if (Items is null || Kind is '$' or '=' or '!')
        {
            text.Append(FuzzText.Show(Text));
            return;
        }
        text.Append('[');
        for (int i = 0; i < Items.Count; i++)
        {
            text.Append(i == 0 ? "" : " ");
            Items[i].Write(text);
        }
        text.Append(']');
    }

    private static RespReply[] ReadItems(Stream stream, int protocol, int count, int depth)
    {
        RespReply[] items = new RespReply[count];
        for (int i = 0; i < count; i++)
        {
            items[i] = Read(stream, protocol, depth + 1);
            Require(!items[i].IsPush, "a message inside a reply");
        }
        return items;
    }

    private static void CheckLine(char kind, string rest)
    {
        bool isWellFormed = kind switch
        {
            ':' => long.TryParse(rest, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) && value.ToString(CultureInfo.InvariantCulture) == rest,
            '_' => rest.Length == 0,
            '#' => rest is "t" or "f",
            ',' => rest is "inf" or "-inf" or "nan" || double.TryParse(rest, NumberStyles.Float, CultureInfo.InvariantCulture, out _),
            _ => true,
        };
        Require(isWellFormed, $"'{kind}{rest}'");
    }

    private static int ReadLength(string text, bool mayBeNull)
    {
        bool isNumber = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int length) && length.ToString(CultureInfo.InvariantCulture) == text;
        Require(isNumber && length >= (mayBeNull ? -1 : 0), $"length '{text}'");
        return length;
    }

    private static string ReadLine(Stream stream)
    {
        StringBuilder line = new();
        while (true)
        {
            int next = stream.ReadByte();
            switch (next)
            {
                case < 0:
                    throw new EndOfStreamException($"closed after '{line}'");
                case '\n':
                    throw new InvalidDataException($"a lone line feed after '{line}'");
                case '\r':
                    Require(stream.ReadByte() == '\n', $"a lone carriage return after '{line}'");
                    return line.ToString();
                default:
                    line.Append((char)next);
                    break;
            }
        }
    }

    private static string ReadBytes(Stream stream, int length)
    {
        byte[] bytes = new byte[length + 2];
        stream.ReadExactly(bytes);
        Require(bytes[length] == '\r' && bytes[length + 1] == '\n', "a string longer than announced");
        return Encoding.Latin1.GetString(bytes, 0, length);
    }

    private static void Require(bool condition, string what)
    {
        if (!condition)
        {
            throw new InvalidDataException($"not RESP: {what}");
        }
    }
}
