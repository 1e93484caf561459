using System.Text;
using Valkey.Turbo.Commands;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;
using Valkey.Turbo.Protocol;

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

    /// <summary>Reads the arguments, and the configuration that they name.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="readInput">Reads standard input to its end; called where the arguments say that the configuration is there.</param>
    /// <exception cref="ConfigException">A file or an option is wrong.</exception>
    internal static CommandLine Parse(string[] arguments, Func<byte[]> readInput)
    {
        switch (arguments.Length > 0 ? arguments[0] : "")
        {
            case "-v" or "--version":
                return new CommandLine { Wanted = Request.Version };
            case "-h" or "--help":
                return new CommandLine { Wanted = Request.Help };
            case "--check-system":
                return new CommandLine { Wanted = Request.CheckSystem };
        }
        if (arguments.Contains("--sentinel"))
        {
            throw new ConfigException("Sentinel mode is not supported");
        }
        CommandLine line = new();
        // Paths further on in the configuration are relative to it.
        line.Config.Directory.Changed = () => Environment.CurrentDirectory = line.Config.Directory.Text;
        string? path = arguments.Length > 0 && !arguments[0].StartsWith('-') ? arguments[0] : null;
        string options = ToLines(arguments.AsSpan(path is null ? 0 : 1), path is null, out bool readsInput);
        line.Config.Load(path, readsInput ? Encoding.Latin1.GetString(readInput()) : null, options);
        // Says what is wrong with names of commands.
        _ = CommandTable.For(line.Config);
        string log = line.Config.LogFile.Text;
        int error = log.Length == 0 ? 0 : AppendedFile.Append(log, []);
        return error == 0
            ? line
            : throw new ConfigException($"\n*** FATAL CONFIG FILE ERROR (Version {VersionInfo.Valkey}) ***\nCan't open the log file: {Errno.Describe(error)}");
    }

    /// <summary>
    /// Turns <c>--port 7000 --save ''</c> into lines of a configuration file, with a character for each byte. What follows the name of a
    /// directive is a value whatever it looks like; only <c>--save</c> may have none.
    /// </summary>
    private static string ToLines(ReadOnlySpan<string> arguments, bool isFirstOption, out bool readsInput)
    {
        StringBuilder lines = new();
        readsInput = false;
        bool mayBeName = true;
        for (int i = 0; i < arguments.Length; i++)
        {
            string argument = arguments[i];
            bool isLast = i == arguments.Length - 1;
            if (argument == "-" && (isLast || (i == 0 && isFirstOption)))
            {
                readsInput = true;
            }
            else if (mayBeName && argument.StartsWith("--", StringComparison.Ordinal))
            {
                byte[] text = Encoding.UTF8.GetBytes(argument);
                lines.Append(lines.Length > 0 ? "\n" : "").Append(Encoding.Latin1.GetString(text.AsSpan(2))).Append(' ');
                // Where the value is in the same argument, as in "--port 7000", another name may follow.
                mayBeName = InlineLine.Split(text) is not { Count: 1 };
                bool isSave = argument.Equals("--save", StringComparison.OrdinalIgnoreCase);
                if (isSave && (isLast || arguments[i + 1].StartsWith("--", StringComparison.Ordinal)))
                {
                    lines.Append("\"\"");
                    mayBeName = true;
                }
            }
            else
            {
                InlineLine.Quote(lines, Encoding.UTF8.GetBytes(argument));
                lines.Append(' ');
                mayBeName = true;
            }
        }
        return lines.ToString();
    }
}
