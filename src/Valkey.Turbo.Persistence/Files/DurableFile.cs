using Valkey.Turbo.Native;

namespace Valkey.Turbo.Persistence.Files;

/// <summary>What a file is opened for.</summary>
public enum FileUse
{
    /// <summary>To read one that is there.</summary>
    Read,

    /// <summary>To read one that is there, and to cut its end off.</summary>
    Repair,

    /// <summary>To add to its end; it is made if it is not there.</summary>
    Append,

    /// <summary>To add to its end, after what it held has been dropped.</summary>
    AppendAnew,

    /// <summary>To write it anew, unless another process is doing so.</summary>
    Write,
}

/// <summary>
/// A file that holds what must not be lost. All of it goes through here: calls that are interrupted are repeated, what was written in
/// part is gone on with, and every error is reported with the kernel's number, those of fsync included. As a stream it throws
/// <see cref="FileException"/>. It keeps no bytes back.
/// </summary>
public sealed class DurableFile : Stream
{
    private readonly FileCalls _calls;
    private readonly FileUse _use;
    private int _descriptor;

    private DurableFile(FileCalls calls, int descriptor, FileUse use) => (_calls, _descriptor, _use) = (calls, descriptor, use);

    /// <summary>Opens a file.</summary>
    /// <param name="calls">The kernel.</param>
    /// <param name="path">The file.</param>
    /// <param name="use">What for.</param>
    /// <param name="permissions">Of a new one, less the process's mask.</param>
    /// <exception cref="FileException">It can't be opened.</exception>
    public static DurableFile Open(FileCalls calls, string path, FileUse use, int permissions = 0x1A4)
    {
        OpenFlags flags = use switch
        {
            FileUse.Read => OpenFlags.ReadOnly,
            FileUse.Repair => OpenFlags.ReadWrite,
            FileUse.Append => OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Append,
            FileUse.AppendAnew => OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Append | OpenFlags.Truncate,
            // Not emptied before it is known to be nobody else's.
            _ => OpenFlags.WriteOnly | OpenFlags.Create,
        };
        int descriptor = Repeated(() => calls.Open(path, flags, permissions));
        FileException.ThrowIfFailed(descriptor);
        DurableFile file = new(calls, descriptor, use);
        if (use == FileUse.Write)
        {
            file.TakeOver();
        }
        return file;
    }

    /// <inheritdoc/>
    public override bool CanRead => _use is FileUse.Read or FileUse.Repair;

    /// <inheritdoc/>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => _use is not FileUse.Read;

    /// <inheritdoc/>
    public override long Length
    {
        get
        {
            long place = Position, length = Seek(0, SeekOrigin.End);
            Seek(place, SeekOrigin.Begin);
            return length;
        }
    }

    /// <inheritdoc/>
    public override long Position
    {
        get => Seek(0, SeekOrigin.Current);
        set => Seek(value, SeekOrigin.Begin);
    }

    /// <summary>Writes as much as can be written.</summary>
    /// <returns>0, or the error number.</returns>
    public int TryWrite(ReadOnlySpan<byte> bytes, out int writtenBytes)
    {
        writtenBytes = 0;
        while (writtenBytes < bytes.Length)
        {
            nint count = _calls.Write(_descriptor, bytes[writtenBytes..]);
            if (count == 0)
            {
                return Errno.EIO;
            }
            if (count < 0 && count != -Errno.EINTR)
            {
                return (int)-count;
            }
            writtenBytes += (int)Math.Max(count, 0);
        }
        return 0;
    }

    /// <summary>Puts what was written on the disk. What has no disk, and says so, counts as done.</summary>
    /// <returns>0, or the error number.</returns>
    public int TrySync()
    {
        int result;
        do
        {
            result = _calls.SyncData(_descriptor);
        }
        while (result == -Errno.EINTR);
        return SyncResult(result);
    }

    /// <summary>Cuts the file off.</summary>
    /// <returns>0, or the error number.</returns>
    public int TrySetLength(long length) => -Repeated(() => _calls.SetLength(_descriptor, length));

    /// <summary>Sets exactly these permissions.</summary>
    /// <exception cref="FileException">They can't be set.</exception>
    public void SetPermissions(int permissions) => FileException.ThrowIfFailed(Repeated(() => _calls.SetPermissions(_descriptor, permissions)));

    /// <summary>Puts the file on the disk, with what its directory's entry says of it.</summary>
    /// <exception cref="FileException">It can't be.</exception>
    public void Sync() => FileException.ThrowIfFailed(-SyncResult(Repeated(() => _calls.Sync(_descriptor))));

    /// <summary>Keeps other processes that ask in the same way away from the file, until it is closed.</summary>
    /// <returns>0, or the error number: EAGAIN if another has it.</returns>
    public int TryLock() => -Repeated(() => _calls.Lock(_descriptor));

    /// <summary>Puts the names of a directory on the disk: files that were made, renamed or removed there.</summary>
    /// <exception cref="FileException">They can't be.</exception>
    public static void SyncDirectory(FileCalls calls, string directory)
    {
        using DurableFile file = Open(calls, directory, FileUse.Read);
        file.Sync();
    }

    /// <summary>Makes a directory if it is not there.</summary>
    /// <exception cref="FileException">It can't be made.</exception>
    public static void MakeDirectory(FileCalls calls, string directory)
    {
        int result = Repeated(() => calls.MakeDirectory(directory, 0x1ED));
        if (result != -Errno.EEXIST)
        {
            FileException.ThrowIfFailed(result);
        }
    }

    /// <summary>Removes a file, if it is there.</summary>
    /// <returns>0, or the error number.</returns>
    public static int TryRemove(FileCalls calls, string path)
    {
        int result = Repeated(() => calls.Remove(path));
        return result == -Errno.ENOENT ? 0 : -result;
    }

    /// <summary>Gives a file another name.</summary>
    /// <exception cref="FileException">It can't be had.</exception>
    public static void Rename(FileCalls calls, string from, string to) => FileException.ThrowIfFailed(Repeated(() => calls.Rename(from, to)));

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        nint count;
        do
        {
            count = _calls.Read(_descriptor, buffer);
        }
        while (count == -Errno.EINTR);
        FileException.ThrowIfFailed(count);
        return (int)count;
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer) => FileException.ThrowIfFailed(-TryWrite(buffer, out _));

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin)
    {
        long place = _calls.Seek(_descriptor, offset, origin);
        FileException.ThrowIfFailed(place);
        return place;
    }

    /// <inheritdoc/>
    public override void SetLength(long value) => FileException.ThrowIfFailed(-TrySetLength(value));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (_descriptor >= 0)
        {
            _calls.Close(_descriptor);
            _descriptor = -1;
        }
        base.Dispose(disposing);
    }

    private void TakeOver()
    {
        try
        {
            int error = TryLock();
            // Where there are no locks, nobody else takes one.
            FileException.ThrowIfFailed(error == Errno.EAGAIN ? -error : 0);
            SetLength(0);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private static int SyncResult(int result) => result == -Errno.EINVAL ? 0 : -result;

    private static int Repeated(Func<int> call)
    {
        int result;
        do
        {
            result = call();
        }
        while (result == -Errno.EINTR);
        return result;
    }
}
