using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Commands;

/// <summary>What commands of scripts need beside what clients' commands have: a context, and somewhere for the reply to go. Made by a dispatcher that runs its first script.</summary>
internal sealed class ScriptCalls : IDisposable
{
    private readonly OutputBlockPool _blocks = new(new ByteCounter());
    private readonly OutputQueue _replies;
    private byte[] _copy = [];

    internal ScriptCalls(Worker worker, CommandTable table, Action<string> countError)
    {
        _replies = new OutputQueue(_blocks);
        Reply = new ReplyWriter { OnError = countError };
        Context = new CommandContext(worker, Reply, table);
        Declared = new bool[worker.Server.Shards.Length];
    }

    /// <summary>The running command's.</summary>
    internal CommandContext Context { get; }

    /// <summary>Where its reply goes.</summary>
    internal ReplyWriter Reply { get; }

    /// <summary>The shards of the keys that the script has declared.</summary>
    internal bool[] Declared { get; }

    /// <summary>Whether the thread has all shards, held or not to be held, so that no key needs a look.</summary>
    internal bool HasAll { get; set; }

    /// <summary>Begins a reply.</summary>
    internal void BeginReply(bool isResp3)
    {
        _replies.Clear();
        Reply.IsResp3 = isResp3;
        Reply.ErrorCount = 0;
        Reply.Target(_replies);
    }

    /// <summary>Ends it; what it says is valid until the next begins.</summary>
    internal ReadOnlySpan<byte> EndReply()
    {
        Reply.Detach();
        OutputBlock? block = _replies.Head;
        if (block is null)
        {
            return [];
        }
        if (block.Next is null)
        {
            return block.Unsent;
        }
        int length = checked((int)_replies.QueuedBytes);
        if (_copy.Length < length)
        {
            _copy = GC.AllocateUninitializedArray<byte>(length);
        }
        Span<byte> rest = _copy;
        for (; block is not null; block = block.Next)
        {
            block.Unsent.CopyTo(rest);
            rest = rest[block.Unsent.Length..];
        }
        return _copy.AsSpan(0, length);
    }

    /// <summary>Gives back what a large reply took.</summary>
    internal void End()
    {
        _replies.Clear();
        const int largestKept = 1 << 16;
        if (_copy.Length > largestKept)
        {
            _copy = [];
        }
    }

    public void Dispose()
    {
        _replies.Clear();
        _blocks.Dispose();
    }
}
