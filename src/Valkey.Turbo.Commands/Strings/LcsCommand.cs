using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Strings;

/// <summary>LCS: the longest common subsequence of two strings, by dynamic programming.</summary>
internal static class LcsCommand
{
    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("lcs", -3, ReadOnly, "string", "7.0.0", "O(N*M) where N and M are the lengths of the strings.",
            "Finds the longest common substring.", Lcs, KeySpec.Two(KeyFlags.RO | KeyFlags.Access),
            "key1:key key2:key#0 [len:LEN] [idx:IDX] [min-match-len:integer@MINMATCHLEN] [withmatchlen:WITHMATCHLEN]"),
    ];

    private readonly record struct Match(int StartA, int EndA, int StartB, int EndB)
    {
        internal int Length => EndA - StartA + 1;
    }

    private static void Lcs(CommandContext context)
    {
        KeyHandle first = context.Read(1), second = context.Read(2);
        if (!IsString(first) || !IsString(second))
        {
            context.Reply.Error("ERR The specified keys must contain string values");
            return;
        }
        bool wantsLength = false, wantsIndex = false, withLength = false;
        long minLength = 0;
        for (int i = 3; i < context.ArgumentCount; i++)
        {
            if (context.Is(i, "LEN"))
            {
                wantsLength = true;
            }
            else if (context.Is(i, "IDX"))
            {
                wantsIndex = true;
            }
            else if (context.Is(i, "WITHMATCHLEN"))
            {
                withLength = true;
            }
            else if (context.Is(i, "MINMATCHLEN") && i + 1 < context.ArgumentCount)
            {
                if (!context.TryInteger(++i, out minLength))
                {
                    return;
                }
                minLength = Math.Max(0, minLength);
            }
            else
            {
                context.Reply.Error(Errors.Syntax);
                return;
            }
        }
        if (wantsLength && wantsIndex)
        {
            context.Reply.Error("ERR If you want both the length and indexes, please just use IDX.");
            return;
        }
        Span<byte> scratchA = stackalloc byte[StringValue.ScratchBytes], scratchB = stackalloc byte[StringValue.ScratchBytes];
        ReadOnlySpan<byte> a = first.Exists ? StringValue.Read(first.Entry, scratchA) : [];
        ReadOnlySpan<byte> b = second.Exists ? StringValue.Read(second.Entry, scratchB) : [];
        if ((a.Length + 1L) * (b.Length + 1L) * sizeof(int) > context.Server.Config.MaxBulkBytes.Number)
        {
            context.Reply.Error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
            return;
        }
        using Scratch<byte> common = new();
        using Scratch<Match> matches = new();
        Find(a, b, common.Items, matches.Items);
        if (wantsIndex)
        {
            ReplyMatches(context, matches.Items, common.Items.Count, minLength, withLength);
        }
        else if (wantsLength)
        {
            context.Reply.Integer(common.Items.Count);
        }
        else
        {
            context.Reply.Bulk(common.Items.Span);
        }
    }

    private static bool IsString(in KeyHandle key) => !key.Exists || key.Entry.Type == Structures.ValueType.String;

    private static void Find(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, NativeList<byte> common, NativeList<Match> matches)
    {
        int width = b.Length + 1;
        using Scratch<int> scratch = new();
        Span<int> lengths = scratch.Items.Extend((a.Length + 1) * width);
        lengths.Clear();
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                lengths[i * width + j] = a[i - 1] == b[j - 1]
                    ? lengths[(i - 1) * width + j - 1] + 1
                    : Math.Max(lengths[(i - 1) * width + j], lengths[i * width + j - 1]);
            }
        }
        common.Extend(lengths[a.Length * width + b.Length]);
        int at = common.Count, x = a.Length, y = b.Length;
        Match? open = null;
        while (x > 0 && y > 0)
        {
            if (a[x - 1] == b[y - 1])
            {
                common[--at] = a[x - 1];
                bool extends = open is { } run && run.StartA == x && run.StartB == y;
                if (extends)
                {
                    open = open!.Value with { StartA = x - 1, StartB = y - 1 };
                }
                else
                {
                    Close(matches, open);
                    open = new Match(x - 1, x - 1, y - 1, y - 1);
                }
                x--;
                y--;
            }
            else if (lengths[(x - 1) * width + y] > lengths[x * width + y - 1])
            {
                x--;
            }
            else
            {
                y--;
            }
        }
        Close(matches, open);
    }

    private static void Close(NativeList<Match> matches, Match? open)
    {
        if (open is { } match)
        {
            matches.Add(match);
        }
    }

    private static void ReplyMatches(CommandContext context, NativeList<Match> matches, int length, long minLength, bool withLength)
    {
        int count = 0;
        foreach (Match match in matches)
        {
            count += match.Length >= minLength ? 1 : 0;
        }
        context.Reply.Map(2);
        context.Reply.Bulk("matches"u8);
        context.Reply.Array(count);
        foreach (Match match in matches)
        {
            if (match.Length < minLength)
            {
                continue;
            }
            context.Reply.Array(withLength ? 3 : 2);
            context.Reply.Array(2);
            context.Reply.Integer(match.StartA);
            context.Reply.Integer(match.EndA);
            context.Reply.Array(2);
            context.Reply.Integer(match.StartB);
            context.Reply.Integer(match.EndB);
            if (withLength)
            {
                context.Reply.Integer(match.Length);
            }
        }
        context.Reply.Bulk("len"u8);
        context.Reply.Integer(length);
    }
}
