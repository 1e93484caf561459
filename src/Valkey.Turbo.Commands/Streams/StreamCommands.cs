using Valkey.Turbo.Engine;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Streams;

/// <summary>Entries of a stream: adding, reading by range, deleting and trimming.</summary>
internal static class StreamCommands
{
    private const string Trim =
        "trim={strategy=<maxlen:MAXLEN | minid:MINID^6.2.0> [operator=<equal:= | approximately:~>] threshold:string [count:integer@LIMIT^6.2.0]}";
    private const string Ranging = "O(N) where N is the number of entries returned.";
    private const long LargestEntryBytes = 1 << 30;
    private static readonly KeySpec Reads = KeySpec.One(KeyFlags.RO | KeyFlags.Access);
    private static readonly KeySpec Updates = KeySpec.One(KeyFlags.RW | KeyFlags.Update);
    private static readonly KeySpec Deletes = KeySpec.One(KeyFlags.RW | KeyFlags.Delete);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("xadd", -5, CommandFlags.Write | DenyOom | Fast, "stream", "5.0.0",
            "O(1), and O(N) for the N entries trimmed.", "Adds an entry to a stream, which is created if there is none.", Add, Updates,
            $"key:key [nomkstream:NOMKSTREAM^6.2.0] [{Trim}] id-selector=<auto-id:* | id:string> data={{field:string value:string}}...",
            tips: "nondeterministic_output"),
        CommandSpec.Define("xlen", 2, ReadOnly | Fast, "stream", "5.0.0", "O(1)", "Returns the number of entries of a stream.",
            Length, KeySpec.One(KeyFlags.RO), "key:key"),
        CommandSpec.Define("xrange", -4, ReadOnly, "stream", "5.0.0", Ranging, "Returns the entries of a stream in a range of IDs.",
            context => Range(context, isReverse: false), Reads, "key:key start:string end:string [count:integer@COUNT]"),
        CommandSpec.Define("xrevrange", -4, ReadOnly, "stream", "5.0.0", Ranging,
            "Returns the entries of a stream in a range of IDs, from the last.", context => Range(context, isReverse: true), Reads,
            "key:key end:string start:string [count:integer@COUNT]"),
        CommandSpec.Define("xdel", -3, CommandFlags.Write | Fast, "stream", "5.0.0", "O(N) where N is the number of IDs given.",
            "Removes entries from a stream.", Delete, Deletes, "key:key id:string..."),
        CommandSpec.Define("xtrim", -4, CommandFlags.Write, "stream", "5.0.0", "O(N) where N is the number of entries removed.",
            "Removes the oldest entries of a stream.", TrimStream, Deletes, $"key:key {Trim}", tips: "nondeterministic_output"),
        CommandSpec.Define("xsetid", -3, CommandFlags.Write | DenyOom | Fast, "stream", "5.0.0", "O(1)",
            "Sets the last ID of a stream.", SetId, Updates,
            "key:key last-id:string [entries-added:integer@ENTRIESADDED^7.0.0] [max-deleted-id:string@MAXDELETEDID^7.0.0]"),
    ];

    /// <summary>The field-value pairs of an XADD.</summary>
    private readonly struct Fields(CommandContext context, int first) : IStreamFields
    {
        public int Count => (context.ArgumentCount - first) / 2;

        public ReadOnlySpan<byte> Field(int index) => context.Argument(first + index * 2);

        public ReadOnlySpan<byte> Value(int index) => context.Argument(first + index * 2 + 1);
    }

    /// <summary>What XADD was asked for beside its fields.</summary>
    private struct AddOptions
    {
        internal bool OnlyIfPresent;
        internal bool HasId;
        internal bool HasSequence;
        internal StreamId Id;
        internal int IdAt;
        internal StreamArguments.Trim Trim;
    }

    private static void Add(CommandContext context)
    {
        if (!TryAddOptions(context, out AddOptions options))
        {
            return;
        }
        Fields fields = new(context, options.IdAt + 1);
        int words = context.ArgumentCount - options.IdAt - 1;
        if (words < 2 || words % 2 == 1)
        {
            context.Reply.Error(Errors.Arity(context.Command.FullName));
            return;
        }
        if (options.HasId && options.HasSequence && options.Id == StreamId.Min)
        {
            context.Reply.Error("ERR The ID specified in XADD must be greater than 0-0");
            return;
        }
        KeyHandle key = context.Write(1);
        if (!context.IsTypeOrAbsent(key, ValueType.Stream))
        {
            return;
        }
        if (!key.Exists && options.OnlyIfPresent)
        {
            context.Reply.Null();
            return;
        }
        StreamId last = key.Exists ? key.Stream.LastId : StreamId.Min;
        if (FindAddError(context, options, last, out StreamId id) is string error)
        {
            context.Reply.Error(error);
            return;
        }
        context.BeginChange(ref key, ValueType.Stream, ValueEncoding.Stream);
        StreamValue stream = key.Stream;
        stream.Append(id, fields, context.Limits);
        context.Changed(key, KeyEvent.Stream, "xadd");
        StreamReply.Id(context, id);
        if (options.Trim.IsWanted && options.Trim.Apply(stream) > 0)
        {
            context.Changed(key, KeyEvent.Stream, "xtrim", 0);
        }
        RecordAdd(context, key, options, id);
    }

    private static string? FindAddError(CommandContext context, in AddOptions options, StreamId last, out StreamId id)
    {
        id = options.Id;
        if (last == StreamId.Max)
        {
            return "ERR The stream has exhausted the last possible ID, unable to add more items";
        }
        const string tooSmall = "ERR The ID specified in XADD is equal or smaller than the target stream top item";
        if (!options.HasId)
        {
            StreamId now = new((ulong)context.NowUnixMs, 0);
            bool isLater = last.TryNext(out id);
            id = now > last ? now : id;
            return isLater ? null : tooSmall;
        }
        if (!options.HasSequence && id.Ms == last.Ms)
        {
            if (last.Sequence == ulong.MaxValue)
            {
                return tooSmall;
            }
            id = new StreamId(last.Ms, last.Sequence + 1);
        }
        if (id <= last)
        {
            return tooSmall;
        }
        long bytes = 0;
        for (int i = options.IdAt + 1; i < context.ArgumentCount; i++)
        {
            bytes += context.Argument(i).Length + 16L;
        }
        return bytes > LargestEntryBytes ? "ERR Elements are too large to be stored" : null;
    }

    private static bool TryAddOptions(CommandContext context, out AddOptions options)
    {
        options = default;
        bool hasLimit = false;
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            options.IdAt = i;
            if (context.Is(i, "*"))
            {
                break;
            }
            if (!StreamArguments.TryTrimWord(context, ref i, ref options.Trim, ref hasLimit, out bool wasTrim))
            {
                return false;
            }
            if (wasTrim)
            {
                continue;
            }
            if (context.Is(i, "NOMKSTREAM"))
            {
                options.OnlyIfPresent = true;
                continue;
            }
            if (!StreamArguments.TryParse(context.Argument(i), 0, allowsStar: true, out options.Id, out bool hasStar))
            {
                context.Reply.Error(StreamArguments.InvalidId);
                return false;
            }
            options.HasId = true;
            options.HasSequence = !hasStar;
            break;
        }
        return StreamArguments.TryFinishTrim(context, ref options.Trim, hasLimit);
    }

    private static void RecordAdd(CommandContext context, in KeyHandle key, in AddOptions options, StreamId id)
    {
        if (!context.IsJournalling)
        {
            return;
        }
        int words = context.ArgumentCount - options.IdAt - 1;
        context.Record(words + 3 + (options.Trim.IsWanted ? 3 : 0)).Add("XADD"u8).Add(key.Name);
        if (options.Trim.IsWanted)
        {
            StreamArguments.Record(context, options.Trim, key.Stream);
        }
        StreamArguments.Append(context, id);
        for (int i = options.IdAt + 1; i < context.ArgumentCount; i++)
        {
            context.Append(context.Argument(i));
        }
        context.Journal(key);
    }

    private static void Length(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.Stream, out KeyHandle key, out bool isRefused);
        if (!isRefused)
        {
            context.Reply.Integer(exists ? key.Stream.Length : 0);
        }
    }

    private static void Range(CommandContext context, bool isReverse)
    {
        if (!StreamArguments.TryBound(context, isReverse ? 3 : 2, isStart: true, out StreamId start)
            || !StreamArguments.TryBound(context, isReverse ? 2 : 3, isStart: false, out StreamId end))
        {
            return;
        }
        long count = -1;
        for (int i = 4; i < context.ArgumentCount; i += 2)
        {
            if (!context.Is(i, "COUNT") || i + 1 == context.ArgumentCount)
            {
                context.Reply.Error(Errors.Syntax);
                return;
            }
            if (!context.TryInteger(i + 1, out count))
            {
                return;
            }
            count = Math.Max(0, count);
        }
        bool exists = context.TryRead(1, ValueType.Stream, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        if (!exists)
        {
            context.Reply.Array(0);
        }
        else if (count == 0)
        {
            context.Reply.NullArray();
        }
        else
        {
            StreamReply.Entries(context, key.Stream, start, end, isReverse, Math.Max(0, count));
        }
    }

    private static void Delete(CommandContext context)
    {
        if (!context.TryWrite(1, ValueType.Stream, out KeyHandle key, out bool isRefused))
        {
            if (!isRefused)
            {
                context.Reply.Integer(0);
            }
            return;
        }
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            if (!StreamArguments.TryId(context, i, out _))
            {
                return;
            }
        }
        context.BeginChange(key);
        StreamValue stream = key.Stream;
        int deleted = 0;
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            StreamArguments.TryParse(context.Argument(i), 0, allowsStar: false, out StreamId id, out _);
            if (stream.Delete(id))
            {
                stream.MaxDeletedId = id > stream.MaxDeletedId ? id : stream.MaxDeletedId;
                deleted++;
            }
        }
        if (deleted > 0)
        {
            context.Changed(key, KeyEvent.Stream, "xdel", deleted);
        }
        context.Reply.Integer(deleted);
    }

    private static void TrimStream(CommandContext context)
    {
        StreamArguments.Trim trim = default;
        bool hasLimit = false;
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            if (!StreamArguments.TryTrimWord(context, ref i, ref trim, ref hasLimit, out bool wasTrim))
            {
                return;
            }
            if (!wasTrim)
            {
                context.Reply.Error(Errors.Syntax);
                return;
            }
        }
        if (trim.Limit == 0 && !trim.IsWanted)
        {
            context.Reply.Error("ERR syntax error, XTRIM must be called with a trimming strategy");
            return;
        }
        if (!StreamArguments.TryFinishTrim(context, ref trim, hasLimit))
        {
            return;
        }
        if (!context.TryWrite(1, ValueType.Stream, out KeyHandle key, out bool isRefused))
        {
            if (!isRefused)
            {
                context.Reply.Integer(0);
            }
            return;
        }
        context.BeginChange(key);
        long deleted = trim.Apply(key.Stream);
        if (deleted > 0)
        {
            context.Changed(key, KeyEvent.Stream, "xtrim", deleted);
            context.Record(5).Add("XTRIM"u8).Add(key.Name);
            StreamArguments.Record(context, trim, key.Stream);
            context.Journal(key);
        }
        context.Reply.Integer(deleted);
    }

    private static void SetId(CommandContext context)
    {
        if (!StreamArguments.TryId(context, 2, out StreamId id))
        {
            return;
        }
        long entriesAdded = -1;
        StreamId maxDeleted = StreamId.Min;
        for (int i = 3; i < context.ArgumentCount; i += 2)
        {
            bool hasValue = i + 1 < context.ArgumentCount;
            if (hasValue && context.Is(i, "ENTRIESADDED"))
            {
                if (!context.TryInteger(i + 1, out entriesAdded))
                {
                    return;
                }
                if (entriesAdded < 0)
                {
                    context.Reply.Error("ERR entries_added must be positive");
                    return;
                }
            }
            else if (hasValue && context.Is(i, "MAXDELETEDID"))
            {
                if (!StreamArguments.TryId(context, i + 1, out maxDeleted))
                {
                    return;
                }
                if (id < maxDeleted)
                {
                    context.Reply.Error("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
                    return;
                }
            }
            else
            {
                context.Reply.Error(Errors.Syntax);
                return;
            }
        }
        if (!context.TryWrite(1, ValueType.Stream, out KeyHandle key, out bool isRefused))
        {
            if (!isRefused)
            {
                context.Reply.Error(Errors.NoSuchKey);
            }
            return;
        }
        StreamValue stream = key.Stream;
        if (FindSetIdError(stream, id, entriesAdded) is string error)
        {
            context.Reply.Error(error);
            return;
        }
        context.BeginChange(key);
        stream.LastId = id;
        stream.EntriesAdded = entriesAdded >= 0 ? entriesAdded : stream.EntriesAdded;
        stream.MaxDeletedId = maxDeleted != StreamId.Min ? maxDeleted : stream.MaxDeletedId;
        context.ChangedAside(key, KeyEvent.Stream, "xsetid");
        context.Reply.Ok();
    }

    private static string? FindSetIdError(StreamValue stream, StreamId id, long entriesAdded)
    {
        if (id < stream.MaxDeletedId)
        {
            return "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id";
        }
        if (stream.Length == 0)
        {
            return null;
        }
        StreamEnumerator last = stream.Enumerate(StreamId.Min, StreamId.Max, isReverse: true);
        if (last.MoveNext() && id < last.Id)
        {
            return "ERR The ID specified in XSETID is smaller than the target stream top item";
        }
        return entriesAdded >= 0 && stream.Length > entriesAdded
            ? "ERR The entries_added specified in XSETID is smaller than the target stream length"
            : null;
    }
}
