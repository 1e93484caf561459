using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Commands.Keys;

/// <summary>What SSCAN, HSCAN and ZSCAN share: cursor, options and the iteration of a table.</summary>
internal static class CollectionScan
{
    private const int DefaultCount = 10;
    private const int IterationsPerCount = 10;

    private readonly ref struct Collector(NativeList<nint> found) : IEntryVisitor
    {
        public void Visit(nint entry) => found.Add(entry);
    }

    /// <summary>Options of one call.</summary>
    internal ref struct Options
    {
        internal ReadOnlySpan<byte> Pattern;
        internal long Count;
        internal bool NamesOnly;

        /// <summary>Whether an element's name is wanted.</summary>
        internal readonly bool Matches(ReadOnlySpan<byte> name) => GlobPattern.IsAll(Pattern) || GlobPattern.IsMatch(Pattern, name);
    }

    /// <summary>Reads the cursor, or replies the error.</summary>
    internal static bool TryCursor(CommandContext context, out ulong cursor)
    {
        if (UnsignedText.TryParse(context.Argument(2), out cursor))
        {
            return true;
        }
        context.Reply.Error(Errors.InvalidCursor);
        return false;
    }

    /// <summary>Reads the options, or replies the error.</summary>
    /// <param name="context">The command.</param>
    /// <param name="namesOnlyWord">The word that leaves values or scores out; empty for sets.</param>
    /// <param name="options">What was read.</param>
    internal static bool TryOptions(CommandContext context, string namesOnlyWord, out Options options)
    {
        options = new Options { Pattern = GlobPattern.All, Count = DefaultCount };
        for (int i = 3; i < context.ArgumentCount; i++)
        {
            bool hasValue = i + 1 < context.ArgumentCount;
            if (hasValue && context.Is(i, "COUNT"))
            {
                if (!context.TryInteger(++i, out options.Count))
                {
                    return false;
                }
                if (options.Count < 1)
                {
                    context.Reply.Error(Errors.Syntax);
                    return false;
                }
            }
            else if (hasValue && context.Is(i, "MATCH"))
            {
                options.Pattern = context.Argument(++i);
            }
            else if (namesOnlyWord.Length > 0 && context.Is(i, namesOnlyWord))
            {
                options.NamesOnly = true;
            }
            else
            {
                context.Reply.Error(Errors.Syntax);
                return false;
            }
        }
        return true;
    }

    /// <summary>Gathers elements of a table from a cursor on into the worker's list; returns the next cursor.</summary>
    internal static ulong Gather<TEntry>(CommandContext context, HashTable<TEntry> table, ulong cursor, long count)
        where TEntry : struct, ITableEntry
    {
        NativeList<nint> found = context.Worker.Found;
        long iterations = Math.Min(count, long.MaxValue / IterationsPerCount) * IterationsPerCount;
        do
        {
            Collector collector = new(found);
            cursor = table.Scan(cursor, ref collector);
        }
        while (cursor != 0 && --iterations > 0 && found.Count < count);
        return cursor;
    }

    /// <summary>Replies that there is nothing to iterate.</summary>
    internal static void ReplyNothing(CommandContext context)
    {
        context.Reply.Array(2);
        context.Reply.Bulk("0"u8);
        context.Reply.Array(0);
    }
}
