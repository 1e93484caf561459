using System.Runtime.InteropServices;
using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Server;

/// <summary>
/// The wish that the server stop, from a client or by SIGTERM or SIGINT. To be made before the first connection is accepted: a client's
/// first command may be SHUTDOWN.
/// </summary>
internal sealed class StopRequest : IDisposable
{
    private readonly ManualResetEventSlim _isMade = new();
    private readonly PosixSignalRegistration _terminate, _interrupt;
    private string _reason = "User requested shutdown...";

    internal StopRequest(ServerInstance server)
    {
        server.ShutdownRequested = _isMade.Set;
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
    }

    /// <summary>Waits for the wish; returns where it came from, for the log.</summary>
    internal string Wait()
    {
        _isMade.Wait();
        return _reason;
    }

    private void OnSignal(PosixSignalContext context)
    {
        // Who interrupts again does not want to wait for the end of a save.
        context.Cancel = !(_isMade.IsSet && context.Signal == PosixSignal.SIGINT);
        _reason = $"Received {context.Signal.ToString().ToUpperInvariant()} scheduling shutdown...";
        _isMade.Set();
    }

    /// <summary>Signals end the process at once from now on.</summary>
    public void Dispose()
    {
        _terminate.Dispose();
        _interrupt.Dispose();
        _isMade.Dispose();
    }
}
