using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands;

/// <content>Collections: finding, making and dropping them, and the arguments that their commands share.</content>
public sealed partial class CommandContext
{
    private const int LargestKeptBytes = 1 << 20;
    private readonly NativeBuffer _aside = new();

    /// <summary>The sizes at which collections change their encoding.</summary>
    public CollectionLimits Limits => Server.Config.Limits;

    /// <summary>The hash that a key holds, as the client sees it.</summary>
    public HashValue HashOf(in KeyHandle key) => new(key.Entry, ArenaOf(key), SeenBy);

    /// <summary>Whether a key is absent or of a type; otherwise the error has been replied.</summary>
    public bool IsTypeOrAbsent(in KeyHandle key, ValueType type)
    {
        if (key.Exists && key.Entry.Type != type)
        {
            Reply.Error(Errors.WrongType);
            return false;
        }
        return true;
    }

    /// <summary>Looks up a key of a type to read it. False means that there is none, or that the error has been replied.</summary>
    public bool TryRead(int index, ValueType type, out KeyHandle key, out bool isRefused)
    {
        key = Read(index);
        isRefused = !IsTypeOrAbsent(key, type);
        return !isRefused && key.Exists;
    }

    /// <summary>Looks up a key of a type to change it. False means that there is none, or that the error has been replied.</summary>
    public bool TryWrite(int index, ValueType type, out KeyHandle key, out bool isRefused)
    {
        key = Write(index);
        isRefused = !IsTypeOrAbsent(key, type);
        return !isRefused && key.Exists;
    }

    /// <summary>Passes the write barrier for a key that exists, or makes an empty collection of one that does not.</summary>
    public void BeginChange(ref KeyHandle key, ValueType type, ValueEncoding encoding)
    {
        if (key.Exists)
        {
            BeginChange(key);
        }
        else
        {
            key.Position = key.Keyspace.AddCollection(Worker, key.Name, key.Hash, type, encoding, ITableEntry.NoExpiry);
        }
    }

    /// <summary>Passes the write barrier for a key that exists and is about to change in place.</summary>
    public void BeginChange(in KeyHandle key) => key.Keyspace.BeginChange(key.Position);

    /// <summary>Removes whatever a key holds and makes an empty collection.</summary>
    public void Replace(ref KeyHandle key, ValueType type, ValueEncoding encoding)
    {
        if (key.Exists)
        {
            Delete(ref key);
        }
        BeginChange(ref key, type, encoding);
    }

    /// <summary>
    /// Gives a key the result of a command: a detached entry takes its place, or, if the result is empty, the key is removed.
    /// </summary>
    public void Store(ref KeyHandle key, Entry result, long count, KeyEvent kind, string eventName, bool countsElements = false)
    {
        if (count > 0)
        {
            key.Keyspace.Attach(Worker, key.Position, result, key.Hash);
            Changed(key, kind, eventName, countsElements ? count : 1);
            return;
        }
        key.Keyspace.Discard(result);
        if (key.Exists)
        {
            Delete(ref key);
            Changed(key, KeyEvent.Generic, "del");
        }
    }

    /// <summary>Copies bytes to where they stay until the command ends or the next call.</summary>
    public ReadOnlySpan<byte> SetAside(ReadOnlySpan<byte> bytes)
    {
        _aside.Clear();
        _aside.Trim(_aside.Capacity > LargestKeptBytes ? 0 : _aside.Capacity);
        _aside.Append(bytes);
        return _aside.Span;
    }

    /// <summary>Removes a collection that a change has left without elements.</summary>
    /// <returns>Whether it was removed.</returns>
    public bool DeleteIfEmpty(ref KeyHandle key, long count)
    {
        if (count > 0)
        {
            return false;
        }
        Delete(ref key);
        Changed(key, KeyEvent.Generic, "del", 0);
        return true;
    }

    /// <summary>Reads a floating-point argument, or replies the error. Infinities are numbers, not-a-number is not.</summary>
    public bool TryDouble(int index, out double value, string error = Errors.NotFloat)
    {
        if (DoubleText.TryParse(Argument(index), out value))
        {
            return true;
        }
        Reply.Error(error);
        return false;
    }

    /// <summary>Reads an integer that must not be negative, or replies the error.</summary>
    public bool TryPositive(int index, out long value, string error = Errors.NotPositive)
    {
        if (!TryInteger(index, out value, error))
        {
            return false;
        }
        if (value < 0)
        {
            Reply.Error(error);
        }
        return value >= 0;
    }

    /// <summary>Reads how many keys follow, which must be more than 0 and no more than the words left; or replies the error.</summary>
    public bool TryKeyCount(int index, out int count, string error, string tooMany = Errors.Syntax)
    {
        count = 0;
        if (!TryInteger(index, out long number, error))
        {
            return false;
        }
        if (number <= 0)
        {
            Reply.Error(error);
            return false;
        }
        if (number > ArgumentCount - index - 1)
        {
            Reply.Error(tooMany);
            return false;
        }
        count = (int)number;
        return true;
    }

    /// <summary>
    /// Turns the ends of a range, counted from the end if negative, into a first index and a length; the length is 0 if
    /// nothing lies in the range.
    /// </summary>
    public static (long First, long Length) Range(long start, long stop, long count)
    {
        start = start < 0 ? Math.Max(0, start + count) : start;
        stop = stop < 0 ? stop + count : Math.Min(stop, count - 1);
        return start > stop || start >= count ? (0, 0) : (start, stop - start + 1);
    }

    /// <summary>The memory of a key's shard.</summary>
    internal static Arena ArenaOf(in KeyHandle key) => key.Keyspace.Shard.Arena;
}
