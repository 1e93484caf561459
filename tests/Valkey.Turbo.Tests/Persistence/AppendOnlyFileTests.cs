using System.Text;
using Valkey.Turbo.Native;
using Valkey.Turbo.Persistence;
using Valkey.Turbo.Persistence.Aof;
using Valkey.Turbo.Persistence.Files;

namespace Valkey.Turbo.Tests.Persistence;

/// <summary>The file of an append-only log, and the manifest beside it.</summary>
public sealed class AppendOnlyFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"turbo-aof-{Guid.NewGuid():N}");

    public void Dispose()
    {
        File.Delete(_path);
        File.Delete(_path + ".next");
    }

    [Fact]
    public void RecordsAreInTheFileOnceFlushed()
    {
        using AppendOnlyFile file = Open();
        Append(file, 0, 0, "SET", "a", "1");
        Append(file, 0, 3, "SET", "b", "2");
        Append(file, 0, 3, "SET", "c", "3");
        Assert.Empty(Commands());
        file.Flush();
        Assert.Equal(["SELECT 0", "SET a 1", "SELECT 3", "SET b 2", "SET c 3"], Commands());
        Assert.Equal(new FileInfo(_path).Length, file.WrittenBytes);
        Assert.Null(file.Failure);
    }

    [Fact]
    public void NobodyComesBetweenTheRecordsOfAGroup()
    {
        using AppendOnlyFile file = Open();
        Stage(file, 0, 0, "SET", "a", "1");
        Append(file, 1, 2, "SET", "other", "x");
        Stage(file, 0, 5, "SET", "b", "2");
        file.EndGroup(0);
        Append(file, 1, 5, "SET", "last", "y");
        file.Flush();
        Assert.Equal(
            ["SELECT 2", "SET other x", "SELECT 0", "MULTI", "SET a 1", "SELECT 5", "SET b 2", "EXEC", "SET last y"], Commands());
    }

    [Fact]
    public void AGroupOfOneRecordOrNoneNeedsNoMarks()
    {
        using AppendOnlyFile file = Open();
        Assert.Equal(0, file.EndGroup(0));
        Append(file, 0, 4, "SET", "a", "1");
        file.Flush();
        Assert.Equal(["SELECT 4", "SET a 1"], Commands());
    }

    [Fact]
    public void AnotherFileBeginsWithItsDatabaseAndWithoutWhatItsBaseHas()
    {
        using AppendOnlyFile file = Open();
        Append(file, 0, 7, "SET", "a", "1");
        file.Flush();
        Append(file, 0, 7, "INCR", "a");
        Stage(file, 1, 7, "INCR", "a");
        file.GoOnIn(DurableFile.Open(FileCalls.Kernel, _path + ".next", FileUse.AppendAnew));
        Assert.Equal(file.AppendedCount, file.SyncedCount);
        Append(file, 0, 7, "SET", "b", "1");
        file.Flush();
        Assert.Equal(["SELECT 7", "SET a 1"], Commands());
        Assert.Equal(["SELECT 7", "SET b 1"], Commands(_path + ".next"));
    }

    [Fact]
    public void WhatManyThreadsAppendIsAllThereAndInEachOnesOrder()
    {
        const int threads = 4, count = 5000;
        using AppendOnlyFile file = Open();
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, thread =>
        {
            for (int i = 0; i < count; i++)
            {
                Append(file, thread, 0, "SET", $"k{thread}", $"{i}");
                if (i % 7 == 0)
                {
                    file.Flush();
                    Assert.Equal($"SET k{thread} {i}", LastOf(thread));
                }
            }
            file.Flush();
        });
        string[] commands = Commands();
        Assert.Equal(threads * count + 1, commands.Length);
        for (int thread = 0; thread < threads; thread++)
        {
            Assert.Equal(Enumerable.Range(0, count).Select(i => $"SET k{thread} {i}"), commands.Where(c => c.StartsWith($"SET k{thread} ", StringComparison.Ordinal)));
        }

        string LastOf(int thread)
        {
            string mark = $"$3\r\nSET\r\n$2\r\nk{thread}\r\n";
            // Others write meanwhile: the end of the file may be half a command of theirs, and any number of whole ones stand before it.
            for (long window = 64 * 1024; ; window *= 2)
            {
                using FileStream stream = new(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                stream.Position = Math.Max(0, stream.Length - window);
                using StreamReader reader = new(stream, Encoding.Latin1);
                string text = reader.ReadToEnd();
                int at = text.LastIndexOf(mark, StringComparison.Ordinal);
                if (at >= 0 || window > stream.Length)
                {
                    return at < 0 ? "nothing" : $"SET k{thread} {text[(at + mark.Length)..].Split("\r\n")[1]}";
                }
            }
        }
    }

    [Theory]
    [InlineData("file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n", null)]
    [InlineData("# a comment\nfile \"with space.aof\" seq 3 type i startoffset 0 later 1\n", null)]
    [InlineData("file a seq 1 type b\nfile c seq 7 type h\nfile c seq 7 type h\n# no end", null)]
    [InlineData("", "Found an empty AOF manifest")]
    [InlineData("# nothing\n", null)]
    [InlineData("file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file information")]
    [InlineData("file a seq 2 type i\nfile b seq 1 type i\n", "Found a non-monotonic sequence number")]
    [InlineData("file ../a seq 1 type i\n", "File can't be a path, just a filename")]
    [InlineData("file a seq x type i\n", "Invalid AOF manifest file format")]
    [InlineData("file a seq 1 type q\n", "Unknown AOF file type")]
    [InlineData("file a seq 1 type b\n\nfile b seq 1 type i\n", "Invalid AOF manifest file format")]
    [InlineData("file \"a seq 1 type b\n", "Invalid AOF manifest file format")]
    [InlineData("file a seq 1 type b", "The AOF manifest file contains too long line")]
    [InlineData("file a seq 1\n", "Invalid AOF manifest file format")]
    [InlineData("nonsense\n", "Invalid AOF manifest file format")]
    public void AManifestIsReadOrRefused(string text, string? problem) => Assert.Equal(problem, AofManifest.TryParse(text, out _));

    [Fact]
    public void AManifestIsWrittenAsItIsRead()
    {
        AofManifest manifest = new AofManifest([]).WithNewBase("my \"log\".aof", isRdb: true).WithNewIncremental(" file\n\\é.aof ");
        Assert.Null(AofManifest.TryParse(manifest.ToString(), out AofManifest read));
        Assert.Equal(manifest.Files, read.Files);
        Assert.Equal("my \"log\".aof.2.base.aof", read.WithNewBase("my \"log\".aof", isRdb: false).Files[0].Name);
        Assert.Equal(3, read.WithNewBase("x", isRdb: false).Files[1].Sequence);
    }

    private AppendOnlyFile Open() =>
        new(DurableFile.Open(FileCalls.Kernel, _path, FileUse.Append), 4, 0, new RecordingOwner(FsyncPolicy.EverySecond));

    private static void Append(AppendOnlyFile file, int thread, int database, params string[] words)
    {
        Stage(file, thread, database, words);
        file.EndGroup(thread);
    }

    private static void Stage(AppendOnlyFile file, int thread, int database, params string[] words) =>
        file.Append(new JournalStamp(0, thread), database, Encoding.Latin1.GetBytes($"*{words.Length}\r\n" + string.Concat(words.Select(word => $"${word.Length}\r\n{word}\r\n"))));

    private string[] Commands() => Commands(_path);

    private static string[] Commands(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using StreamReader reader = new(stream, Encoding.Latin1);
        List<string> commands = [];
        while (reader.ReadLine() is string header)
        {
            string[] words = new string[int.Parse(header[1..], System.Globalization.CultureInfo.InvariantCulture)];
            for (int i = 0; i < words.Length; i++)
            {
                reader.ReadLine();
                words[i] = reader.ReadLine()!;
            }
            commands.Add(string.Join(' ', words));
        }
        return [.. commands];
    }
}
