using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Valkey.Turbo.Commands;

namespace Valkey.Turbo.Tests;

/// <summary>The rules of the source tree that only a test keeps.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string[] LayersBottomUp =
        ["Native", "Memory", "Protocol", "Structures", "Lua", "Persistence", "Engine", "Scripting", "Commands", "Network", "Server"];

    private static readonly string[] MayBeUnsafe = ["Native", "Memory", "Protocol", "Structures", "Engine"];

    [GeneratedRegex(@"Valkey\.Turbo\.(\w+)\.csproj")]
    private static partial Regex ProjectName();

    private static string Root([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "../.."));

    private static IEnumerable<(string Layer, string Path)> Projects() =>
        Directory.EnumerateFiles(Root(), "*.csproj", SearchOption.AllDirectories)
            .Where(path => path.Contains("/src/", StringComparison.Ordinal) || path.Contains("/native-interop/", StringComparison.Ordinal))
            .Select(path => (ProjectName().Match(path).Groups[1].Value, path));

    [Fact]
    public void NoLayerRefersToOneAboveIt()
    {
        Assert.Equal(LayersBottomUp.Length, Projects().Count());
        foreach ((string layer, string path) in Projects())
        {
            int level = Array.IndexOf(LayersBottomUp, layer);
            Assert.True(level >= 0, layer);
            foreach (XElement reference in XDocument.Load(path).Descendants("ProjectReference"))
            {
                string target = ProjectName().Match(reference.Attribute("Include")!.Value).Groups[1].Value;
                Assert.True(Array.IndexOf(LayersBottomUp, target) < level, $"{layer} refers up to {target}");
            }
        }
    }

    [Fact]
    public void UnsafeCodeStaysInItsLayers()
    {
        foreach ((string layer, string path) in Projects())
        {
            bool allows = XDocument.Load(path).Descendants("AllowUnsafeBlocks").Any(element => element.Value == "true");
            Assert.True(!allows || MayBeUnsafe.Contains(layer), $"{layer} allows unsafe code");
        }
    }

    [Fact]
    public void PlatformInvokeStaysInNativeInterop()
    {
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Root(), "src"), "*.cs", SearchOption.AllDirectories))
        {
            if (!file.Contains("/obj/", StringComparison.Ordinal))
            {
                Assert.DoesNotContain("Import(\"", File.ReadAllText(file), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void NoTextOfTheRuntimeReachesLogsOrReplies()
    {
        // These throw, catch and report texts of their own, as the language that scripts are written in does; a crash report is for who mends
        // the server.
        string[] own = ["Program.cs", "NetworkServer.cs", "CrashReport.cs"];
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Root(), "src"), "*.cs", SearchOption.AllDirectories))
        {
            bool isExempt = file.Contains("/obj/", StringComparison.Ordinal) || file.Contains("/Valkey.Turbo.Lua/", StringComparison.Ordinal)
                || own.Contains(Path.GetFileName(file));
            if (!isExempt)
            {
                Assert.DoesNotMatch(@"\b(e|ex|exception|error)\.Message\b", File.ReadAllText(file));
            }
        }
    }

    [Fact]
    public void EveryCommandIsDocumentedAndItsSyntaxReads()
    {
        foreach (CommandSpec spec in CommandTable.Instance.All)
        {
            ArgumentSyntax.Parse(spec.Syntax);
            Assert.NotEmpty(spec.Summary);
            Assert.NotEmpty(spec.Complexity);
            Assert.NotEqual(0, spec.Arity);
            Assert.True(spec.Run is not null || spec.Subcommands.Length > 0, spec.FullName);
            Assert.False(spec.Is(CommandFlags.Write) && spec.Is(CommandFlags.ReadOnly), spec.FullName);
        }
    }

    [Fact]
    public void HistoryIsThatOfCommandsInTheTable()
    {
        foreach (string name in CommandHistory.Names.Concat(CommandHistory.SystemCommands))
        {
            Assert.NotNull(CommandTable.Instance.FindByFullName(name));
        }
        Assert.Equal(
            [new CommandChange("6.2.0", "Takes `NOMKSTREAM`, `MINID` and `LIMIT`."), new CommandChange("7.0.0", "Takes IDs of the form `<ms>-*`.")],
            CommandHistory.Of("xadd"));
        Assert.Empty(CommandHistory.Of("get"));
    }

    [Fact]
    public void ArgumentNotationCarriesAllThatDocsShow()
    {
        IReadOnlyList<CommandArgument> arguments = ArgumentSyntax.Parse(
            "[by(pattern):pattern@@BY#1^7.0.0...] choice=<old:string!2.8.12 | new={first:key [last:LAST]}...>@CHOICE");
        Assert.Equal(
            new CommandArgument("by", "pattern")
            {
                DisplayText = "pattern",
                Token = "BY",
                RepeatsToken = true,
                KeySpecIndex = 1,
                Since = "7.0.0",
                IsMultiple = true,
                IsOptional = true,
                Arguments = arguments[0].Arguments,
            },
            arguments[0]);
        Assert.Equal(("oneof", "CHOICE", false), (arguments[1].Type, arguments[1].Token, arguments[1].IsMultiple));
        Assert.Equal("2.8.12", arguments[1].Arguments[0].DeprecatedSince);
        Assert.True(arguments[1].Arguments[1].IsMultiple);
        Assert.Equal(["first", "last"], arguments[1].Arguments[1].Arguments.Select(argument => argument.Name));
        Assert.Throws<FormatException>(() => ArgumentSyntax.Parse("[key:key"));
    }

    [Fact]
    public void EveryCommandIsFoundInAnyCase()
    {
        foreach (CommandSpec spec in CommandTable.Instance.TopLevel)
        {
            foreach (string name in (string[])[spec.Name, spec.Name.ToUpperInvariant(), char.ToUpperInvariant(spec.Name[0]) + spec.Name[1..]])
            {
                Assert.Same(spec, CommandTable.Instance.Find(System.Text.Encoding.ASCII.GetBytes(name)));
            }
            Assert.NotSame(spec, CommandTable.Instance.Find(System.Text.Encoding.ASCII.GetBytes(spec.Name + "x")));
        }
    }
}
