using System.Security.Cryptography;
using System.Text;

namespace Valkey.Turbo.Engine;

/// <summary>
/// The one line about users that can be obeyed: it says of the default user what is so anyway. Valkey writes it at each CONFIG
/// REWRITE: <c>user default on nopass sanitize-payload ~* &amp;* alldbs +@all</c>, with the hash of <c>requirepass</c> instead of <c>nopass</c> where
/// that is set.
/// </summary>
internal sealed class DefaultUser(ServerConfig config)
{
    /// <summary>What is said of all other lines.</summary>
    internal const string Unsupported =
        "Users and their rules are not supported yet, and without them the server would be open to whoever may connect. The only line that is "
        + "accepted is 'user default on nopass ~* &* alldbs +@all', or with '#' and the hash of requirepass instead of nopass";

    private static readonly string[][] Needed = [["on"], ["~*", "allkeys"], ["&*", "allchannels"], ["+@all", "allcommands"]];
    private static readonly string[] Implied = ["sanitize-payload", "skip-sanitize-payload", "alldbs"];
    private ConfigLine? _line;
    private string? _hash;

    /// <summary>Takes a line; text says why it can't be.</summary>
    internal string? TryState(string[] words, ConfigLine line)
    {
        if (words[0] != "default")
        {
            return Unsupported;
        }
        if (_line is not null)
        {
            return "Error in user declaration 'default': Duplicate user found. A user can only be defined once in config files";
        }
        string[] rules = [.. words.Skip(1).Select(word => word.ToLowerInvariant())];
        string[] passwords = [.. rules.Where(rule => rule == "nopass" || rule.StartsWith('#'))];
        IEnumerable<string> others = rules.Except(passwords).Except(Implied);
        if (passwords.Length != 1 || !Needed.All(ways => rules.Any(ways.Contains)) || others.Except(Needed.SelectMany(ways => ways)).Any())
        {
            return Unsupported;
        }
        _line = line;
        _hash = passwords[0] == "nopass" ? null : passwords[0][1..];
        return null;
    }

    /// <summary>Checks that the line's password is <c>requirepass</c>.</summary>
    /// <exception cref="ConfigException">It is not.</exception>
    internal void Check()
    {
        string password = config.RequirePass.Text;
        if (_line is not null && _hash != (password.Length == 0 ? null : HashOf(password)))
        {
            throw _line.Error("The default user's password is not that of requirepass. Users are not supported yet: state the password by requirepass");
        }
    }

    /// <summary>The line as it is true now.</summary>
    internal static string LineOf(ServerConfig config) => config.RequirePass.Text.Length == 0
        ? "user default on nopass sanitize-payload ~* &* alldbs +@all"
        : $"user default on sanitize-payload #{HashOf(config.RequirePass.Text)} ~* &* alldbs +@all";

    private static string HashOf(string password) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(password)));
}
