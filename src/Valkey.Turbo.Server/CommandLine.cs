using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Server;

/// <summary>What the command line asks for: the forms of valkey-server.</summary>
internal sealed class CommandLine
{
    internal enum Request
    {
        Run,
        Version,
        Help,
        CheckSystem,
    }

    internal Request Wanted { get; private init; } = Request.Run;

    /// <summary>The settings, where the server is to run.</summary>
    internal ServerConfig Config { get; } = new();

    internal const string Usage = """
        Usage: valkey-turbo [/path/to/valkey.conf] [options] [-]
               valkey-turbo - (read config from stdin)
               valkey-turbo -v or --version
               valkey-turbo -h or --help
               valkey-turbo --check-system

        Options are directives of valkey.conf with two dashes in front; threads and io-engine are this server's own.

        Examples:
               valkey-turbo (run the server with default conf)
               valkey-turbo /etc/valkey/6379.conf
               valkey-turbo --port 7777 --threads 4
               valkey-turbo /etc/myvalkey.conf --loglevel verbose -
        """;

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ConfigException">A file or an option is wrong.</exception>
    internal static CommandLine Parse(string[] arguments)
    {
        switch (arguments.Length == 1 ? arguments[0] : "")
        {
            case "-v" or "--version":
                return new CommandLine { Wanted = Request.Version };
            case "-h" or "--help":
                return new CommandLine { Wanted = Request.Help };
            case "--check-system":
                return new CommandLine { Wanted = Request.CheckSystem };
        }
        CommandLine line = new();
        int first = 0;
        if (arguments.Length > 0 && !arguments[0].StartsWith('-'))
        {
            line.Config.LoadFile(arguments[0]);
            first = 1;
        }
        List<string> options = ToLines(arguments.AsSpan(first), out bool readsInput);
        if (readsInput)
        {
            line.Config.LoadLines(Console.In.ReadToEnd().Split('\n'), "standard input");
        }
        line.Config.LoadLines(options, "command line");
        return line;
    }

    /// <summary>Turns <c>--port 7000 --save ''</c> into lines of a configuration file.</summary>
    private static List<string> ToLines(ReadOnlySpan<string> arguments, out bool readsInput)
    {
        List<string> lines = [];
        readsInput = false;
        foreach (string argument in arguments)
        {
            if (argument == "-")
            {
                readsInput = true;
            }
            else if (argument.StartsWith("--", StringComparison.Ordinal))
            {
                int equals = argument.IndexOf('=');
                lines.Add(equals > 0 ? $"{argument[2..equals]} {Quote(argument[(equals + 1)..])}" : argument[2..]);
            }
            else if (lines.Count > 0)
            {
                lines[^1] += " " + (argument.Contains(' ') && !argument.Contains('"') ? argument : Quote(argument));
            }
            else
            {
                throw new ConfigException($"unexpected argument '{argument}'");
            }
        }
        return lines;
    }

    private static string Quote(string value) =>
        value.Length > 0 && value.All(c => c is > ' ' and not ('"' or '\'' or '\\' or '#'))
            ? value
            : '"' + value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + '"';
}
