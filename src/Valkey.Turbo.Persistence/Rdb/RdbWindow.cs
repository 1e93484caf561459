using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>The part of a file that is being read, off the managed heap: no larger than the file's largest string asks for.</summary>
/// <param name="source">The file, which can seek; stays the caller's.</param>
internal sealed class RdbWindow(Stream source) : IDisposable
{
    private const int ChunkBytes = 1 << 16;
    private const long LargestBytes = int.MaxValue - 2 * ChunkBytes;

    private readonly NativeBuffer _held = new();
    private readonly byte[] _chunk = new byte[ChunkBytes];
    private readonly long _fileBytes = source.Length;
    private long _taken = source.Position;

    /// <summary>Bytes of the file behind the window.</summary>
    internal long BytesBeyond { get; private set; } = source.Length - source.Position;

    /// <summary>The checksum of what has been read and dropped.</summary>
    internal ulong Checksum { get; private set; }

    /// <summary>Where in the file the window begins.</summary>
    internal long Offset => _taken - _held.Length;

    /// <summary>
    /// Drops what has been read, and makes the window hold so many bytes. False, where the file has fewer or they are more than a value can
    /// have; nothing is allocated for them then.
    /// </summary>
    /// <param name="unreadBytes">How many bytes at the window's end have not been read.</param>
    /// <param name="neededBytes">How many there are to be from there on.</param>
    /// <param name="unread">The window.</param>
    internal bool TryHold(int unreadBytes, long neededBytes, out ReadOnlySpan<byte> unread)
    {
        Drop(unreadBytes);
        bool isThere = neededBytes - unreadBytes <= BytesBeyond && neededBytes <= LargestBytes;
        while (isThere && _held.Length < neededBytes)
        {
            int count = source.Read(_chunk);
            isThere = count > 0;
            _held.Append(_chunk.AsSpan(0, count), neededBytes);
            _taken += count;
            // The file may have changed meanwhile.
            BytesBeyond = Math.Max(0, _fileBytes - _taken);
        }
        unread = _held.Span;
        return isThere;
    }

    /// <summary>Drops what has been read, so that <see cref="Checksum"/> is that of all of it.</summary>
    internal void Drop(int unreadBytes)
    {
        int read = (int)_held.Length - unreadBytes;
        Checksum = Crc64.Append(Checksum, _held.Span[..read]);
        _held.Consume(read);
    }

    /// <summary>Leaves the file standing behind what has been read.</summary>
    internal void Leave(int unreadBytes) => source.Position = _taken - unreadBytes;

    public void Dispose() => _held.Dispose();
}
