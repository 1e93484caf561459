using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Scripting;

/// <summary>How a call of a script has ended.</summary>
public enum CallEnd
{
    /// <summary>The command has run; its reply, which may be an error, is there.</summary>
    Replied,

    /// <summary>The command was not run; the reply is the error's text, its code first.</summary>
    Refused,

    /// <summary>The script must not go on, see <see cref="ScriptRun.Stop"/>.</summary>
    Stopped,
}

/// <summary>What runs the commands of scripts, in the same way as those of clients.</summary>
public interface ICommandCaller
{
    /// <summary>Runs a command.</summary>
    /// <param name="run">The script.</param>
    /// <param name="request">The command and its arguments.</param>
    /// <param name="reply">What came of it, valid until the next call.</param>
    CallEnd Call(ScriptRun run, OwnRequest request, out ReadOnlySpan<byte> reply);

    /// <summary>Whether there is such a command.</summary>
    bool Knows(OwnRequest request);
}
