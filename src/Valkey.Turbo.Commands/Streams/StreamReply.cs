using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Commands.Streams;

/// <summary>Entries of a stream as replies.</summary>
internal static class StreamReply
{
    /// <summary>Replies an ID.</summary>
    internal static void Id(CommandContext context, StreamId id)
    {
        Span<byte> text = stackalloc byte[StreamId.MaxBytes];
        context.Reply.Bulk(text[..id.Format(text)]);
    }

    /// <summary>How many entries lie in a range, at most <paramref name="limit"/> (0: all).</summary>
    internal static long Count(StreamValue stream, StreamId start, StreamId end, bool isReverse, long limit)
    {
        bool isWhole = start <= stream.FirstId && end >= stream.LastId;
        if (isWhole)
        {
            return limit == 0 ? stream.Length : Math.Min(limit, stream.Length);
        }
        long count = 0;
        StreamEnumerator entries = stream.Enumerate(start, end, isReverse);
        while ((limit == 0 || count < limit) && entries.MoveNext())
        {
            count++;
        }
        return count;
    }

    /// <summary>Replies the entries of a range as an array.</summary>
    internal static void Entries(CommandContext context, StreamValue stream, StreamId start, StreamId end, bool isReverse, long limit)
    {
        long count = Count(stream, start, end, isReverse, limit);
        context.Reply.Array(count);
        StreamEnumerator entries = stream.Enumerate(start, end, isReverse);
        while (count-- > 0 && entries.MoveNext())
        {
            Entry(context, ref entries);
        }
    }

    /// <summary>Replies the entry that an iteration stands at.</summary>
    internal static void Entry(CommandContext context, ref StreamEnumerator entry)
    {
        Span<byte> scratch = stackalloc byte[2 * Decimal64.MaxDigits];
        context.Reply.Array(2);
        Id(context, entry.Id);
        context.Reply.Array(entry.FieldCount * 2L);
        for (int i = entry.FieldCount; i > 0; i--)
        {
            entry.ReadField(
                scratch[..Decimal64.MaxDigits], scratch[Decimal64.MaxDigits..], out ReadOnlySpan<byte> field, out ReadOnlySpan<byte> value);
            context.Reply.Bulk(field);
            context.Reply.Bulk(value);
        }
    }

    /// <summary>Replies one entry, if it is there.</summary>
    internal static bool TryEntry(CommandContext context, StreamValue stream, StreamId id)
    {
        StreamEnumerator entries = stream.Enumerate(id, id);
        if (!entries.MoveNext())
        {
            return false;
        }
        Entry(context, ref entries);
        return true;
    }
}
