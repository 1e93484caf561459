using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Tests.Simulation;

/// <summary>A client of a <see cref="SimulatedServer"/>: one request at a time, whose reply is given to a handler.</summary>
internal sealed class SimulatedClient : ISessionTransport
{
    private readonly SimulatedThread _thread;
    private readonly Queue<Action<string>> _handlers = new();

    internal SimulatedClient(SimulatedThread thread, long id)
    {
        _thread = thread;
        Output = new OutputQueue(thread.Blocks);
        Session = new Session(id, this, thread.Index) { IsAuthenticated = true };
    }

    internal Session Session { get; }

    internal OutputQueue Output { get; }

    /// <summary>Input that has not been run, at an address that stays.</summary>
    internal byte[] Input { get; set; } = [];

    /// <summary>A command waits: for shards, if it is not blocked.</summary>
    internal bool IsParked { get; set; }

    /// <summary>The blocked command is to be run again.</summary>
    internal bool IsResumed { get; set; }

    internal bool IsIdle => _handlers.Count == 0;

    internal bool IsBlocked => IsParked && Session.Blocked is { IsWaiting: true };

    /// <summary>Told about messages out of band.</summary>
    internal Action<string> OnPush { get; set; } = _ => { };

    public long OutputBytes => Output.QueuedBytes;

    public long OutputCapacity => Output.BlockBytes;

    public int OutputBlocks => Output.BlockCount;

    public int InputBytes => Input.Length;

    public int InputCapacity => Input.Length;

    /// <summary>Queues requests; the handler gets the last one's reply.</summary>
    internal void Ask(Action<string> handler, params string[][] requests)
    {
        byte[] bytes = [.. Input, .. requests.SelectMany(RespText.Encode)];
        Input = Pinned(bytes);
        for (int i = 1; i < requests.Length; i++)
        {
            _handlers.Enqueue(_ => { });
        }
        _handlers.Enqueue(handler);
    }

    /// <summary>Hands out what the server has written.</summary>
    internal void ReadReplies()
    {
        using MemoryStream stream = new();
        for (; Output.Head is { } head; Output.DropHead())
        {
            stream.Write(head.Unsent);
        }
        stream.Position = 0;
        while (stream.Position < stream.Length)
        {
            string reply = RespText.Read(stream, out bool isPush);
            (isPush ? OnPush : _handlers.Dequeue())(reply);
        }
    }

    internal static byte[] Pinned(ReadOnlySpan<byte> bytes)
    {
        byte[] pinned = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(pinned);
        return pinned;
    }

    public void Send(SharedBytes message) => _thread.Deliver(this, message.Span);

    public void Send(ReadOnlySpan<byte> message) => _thread.Deliver(this, message);

    public void Resume()
    {
        if (_thread.IsRunning)
        {
            _thread.Tell(this);
            return;
        }
        IsResumed = true;
        _thread.Wake();
    }

    public void Close(bool afterReplies) => Invariant.Require(false);
}
