using System.Collections.Concurrent;
using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Network;

/// <content>What threads ask of a reactor, and how it is woken for it.</content>
internal sealed partial class Reactor
{
    private readonly record struct Message(MessageKind Kind, Connection? Connection, int Descriptor, int Listener);

    private enum MessageKind
    {
        Adopt,
        Resume,
        Close,
        CloseAfterReplies,
        CloseListener,
    }

    private readonly ConcurrentQueue<Message> _messages = new();
    private readonly WakeFlag _wakeFlag = new();
    private int _threadId;
    // Messages and parked connections will be looked at later in this turn; for the reactor's own thread.
    private bool _isHandlingEvents;

    public void Wake()
    {
        bool isAwake = Environment.CurrentManagedThreadId == _threadId && _isHandlingEvents;
        if (!isAwake && _wakeFlag.TryRaise())
        {
            _engine.Wake();
        }
    }

    /// <summary>Gives this reactor a new connection. Any thread.</summary>
    internal void PostAdopt(int listener, int descriptor)
    {
        Interlocked.Increment(ref _connectionCount);
        _messages.Enqueue(new Message(MessageKind.Adopt, null, descriptor, listener));
        Wake();
    }

    /// <summary>Ends a connection of this reactor. Any thread.</summary>
    internal void PostClose(Connection connection, bool afterReplies)
    {
        _messages.Enqueue(new Message(afterReplies ? MessageKind.CloseAfterReplies : MessageKind.Close, connection, -1, -1));
        Wake();
    }

    /// <summary>Closes a listener that is no longer wanted. Any thread.</summary>
    internal void PostCloseListener(int listener)
    {
        _messages.Enqueue(new Message(MessageKind.CloseListener, null, -1, listener));
        Wake();
    }

    /// <summary>Runs a blocked connection's command again; on this very thread, before anything else is run. Any thread.</summary>
    internal void PostResume(Connection connection)
    {
        if (Environment.CurrentManagedThreadId == _threadId)
        {
            _resumed.Enqueue(connection);
            return;
        }
        _messages.Enqueue(new Message(MessageKind.Resume, connection, -1, -1));
        Wake();
    }

    public void OnWoken() => _wakeFlag.Lower();

    private void TakeMessages()
    {
        while (_messages.TryDequeue(out Message message))
        {
            switch (message.Kind)
            {
                case MessageKind.Adopt:
                    Adopt(message.Listener, message.Descriptor);
                    break;
                case MessageKind.Resume:
                    Resume(message.Connection!);
                    break;
                case MessageKind.Close:
                    OnDisconnected(message.Connection!);
                    break;
                case MessageKind.CloseAfterReplies:
                    message.Connection!.Session.ClosesAfterReply = true;
                    MarkDirty(message.Connection);
                    break;
                case MessageKind.CloseListener:
                    _pausedListeners.Remove(message.Listener);
                    _engine.CloseSocket(message.Listener);
                    break;
            }
        }
    }
}
