using System.Text;
using Valkey.Turbo.Native;
using Valkey.Turbo.Persistence.Aof;
using Valkey.Turbo.Persistence.Files;

namespace Valkey.Turbo.Tests.Persistence;

/// <summary>What the kernel says of files is heard, and what it does by halves is finished.</summary>
public sealed class DurableFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo-file-").FullName;
    private readonly FaultyFiles _files = new();

    private string Target => Path.Combine(_directory, "file");

    private string Unfinished => Path.Combine(_directory, "unfinished");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void WhatIsInterruptedOrDoneInPartIsGoneOnWith()
    {
        _files.InterruptionPeriod = 3;
        _files.LargestTransferBytes = 7;
        byte[] bytes = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];
        AtomicFile.Replace(_files, Target, Unfinished, file => file.Write(bytes), permissions: 0x180);
        using (DurableFile file = DurableFile.Open(_files, Target, FileUse.Append))
        {
            Assert.Equal(0, file.TryWrite(bytes, out int written));
            Assert.Equal(bytes.Length, written);
            Assert.Equal(0, file.TrySync());
        }
        using DurableFile read = DurableFile.Open(_files, Target, FileUse.Repair);
        byte[] found = new byte[bytes.Length * 2];
        read.ReadExactly(found);
        Assert.Equal([.. bytes, .. bytes], found);
        Assert.Equal(0, read.ReadByte() + 1);
        Assert.Equal(0, read.TrySetLength(5));
        Assert.Equal(5, read.Length);
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(Target) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Theory]
    [InlineData(nameof(FileCall.Open), 13)]
    [InlineData(nameof(FileCall.Lock), 11)]
    [InlineData(nameof(FileCall.SetLength), 5)]
    [InlineData(nameof(FileCall.SetPermissions), 1)]
    [InlineData(nameof(FileCall.Write), 5)]
    [InlineData(nameof(FileCall.Write), 28)]
    [InlineData(nameof(FileCall.Sync), 5)]
    [InlineData(nameof(FileCall.Sync), 28)]
    [InlineData(nameof(FileCall.Rename), 30)]
    public void AnErrorOfAnyCallIsReportedAndLeavesTheOldFile(string call, int error)
    {
        File.WriteAllText(Target, "old");
        _files.Fault = (made, path) => made.ToString() == call && path != _directory ? error : 0;
        FileException thrown = Assert.Throws<FileException>(() =>
            AtomicFile.Replace(_files, Target, Unfinished, file => file.Write("new"u8), permissions: 0x180));
        Assert.Equal(error, thrown.Error);
        Assert.Equal(Errno.Describe(error), thrown.Message);
        Assert.Equal("old", File.ReadAllText(Target));
        Assert.Equal(call is "Lock" or "SetLength", File.Exists(Unfinished));
        _files.Fault = (_, _) => 0;
        AtomicFile.Replace(_files, Target, Unfinished, file => file.Write("new"u8));
        Assert.Equal("new", File.ReadAllText(Target));
        Assert.Equal([Target], Directory.GetFiles(_directory));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(99_999)]
    public void AFullDiskIsReportedWhereverItFillsUp(int roomBytes)
    {
        _files.RoomBytes = roomBytes;
        FileException thrown = Assert.Throws<FileException>(() => AtomicFile.Replace(_files, Target, Unfinished, file => file.Write(new byte[100_000])));
        Assert.Equal(Errno.ENOSPC, thrown.Error);
        Assert.Empty(Directory.GetFiles(_directory));
    }

    [Fact]
    public void ANameThatIsNotOnTheDiskIsReported()
    {
        _files.Fault = (call, path) => call == FileCall.Sync && path == _directory ? Errno.EIO : 0;
        Assert.Equal(Errno.EIO, Assert.Throws<FileException>(() => AtomicFile.Replace(_files, Target, Unfinished, _ => { })).Error);
        // Some file systems have no such thing.
        _files.Fault = (call, path) => call == FileCall.Sync && path == _directory ? Errno.EINVAL : 0;
        AtomicFile.Replace(_files, Target, Unfinished, _ => { });
    }

    [Fact]
    public void AFileThatAnotherProcessWritesIsLeftAlone()
    {
        using DurableFile first = DurableFile.Open(_files, Unfinished, FileUse.Write);
        first.Write("first"u8);
        Assert.Equal(Errno.EAGAIN, Assert.Throws<FileException>(() => DurableFile.Open(_files, Unfinished, FileUse.Write)).Error);
        first.Dispose();
        Assert.Equal("first", File.ReadAllText(Unfinished));
    }

    [Fact]
    public void WhatIsAddedGoesToTheEndWhereverThatIs()
    {
        using DurableFile one = DurableFile.Open(_files, Target, FileUse.Append), other = DurableFile.Open(_files, Target, FileUse.Append);
        foreach (string text in (string[])["a", "b", "c"])
        {
            one.Write(Encoding.ASCII.GetBytes(text));
            other.Write(Encoding.ASCII.GetBytes(text.ToUpperInvariant()));
        }
        Assert.Equal("aAbBcC", File.ReadAllText(Target));
    }

    [Fact]
    public void OneProcessAtATimeHasALog()
    {
        string path = Path.Combine(_directory, LogLock.NameFor("log"));
        using (LogLock.TryTake(_files, path))
        {
            Assert.Null(LogLock.TryTake(_files, path));
        }
        LogLock again = Assert.IsType<LogLock>(LogLock.TryTake(_files, path));
        again.Dispose();
        // No locks on some file systems.
        _files.Fault = (call, _) => call == FileCall.Lock ? Errno.ENOSYS : 0;
        using LogLock? without = LogLock.TryTake(_files, path);
        Assert.NotNull(without);
    }
}
