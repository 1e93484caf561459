using Valkey.Turbo.Lua;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Scripting;

/// <summary>What <see cref="ThreadScripts.Execute"/> has come to.</summary>
public enum ScriptEnd
{
    /// <summary>The reply has been written.</summary>
    Replied,

    /// <summary>Nothing was done or replied, as the run is to be repeated under all shards.</summary>
    IsToBeRepeated,

    /// <summary>It has run for long, and goes on when <see cref="SuspendedRun.Advance"/> says so.</summary>
    Suspended,
}

/// <summary>A run that was left before its end, with its interpreter.</summary>
public sealed class SuspendedRun
{
    private readonly ScriptInterpreter _interpreter;
    private RunEnd _end = RunEnd.Suspended;

    internal SuspendedRun(ScriptRun run, ScriptInterpreter interpreter) => (Run, _interpreter) = (run, interpreter);

    /// <summary>The run.</summary>
    public ScriptRun Run { get; }

    /// <summary>Goes on until a time.</summary>
    /// <returns>Whether it is over.</returns>
    public bool Advance(long endNs)
    {
        _end = _interpreter.Continue(Run, endNs);
        return _end != RunEnd.Suspended;
    }

    /// <summary>Replies what came of it; false if it is to be repeated.</summary>
    public bool Reply(ReplyWriter reply)
    {
        try
        {
            return ThreadScripts.Reply(_interpreter, Run, _end, new ReplyConversion(), reply);
        }
        catch (LuaException error)
        {
            reply.Error($"ERR {error.Value}");
            return true;
        }
        finally
        {
            _interpreter.Dispose();
        }
    }
}
