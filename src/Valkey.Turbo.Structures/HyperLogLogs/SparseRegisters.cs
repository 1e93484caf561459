namespace Valkey.Turbo.Structures;

/// <summary>
/// Registers as runs, for HyperLogLogs that saw few elements:
/// <code>
/// | 00llllll          | 1 to 64 registers of 0             |
/// | 01llllll llllllll | 1 to 16,384 registers of 0         |
/// | 1vvvvvll          | 1 to 4 registers of 1 to 32        |
/// </code>
/// </summary>
public static class SparseRegisters
{
    /// <summary>The greatest value that a run can hold.</summary>
    public const int LargestValue = 32;

    private const int LongestValueRun = 4;
    private const int LongestShortZeroRun = 64;

    private readonly record struct Run(int Value, int Length, int Bytes);

    /// <summary>Writes the runs of an empty HyperLogLog; returns how many bytes they take.</summary>
    public static int WriteEmpty(Span<byte> target) => WriteRun(target, 0, HyperLogLog.Registers);

    /// <summary>Raises registers of a byte each to those of runs, where those are higher; false if the runs are damaged.</summary>
    public static bool TryMerge(Span<byte> target, ReadOnlySpan<byte> runs)
    {
        int index = 0;
        while (!runs.IsEmpty)
        {
            if (!TryRead(runs, out Run run) || index + run.Length > HyperLogLog.Registers)
            {
                return false;
            }
            for (int i = index; run.Value > 0 && i < index + run.Length; i++)
            {
                target[i] = (byte)Math.Max(target[i], run.Value);
            }
            index += run.Length;
            runs = runs[run.Bytes..];
        }
        return index == HyperLogLog.Registers;
    }

    /// <summary>What a raise came to.</summary>
    public enum Outcome
    {
        Unchanged,
        Changed,
        /// <summary>Runs can't hold the value.</summary>
        TooHigh,
        /// <summary>The runs are damaged.</summary>
        Damaged,
    }

    /// <summary>
    /// Raises one register. The run that it is in is cut around it, and equal neighbours are joined.
    /// </summary>
    /// <param name="runs">The runs, with room for three more bytes behind <paramref name="length"/>.</param>
    /// <param name="length">Bytes of the runs.</param>
    /// <param name="register">The register.</param>
    /// <param name="value">The value, at least 1.</param>
    public static Outcome Raise(Span<byte> runs, ref int length, int register, int value)
    {
        if (value > LargestValue)
        {
            return Outcome.TooHigh;
        }
        int at = 0, first = 0, previousAt = -1;
        Run run = default;
        while (at < length)
        {
            if (!TryRead(runs[at..length], out run))
            {
                return Outcome.Damaged;
            }
            if (register < first + run.Length)
            {
                break;
            }
            previousAt = at;
            first += run.Length;
            at += run.Bytes;
        }
        if (at >= length)
        {
            return Outcome.Damaged;
        }
        if (run.Value >= value)
        {
            return Outcome.Unchanged;
        }
        Span<byte> cut = stackalloc byte[8];
        int before = register - first, behind = first + run.Length - 1 - register, cutBytes = 0;
        cutBytes += before > 0 ? WriteRun(cut, run.Value, before) : 0;
        cutBytes += WriteRun(cut[cutBytes..], value, 1);
        cutBytes += behind > 0 ? WriteRun(cut[cutBytes..], run.Value, behind) : 0;
        Splice(runs, ref length, at, run.Bytes, cut[..cutBytes]);
        Join(runs, ref length, previousAt < 0 ? at : previousAt);
        return Outcome.Changed;
    }

    /// <summary>Joins runs of the same value, where they fit one, over a few runs from an offset on.</summary>
    private static void Join(Span<byte> runs, ref int length, int at)
    {
        const int runsToLookAt = 5;
        for (int i = 0; i < runsToLookAt && at < length; i++)
        {
            TryRead(runs[at..length], out Run run);
            int next = at + run.Bytes;
            if (run.Value == 0 || next >= length || !TryRead(runs[next..length], out Run following)
                || following.Value != run.Value || run.Length + following.Length > LongestValueRun)
            {
                at = next;
                continue;
            }
            WriteRun(runs[next..], run.Value, run.Length + following.Length);
            Splice(runs, ref length, at, run.Bytes, []);
        }
    }

    private static void Splice(Span<byte> runs, ref int length, int at, int oldBytes, ReadOnlySpan<byte> replacement)
    {
        runs[(at + oldBytes)..length].CopyTo(runs[(at + replacement.Length)..]);
        replacement.CopyTo(runs[at..]);
        length += replacement.Length - oldBytes;
    }

    /// <summary>Writes a run; a long one of a value above 0 does not occur.</summary>
    private static int WriteRun(Span<byte> target, int value, int length)
    {
        if (value > 0)
        {
            target[0] = (byte)(0x80 | (value - 1) << 2 | length - 1);
            return 1;
        }
        if (length <= LongestShortZeroRun)
        {
            target[0] = (byte)(length - 1);
            return 1;
        }
        target[0] = (byte)(0x40 | (length - 1) >> 8);
        target[1] = (byte)(length - 1);
        return 2;
    }

    private static bool TryRead(ReadOnlySpan<byte> runs, out Run run)
    {
        byte first = runs[0];
        if (first >= 0x80)
        {
            run = new Run((first >> 2 & 0x1F) + 1, (first & 3) + 1, 1);
            return true;
        }
        if (first < 0x40)
        {
            run = new Run(0, first + 1, 1);
            return true;
        }
        bool isComplete = runs.Length > 1;
        run = isComplete ? new Run(0, ((first & 0x3F) << 8 | runs[1]) + 1, 2) : default;
        return isComplete;
    }

    /// <summary>The runs as PFDEBUG DECODE shows them.</summary>
    public static string Describe(ReadOnlySpan<byte> runs)
    {
        List<string> words = [];
        while (!runs.IsEmpty && TryRead(runs, out Run run))
        {
            words.Add(run.Value > 0 ? $"v:{run.Value},{run.Length}" : run.Bytes == 1 ? $"z:{run.Length}" : $"Z:{run.Length}");
            runs = runs[run.Bytes..];
        }
        return string.Join(' ', words);
    }
}
