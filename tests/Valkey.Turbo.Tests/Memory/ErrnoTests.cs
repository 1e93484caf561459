using Valkey.Turbo.Native;

namespace Valkey.Turbo.Tests.Memory;

/// <summary>What is said of a file operation that failed is the C library's text, whatever the runtime makes of the error.</summary>
public sealed class ErrnoTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo-errno-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void FailuresAreNamedByTheKernelsNumbers()
    {
        string file = Path.Combine(_directory, "file");
        File.WriteAllText(file, "");
        Says("No such file or directory", () => File.ReadAllText(Path.Combine(_directory, "nothing")));
        Says("No such file or directory", () => File.WriteAllText(Path.Combine(_directory, "no/thing"), ""));
        Says("File name too long", () => File.WriteAllText(Path.Combine(_directory, new string('x', 300)), ""));
        Says("No space left on device", () => File.WriteAllBytes("/dev/full", new byte[8192]));
        Assert.Equal("Permission denied", Errno.Describe(new UnauthorizedAccessException("Access to the path is denied.")));
        Assert.Equal("in use", Errno.Describe(new ReportableException("in use")));
        Assert.Equal("Input/output error", Errno.Describe(new IOException("anything")));
    }

    private static void Says(string text, Action action) => Assert.Equal(text, Errno.Describe(Assert.ThrowsAny<Exception>(action)));
}
