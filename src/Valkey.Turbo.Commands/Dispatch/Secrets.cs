using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Commands;

/// <summary>Which words of a request no log may show: passwords and what is set in sensitive directives.</summary>
internal static class Secrets
{
    /// <summary>What is shown instead of a secret.</summary>
    internal const string Mark = "(redacted)";

    /// <summary>Whether a word of the running request is to be shown as redacted.</summary>
    internal static bool IsSecret(CommandContext context, int index)
    {
        if (index == 0)
        {
            return false;
        }
        switch (context.Command.FullName)
        {
            case "auth":
                return true;
            case "hello":
                return (index > 2 && context.Is(index - 1, "AUTH")) || (index > 3 && context.Is(index - 2, "AUTH"));
            case "config|set":
                return index > 2 && index % 2 == 1
                    && context.Server.Config.Find(context.Text(index - 1)) is Directive directive
                    && directive.Flags.HasFlag(DirectiveFlags.Sensitive);
            default:
                return false;
        }
    }
}
