using Valkey.Turbo.Native;

namespace Valkey.Turbo.Tests.Persistence;

/// <summary>A call on a file, as a test names it.</summary>
internal enum FileCall
{
    Open,
    Read,
    Write,
    Seek,
    SetLength,
    Sync,
    SyncData,
    Lock,
    SetPermissions,
    Rename,
    Remove,
    MakeDirectory,
}

/// <summary>The kernel's files, of which every call can be made to fail, be interrupted, or do only a part of its work.</summary>
internal sealed class FaultyFiles : FileCalls
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, string> _paths = [];
    private Func<FileCall, string, int> _fault = (_, _) => 0;
    private int _interruptedCount;

    /// <summary>Says which error number a call on a path fails with; 0 for none.</summary>
    internal Func<FileCall, string, int> Fault
    {
        set => _fault = value;
    }

    /// <summary>Bytes that a call moves at most.</summary>
    internal int LargestTransferBytes { get; set; } = int.MaxValue;

    /// <summary>Every call but this manieth one is interrupted; 0 for none.</summary>
    internal int InterruptionPeriod { get; set; }

    /// <summary>Bytes that there is still room for.</summary>
    internal long RoomBytes { get; set; } = long.MaxValue;

    internal int CallCount { get; private set; }

    public override int Open(string path, OpenFlags flags, int permissions)
    {
        int result = ErrorOf(FileCall.Open, path) is int error and not 0 ? error : base.Open(path, flags, permissions);
        lock (_gate)
        {
            _paths[result] = path;
        }
        return result;
    }

    public override nint Read(int descriptor, Span<byte> buffer) => ErrorOf(FileCall.Read, PathOf(descriptor)) is int error and not 0
        ? error
        : base.Read(descriptor, buffer[..Math.Min(buffer.Length, LargestTransferBytes)]);

    public override nint Write(int descriptor, ReadOnlySpan<byte> bytes)
    {
        if (ErrorOf(FileCall.Write, PathOf(descriptor)) is int error and not 0)
        {
            return error;
        }
        if (RoomBytes == 0)
        {
            return -Errno.ENOSPC;
        }
        nint count = base.Write(descriptor, bytes[..(int)Math.Min(Math.Min(bytes.Length, LargestTransferBytes), RoomBytes)]);
        RoomBytes -= RoomBytes == long.MaxValue ? 0 : Math.Max(count, 0);
        return count;
    }

    public override long Seek(int descriptor, long offset, SeekOrigin origin) => base.Seek(descriptor, offset, origin);

    public override int SetLength(int descriptor, long length) =>
        ErrorOf(FileCall.SetLength, PathOf(descriptor)) is int error and not 0 ? error : base.SetLength(descriptor, length);

    public override int Sync(int descriptor) =>
        ErrorOf(FileCall.Sync, PathOf(descriptor)) is int error and not 0 ? error : base.Sync(descriptor);

    public override int SyncData(int descriptor) =>
        ErrorOf(FileCall.SyncData, PathOf(descriptor)) is int error and not 0 ? error : base.SyncData(descriptor);

    public override int Lock(int descriptor) =>
        ErrorOf(FileCall.Lock, PathOf(descriptor)) is int error and not 0 ? error : base.Lock(descriptor);

    public override int SetPermissions(int descriptor, int permissions) =>
        ErrorOf(FileCall.SetPermissions, PathOf(descriptor)) is int error and not 0 ? error : base.SetPermissions(descriptor, permissions);

    public override int Rename(string from, string to) =>
        ErrorOf(FileCall.Rename, to) is int error and not 0 ? error : base.Rename(from, to);

    public override int Remove(string path) => ErrorOf(FileCall.Remove, path) is int error and not 0 ? error : base.Remove(path);

    public override int MakeDirectory(string path, int permissions) =>
        ErrorOf(FileCall.MakeDirectory, path) is int error and not 0 ? error : base.MakeDirectory(path, permissions);

    private string PathOf(int descriptor)
    {
        lock (_gate)
        {
            return _paths[descriptor];
        }
    }

    private int ErrorOf(FileCall call, string path)
    {
        lock (_gate)
        {
            CallCount++;
            if (InterruptionPeriod > 0 && ++_interruptedCount % InterruptionPeriod != 0)
            {
                return -Errno.EINTR;
            }
        }
        return -_fault(call, path);
    }
}
