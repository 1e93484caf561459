using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Valkey.Turbo.Native;

/// <summary>
/// What ps shows as the command line: the memory in which the kernel has laid the arguments, and right behind them the environment.
/// <code>
/// | argument 0 \0 argument 1 \0 ... | NAME=value \0 NAME=value \0 ... |
/// ^ start                           ^ end of the arguments            ^ end
/// </code>
/// The last byte of the arguments tells the kernel how to read: while it is NUL, the arguments are all there is; else a title has been
/// written over them, which ends at the first NUL and may reach into the environment.
/// </summary>
public sealed unsafe partial class ProcessTitle
{
    // Fields of /proc/self/stat, counted from the state, the first after the name.
    private const int ArgumentStartField = 45;

    private readonly byte* _start;
    private readonly int _argumentBytes;
    private readonly int _bytes;

    private ProcessTitle(nint start, int argumentBytes, int bytes)
    {
        _start = (byte*)start;
        (_argumentBytes, _bytes) = (argumentBytes, bytes);
    }

    /// <summary>Finds the memory, and moves the environment out of it; null where the kernel does not say where it is.</summary>
    public static ProcessTitle? TryClaim()
    {
        string stat;
        try
        {
            stat = File.ReadAllText("/proc/self/stat");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        // The name stands in parentheses and may hold any character.
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        if (fields.Length < ArgumentStartField + 4)
        {
            return null;
        }
        long Field(int offset) => long.Parse(fields[ArgumentStartField + offset], CultureInfo.InvariantCulture);
        long start = Field(0), end = Field(1), environmentStart = Field(2), environmentEnd = Field(3);
        if (start == 0 || end <= start)
        {
            return null;
        }
        if (environmentStart == end && environmentEnd > end)
        {
            MoveEnvironment();
            return new ProcessTitle((nint)start, (int)(end - start), (int)(environmentEnd - start));
        }
        return new ProcessTitle((nint)start, (int)(end - start), (int)(end - start));
    }

    /// <summary>Shows a title instead of the arguments, as much of it as there is room.</summary>
    public void Set(string title)
    {
        Span<byte> memory = new(_start, _bytes);
        Span<byte> text = Encoding.UTF8.GetBytes(title);
        text = text[..Math.Min(text.Length, _bytes - 1)];
        memory.Clear();
        text.CopyTo(memory);
        if (text.Length < _argumentBytes - 1)
        {
            memory[_argumentBytes - 1] = (byte)'.';
        }
    }

    /// <summary>Has the C library keep each variable elsewhere: what it was given at the start is about to be written over.</summary>
    private static void MoveEnvironment()
    {
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            SetVariable((string)variable.Key, (string?)variable.Value ?? "", 1);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int replaces);
}
