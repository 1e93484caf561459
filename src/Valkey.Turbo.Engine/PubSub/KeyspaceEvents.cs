using System.Runtime.CompilerServices;
using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Engine.PubSub;

/// <summary>
/// Keyspace notifications: what happens to a key is published on <c>__keyspace@db__:key</c>, and which key an event happened
/// to on <c>__keyevent@db__:event</c>, as <c>notify-keyspace-events</c> asks for.
/// </summary>
public sealed class KeyspaceEvents(ChannelTable channels)
{
    private const int LargestStackBytes = 512;
    private volatile KeyEvent _wanted;

    /// <summary>What is announced, and where; set by CONFIG SET, read by all threads.</summary>
    public KeyEvent Wanted
    {
        get => _wanted;
        set => _wanted = value;
    }

    /// <summary>Announces an event if it is wanted and anyone listens.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Announce(Worker worker, KeyEvent kind, string name, int database, ReadOnlySpan<byte> key)
    {
        if ((_wanted & kind) != 0)
        {
            AnnounceWanted(worker, name, database, key);
        }
    }

    private void AnnounceWanted(Worker worker, string name, int database, ReadOnlySpan<byte> key)
    {
        KeyEvent wanted = _wanted;
        if (!channels.HasSubscribers)
        {
            return;
        }
        Span<byte> word = stackalloc byte[64];
        word = word[..Encoding.ASCII.GetBytes(name, word)];
        if (wanted.HasFlag(KeyEvent.OnKeyChannel))
        {
            Publish(worker, "__keyspace@"u8, database, key, word);
        }
        if (wanted.HasFlag(KeyEvent.OnEventChannel))
        {
            Publish(worker, "__keyevent@"u8, database, word, key);
        }
    }

    private void Publish(Worker worker, ReadOnlySpan<byte> prefix, int database, ReadOnlySpan<byte> suffix, ReadOnlySpan<byte> payload)
    {
        int room = prefix.Length + Decimal64.MaxDigits + 3 + suffix.Length;
        using Scratch<byte> scratch = new();
        Span<byte> channel = room <= LargestStackBytes ? stackalloc byte[room] : scratch.Items.Extend(room);
        prefix.CopyTo(channel);
        int length = prefix.Length;
        length += Decimal64.Format(database, channel[length..]);
        "__:"u8.CopyTo(channel[length..]);
        length += 3;
        suffix.CopyTo(channel[length..]);
        channels.Publish(worker, ChannelKind.Channel, channel[..(length + suffix.Length)], payload);
    }
}
