using Valkey.Turbo.Commands;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Network;

/// <summary>
/// What it takes to run one connection's requests. A reactor has two: blocked commands that a command has told of their keys run in the
/// second, while the rest of that command's batch stays as it is in the first.
/// </summary>
internal sealed class Lane(Worker worker, ReplyWriter reply) : IDisposable
{
    internal RequestBatch Batch { get; } = new(worker.RequestMemory);

    internal Dispatcher Dispatcher { get; } = new(worker, reply);

    public void Dispose()
    {
        Batch.Dispose();
        Dispatcher.Dispose();
    }
}
