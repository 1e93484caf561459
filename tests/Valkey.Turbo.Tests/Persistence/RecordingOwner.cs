using System.Collections.Concurrent;
using Valkey.Turbo.Persistence.Aof;

namespace Valkey.Turbo.Tests.Persistence;

/// <summary>Remembers what an append-only file has said.</summary>
internal sealed class RecordingOwner(FsyncPolicy policy) : IAppendOnlyOwner
{
    internal ConcurrentQueue<string> Log { get; } = new();

    internal bool HasGivenUp { get; private set; }

    internal int SyncCount { get; private set; }

    public FsyncPolicy Policy { get; set; } = policy;

    public long NotedSecond => 0;

    public int WriteDelayMs => 0;

    public void Tell(string text) => Log.Enqueue(text);

    public void Warn(string text) => Log.Enqueue(text);

    public void OnSynced() => SyncCount++;

    public void GiveUp() => HasGivenUp = true;
}
