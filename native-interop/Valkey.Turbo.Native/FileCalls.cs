using System.Runtime.InteropServices;

namespace Valkey.Turbo.Native;

/// <summary>
/// The kernel's calls on files that hold what must not be lost. They return what the kernel returns: 0, a count or a descriptor, or a
/// negated error number, EINTR included. Virtual, so that a test can have any of them fail or do half of its work.
/// </summary>
public unsafe partial class FileCalls
{
    /// <summary>The calls themselves.</summary>
    public static FileCalls Kernel { get; } = new();

    /// <summary>open(2), close-on-exec.</summary>
    public virtual int Open(string path, OpenFlags flags, int permissions) => Result(OpenFile(path, (int)flags | CloseOnExec, permissions));

    /// <summary>read(2).</summary>
    public virtual nint Read(int descriptor, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            nint count = ReadFile(descriptor, start, (nuint)buffer.Length);
            return count < 0 ? -Marshal.GetLastPInvokeError() : count;
        }
    }

    /// <summary>write(2): may take less than it is given.</summary>
    public virtual nint Write(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            nint count = WriteFile(descriptor, start, (nuint)bytes.Length);
            return count < 0 ? -Marshal.GetLastPInvokeError() : count;
        }
    }

    /// <summary>lseek(2); the new place counted from the beginning.</summary>
    public virtual long Seek(int descriptor, long offset, SeekOrigin origin)
    {
        long place = SeekFile(descriptor, offset, (int)origin);
        return place < 0 ? -Marshal.GetLastPInvokeError() : place;
    }

    /// <summary>ftruncate(2).</summary>
    public virtual int SetLength(int descriptor, long length) => Result(TruncateFile(descriptor, length));

    /// <summary>fsync(2).</summary>
    public virtual int Sync(int descriptor) => Result(SyncFile(descriptor));

    /// <summary>fdatasync(2): the bytes, and of the rest what is needed to find them.</summary>
    public virtual int SyncData(int descriptor) => Result(SyncFileData(descriptor));

    /// <summary>flock(2), exclusively and without waiting: -EAGAIN if another has it. The lock ends with the descriptor.</summary>
    public virtual int Lock(int descriptor) => Result(LockFile(descriptor, ExclusiveWithoutWaiting));

    /// <summary>fchmod(2).</summary>
    public virtual int SetPermissions(int descriptor, int permissions) => Result(ChangeMode(descriptor, permissions));

    /// <summary>close(2). The descriptor is gone whatever the result says.</summary>
    public virtual int Close(int descriptor) => Result(CloseFile(descriptor));

    /// <summary>rename(2): takes the place of what has the name.</summary>
    public virtual int Rename(string from, string to) => Result(RenameFile(from, to));

    /// <summary>unlink(2).</summary>
    public virtual int Remove(string path) => Result(RemoveFile(path));

    /// <summary>mkdir(2).</summary>
    public virtual int MakeDirectory(string path, int permissions) => Result(NewDirectory(path, permissions));

    private const int CloseOnExec = 0x80000;
    private const int ExclusiveWithoutWaiting = 2 | 4;

    private static int Result(int result) => result < 0 ? -Marshal.GetLastPInvokeError() : result;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags, int permissions);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadFile(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteFile(int descriptor, byte* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long SeekFile(int descriptor, long offset, int origin);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int TruncateFile(int descriptor, long length);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncFile(int descriptor);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int SyncFileData(int descriptor);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int LockFile(int descriptor, int operation);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    private static partial int ChangeMode(int descriptor, int permissions);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseFile(int descriptor);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameFile(string from, string to);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RemoveFile(string path);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NewDirectory(string path, int permissions);
}

/// <summary>How a file is opened; the values are the kernel's.</summary>
[Flags]
public enum OpenFlags
{
    ReadOnly = 0,
    WriteOnly = 1,
    ReadWrite = 2,
    /// <summary>Made if it is not there.</summary>
    Create = 0x40,
    /// <summary>Emptied.</summary>
    Truncate = 0x200,
    /// <summary>Every write goes to the end, wherever that is by then.</summary>
    Append = 0x400,
}
