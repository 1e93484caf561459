using Valkey.Turbo.Engine;
using Valkey.Turbo.Scripting;

namespace Valkey.Turbo.Commands;

/// <summary>
/// A script that has run for long. Its thread goes on with it between the turns of its loop, in which it serves whoever does not need the
/// script's shards; these stay held, and the group of the script's effects stays open.
/// </summary>
internal sealed class SuspendedScript(Dispatcher dispatcher, Session client, SuspendedRun run, ScriptCalls calls, int database, BusyScript busy) : IGradualWork
{
    private BorrowedShards? _shards;
    private int _database = database;

    /// <summary>What came of the run, once it is over.</summary>
    internal SuspendedRun Result { get; } = run;

    /// <summary>Lets go of what the thread needs for others.</summary>
    internal void Leave(Worker worker) => _shards = worker.ExchangeShards(null);

    /// <inheritdoc/>
    public bool Advance(Worker worker, long endNs)
    {
        BorrowedShards others = worker.ExchangeShards(_shards);
        ScriptCalls? otherCalls = dispatcher.ExchangeCalls(calls);
        (int clientDatabase, Session? caller) = (client.Database, worker.Session);
        (client.Database, worker.Session) = (_database, client);
        bool isOver = Result.Advance(endNs);
        _database = client.Database;
        if (isOver)
        {
            End(worker);
        }
        (client.Database, worker.Session) = (clientDatabase, caller);
        dispatcher.ExchangeCalls(otherCalls);
        worker.ExchangeShards(others);
        return isOver;
    }

    /// <summary>The client is gone. The script is run to its end nevertheless, as what it has done can't be undone.</summary>
    public void Cancel()
    {
    }

    private void End(Worker worker)
    {
        if (!calls.HasAll)
        {
            Result.Run.Runnable.NoteRun(Result.Run);
        }
        calls.End();
        worker.EndGroup();
        dispatcher.Scripts.Remove(busy);
        worker.Shards.IsPinned = false;
        worker.GiveWay();
    }
}
