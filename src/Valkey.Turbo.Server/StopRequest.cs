using System.Runtime.InteropServices;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;
using Valkey.Turbo.Persistence.Files;

namespace Valkey.Turbo.Server;

/// <summary>
/// SIGTERM and SIGINT, and the wait for the server's end. To be made before anything is loaded: process 1 of a container does not get
/// signals that nobody has asked for, and the others would be ended by them.
/// </summary>
internal sealed class StopRequest : IDisposable
{
    private readonly ServerInstance _server;
    private readonly ServerLog _log;
    private readonly ManualResetEventSlim _hasEnded = new();
    private readonly Lock _gate = new();
    private readonly PosixSignalRegistration _terminate, _interrupt;
    private bool _isServing;

    internal StopRequest(ServerInstance server, ServerLog log)
    {
        (_server, _log) = (server, log);
        server.Shutdown.Ended = _hasEnded.Set;
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
    }

    /// <summary>The data is loaded, and the server's threads will see to signals. Until then these end the process, as there is nothing to save.</summary>
    internal void BeginServing()
    {
        lock (_gate)
        {
            _isServing = true;
        }
    }

    /// <summary>Waits until a client's command or a signal has ended the server.</summary>
    internal void Wait() => _hasEnded.Wait();

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (_gate)
        {
            if (!_isServing)
            {
                _log.Warning("Received shutdown signal during loading, scheduling shutdown.");
                _log.Notice("User requested shutdown...");
                _log.Warning("Valkey.Turbo is now ready to exit, bye bye...");
                ProcessExit.Now(0);
            }
            if (context.Signal == PosixSignal.SIGINT && _server.Shutdown.IsRequested)
            {
                // Who interrupts again does not want to wait for the end of a save.
                _log.Warning("You insist... exiting now.");
                _ = DurableFile.TryRemove(_server.Files, DatasetFile.UnfinishedBeside(_server.RdbPath));
                ProcessExit.Now(1);
            }
            _server.Shutdown.Request(context.Signal == PosixSignal.SIGINT ? ShutdownSignal.Interrupt : ShutdownSignal.Terminate);
        }
    }

    /// <summary>Signals end the process at once from now on.</summary>
    public void Dispose()
    {
        _terminate.Dispose();
        _interrupt.Dispose();
        _hasEnded.Dispose();
    }
}
