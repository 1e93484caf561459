using System.Text;
using Valkey.Turbo.Native;
using Valkey.Turbo.Persistence;
using Valkey.Turbo.Persistence.Aof;
using Valkey.Turbo.Persistence.Files;

namespace Valkey.Turbo.Tests.Persistence;

/// <summary>An append-only file on a disk that fills up or fails.</summary>
public sealed class AppendOnlyFaultTests : IDisposable
{
    private const int LongestWaitMs = 10_000;
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"turbo-aof-{Guid.NewGuid():N}");
    private readonly FaultyFiles _files = new();

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData(FsyncPolicy.EverySecond)]
    [InlineData(FsyncPolicy.No)]
    public void AFullDiskIsReportedAndNothingIsLostOnceThereIsRoom(FsyncPolicy policy)
    {
        RecordingOwner owner = new(policy);
        using AppendOnlyFile file = Open(owner);
        Append(file, "one;");
        file.Flush();
        _files.RoomBytes = 2;
        Append(file, "two;");
        file.Flush();
        Assert.Equal("No space left on device", file.Failure);
        Assert.Contains("Short write while writing to the AOF file: (nwritten=2, expected=4): No space left on device", owner.Log);
        // No half of a command stays.
        Assert.EndsWith("one;", Text(), StringComparison.Ordinal);
        _files.RoomBytes = 0;
        Append(file, "three;");
        file.Flush();
        Assert.NotNull(file.Finish());
        Assert.Single(owner.Log);
        _files.RoomBytes = long.MaxValue;
        file.Flush();
        Assert.Null(file.Failure);
        Assert.EndsWith("one;two;three;", Text(), StringComparison.Ordinal);
        Assert.Equal(Text().Length, file.WrittenBytes);
        Assert.Contains("AOF write error looks solved. The server can write again.", owner.Log);
        Assert.False(owner.HasGivenUp);
    }

    [Fact]
    public void AHalfThatCanNotBeCutOffIsCompletedLater()
    {
        RecordingOwner owner = new(FsyncPolicy.EverySecond);
        using AppendOnlyFile file = Open(owner);
        Append(file, "one;");
        file.Flush();
        _files.RoomBytes = 2;
        _files.Fault = (call, _) => call == FileCall.SetLength ? Errno.EIO : 0;
        Append(file, "two;");
        file.Flush();
        Assert.EndsWith("one;tw", Text(), StringComparison.Ordinal);
        _files.RoomBytes = long.MaxValue;
        file.Flush();
        Assert.EndsWith("one;two;", Text(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(FileCall.Write), 28, "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...")]
    [InlineData(nameof(FileCall.Write), 5, "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...")]
    [InlineData(nameof(FileCall.SyncData), 5, "Can't persist AOF for fsync error when the AOF fsync policy is 'always': Input/output error. Exiting...")]
    public void WhatWasPromisedToBeOnTheDiskAndIsNotEndsTheProcess(string call, int error, string words)
    {
        RecordingOwner owner = new(FsyncPolicy.Always);
        using AppendOnlyFile file = Open(owner);
        Append(file, "one;");
        file.Flush();
        Assert.Equal(file.AppendedCount, file.SyncedCount);
        _files.Fault = (made, _) => made.ToString() == call ? error : 0;
        Append(file, "two;");
        file.Flush();
        Assert.True(owner.HasGivenUp);
        Assert.Equal(words, owner.Log.Last());
        Assert.NotNull(file.Failure);
        Assert.Equal(file.AppendedCount - 1, file.SyncedCount);
    }

    [Fact]
    public void AFailureOfTheSyncInBetweenIsReportedUntilItWorks()
    {
        RecordingOwner owner = new(FsyncPolicy.EverySecond);
        using AppendOnlyFile file = Open(owner);
        _files.Fault = (call, _) => call == FileCall.SyncData ? Errno.EIO : 0;
        Append(file, "one;");
        file.Flush();
        Assert.True(SpinWait.SpinUntil(() => file.Failure is not null, LongestWaitMs));
        Assert.Equal("Input/output error", file.Failure);
        Assert.Equal("Fail to fsync the AOF file: Input/output error", Assert.Single(owner.Log));
        Assert.Equal(0, file.SyncedCount);
        _files.Fault = (_, _) => 0;
        Assert.True(SpinWait.SpinUntil(() => file.Failure is null, LongestWaitMs));
        Assert.Equal(1, file.SyncedCount);
    }

    [Fact]
    public void WhereAnotherWritesToTheFileNothingOfItIsOverwritten()
    {
        using AppendOnlyFile file = Open(new RecordingOwner(FsyncPolicy.No));
        Append(file, "one;");
        file.Flush();
        File.AppendAllText(_path, "foreign;");
        Append(file, "two;");
        file.Flush();
        Assert.EndsWith("one;foreign;two;", Text(), StringComparison.Ordinal);
    }

    private AppendOnlyFile Open(RecordingOwner owner) => new(DurableFile.Open(_files, _path, FileUse.Append), 1, 0, owner);

    private string Text() => File.ReadAllText(_path);

    private static void Append(AppendOnlyFile file, string record)
    {
        file.Append(new JournalStamp(0, 0), 0, Encoding.ASCII.GetBytes(record));
        file.EndGroup(0);
    }
}
