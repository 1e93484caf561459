using System.Text;
using Valkey.Turbo.Commands;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Native;
using Valkey.Turbo.Persistence;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>A one-thread server without a network: commands go straight to the dispatcher.</summary>
internal sealed class DispatchFixture : IDisposable
{
    private readonly OutputBlockPool _pool = new(new ByteCounter());
    private readonly OutputQueue _queue;
    private readonly ReplyWriter _reply = new();
    private readonly RequestBatch _batch = new();
    private readonly Dispatcher _dispatcher;

    internal DispatchFixture(IJournalSink? journal = null, Clock? clock = null, ulong? seed = null, FileCalls? files = null)
    {
        Server = new ServerInstance(new ServerConfig(), 1, clock: clock, seed: seed, files: files) { Journal = journal };
        _queue = new OutputQueue(_pool);
        _dispatcher = new Dispatcher(Server.Workers[0], _reply);
        Session = new Session(1, new NoTransport(), 0) { IsAuthenticated = true };
    }

    internal ServerInstance Server { get; }

    internal Session Session { get; }

    internal string Run(params string[] words)
    {
        StringBuilder text = new($"*{words.Length}\r\n");
        foreach (string word in words)
        {
            text.Append($"${word.Length}\r\n{word}\r\n");
        }
        RunRaw(Encoding.Latin1.GetBytes(text.ToString()));
        StringBuilder reply = new();
        while (_queue.Head is { } head)
        {
            reply.Append(Encoding.Latin1.GetString(head.Unsent));
            head.SentBytes = head.Length;
            _queue.DropHead();
        }
        return reply.ToString();
    }

    /// <summary>Runs RESP input that is framed anew each time; the replies stay queued.</summary>
    internal unsafe void RunRaw(Span<byte> input)
    {
        PartialRequest partial = PartialRequest.None;
        _reply.Target(_queue);
        // A batch keeps addresses, so that its input must not move.
        fixed (byte* pinned = input)
        {
            while (!input.IsEmpty)
            {
                _batch.Clear();
                int framed = RequestFramer.Frame(input, new FramingLimits(512 << 20, false), ref partial, _batch, out _);
                _dispatcher.Run(Session, _batch);
                input = input[framed..];
            }
        }
        _reply.Flush();
    }

    /// <summary>Throws the queued replies away.</summary>
    internal void DropReplies() => _queue.Clear();

    public void Dispose()
    {
        _queue.Clear();
        _pool.Dispose();
        _batch.Dispose();
        Server.Dispose();
    }
}
