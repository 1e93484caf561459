using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A listpack of a stream: the entries from one ID on, written relative to that ID and to the fields of the first of them.
/// The order of elements is Valkey's, because it is part of its dump files:
/// <code>
/// count, deleted, number of fields, field ..., 0                              the head
/// flags, ms difference, sequence difference, value ..., elements              an entry with the head's fields
/// flags, ms difference, sequence difference, number, field, value, ..., elements    any other entry
/// </code>
/// The last element of an entry is the number of those before it, so that entries can be walked backwards.
/// </summary>
public struct StreamBlock(StreamId first, Listpack items)
{
    /// <summary>The entry was deleted and is still here.</summary>
    public const int DeletedFlag = 1;

    /// <summary>The entry has the fields that the head names.</summary>
    public const int SameFieldsFlag = 2;

    private int _masterFields;
    private int _masterFieldsAt;
    private int _next;
    private int _previousEnd;
    private int _entryAt;
    private int _fieldAt;
    private int _valueAt;

    /// <summary>The ID that the block goes by.</summary>
    public StreamId FirstId { get; } = first;

    /// <summary>The listpack.</summary>
    public Listpack Items { get; } = items;

    /// <summary>Entries that are not deleted.</summary>
    public readonly int Count => (int)Items.Integer(Listpack.HeaderBytes);

    /// <summary>Entries that are deleted and still here.</summary>
    public readonly int Deleted => (int)Items.Integer(Items.Behind(Listpack.HeaderBytes));

    /// <summary>The ID of the entry now visited.</summary>
    public StreamId Id { get; private set; }

    /// <summary>The flags of the entry now visited.</summary>
    public int Flags { get; private set; }

    /// <summary>How many fields the entry now visited has.</summary>
    public int FieldCount { get; private set; }

    /// <summary>Where the flags of the entry now visited stand.</summary>
    public readonly int EntryAt => _entryAt;

    /// <summary>Goes to before the first entry.</summary>
    public void MoveToStart()
    {
        _next = SkipHead();
    }

    /// <summary>Goes to behind the last entry.</summary>
    public void MoveToEnd()
    {
        SkipHead();
        _previousEnd = Items.EndOffset;
    }

    /// <summary>Visits the next entry, deleted or not.</summary>
    public bool MoveNext()
    {
        if (_next == Items.EndOffset)
        {
            return false;
        }
        _next = Enter(_next);
        return true;
    }

    /// <summary>Visits the entry before, deleted or not.</summary>
    public bool MovePrevious()
    {
        int count = Items.Previous(_previousEnd);
        long elements = Items.Integer(count);
        if (elements == 0)
        {
            // The head's end mark is a 0 too, where entries have their number of elements.
            return false;
        }
        int at = count;
        for (; elements > 0; elements--)
        {
            at = Items.Previous(at);
        }
        Enter(at);
        _previousEnd = at;
        return true;
    }

    /// <summary>Reads the next field of the entry now visited, and its value.</summary>
    public void ReadField(Span<byte> fieldScratch, Span<byte> valueScratch, out ReadOnlySpan<byte> field, out ReadOnlySpan<byte> value)
    {
        field = Items.Read(_fieldAt, fieldScratch);
        if ((Flags & SameFieldsFlag) != 0)
        {
            value = Items.Read(_valueAt, valueScratch);
            _fieldAt = Items.Behind(_fieldAt);
            _valueAt = Items.Behind(_valueAt);
            return;
        }
        int valueAt = Items.Behind(_fieldAt);
        value = Items.Read(valueAt, valueScratch);
        _fieldAt = Items.Behind(valueAt);
    }

    /// <summary>Whether the head has so many fields, and where they stand.</summary>
    public static bool HasFieldCount(Listpack items, int fieldCount, out int firstField)
    {
        int at = items.Behind(items.Behind(Listpack.HeaderBytes));
        firstField = items.Behind(at);
        return items.Integer(at) == fieldCount;
    }

    /// <summary>
    /// Whether a valid listpack from outside is a block: head and entries complete, the counts true, IDs ascending.
    /// </summary>
    public static bool IsValid(StreamId first, Listpack items, out int validCount, out StreamId last)
    {
        validCount = 0;
        last = default;
        Walker walker = new(items);
        if (!walker.TryInteger(out long count) || !walker.TryInteger(out long deleted) || !walker.TryInteger(out long masterFields)
            || masterFields <= 0 || !walker.TrySkip(masterFields) || !walker.TryInteger(out long mark) || mark != 0)
        {
            return false;
        }
        long seenDeleted = 0;
        bool isFirst = true;
        while (!walker.IsAtEnd)
        {
            if (!walker.TryInteger(out long flags) || !walker.TryInteger(out long ms) || !walker.TryInteger(out long sequence)
                || flags is < 0 or > (DeletedFlag | SameFieldsFlag))
            {
                return false;
            }
            bool isSame = (flags & SameFieldsFlag) != 0;
            long fields = masterFields;
            if (!isSame && (!walker.TryInteger(out fields) || fields <= 0))
            {
                return false;
            }
            long values = isSame ? fields : fields * 2, elements = isSame ? fields + 3 : values + 4;
            if (fields > int.MaxValue / 2 || !walker.TrySkip(values) || !walker.TryInteger(out long stated) || stated != elements)
            {
                return false;
            }
            StreamId id = new(unchecked(first.Ms + (ulong)ms), unchecked(first.Sequence + (ulong)sequence));
            if (isFirst ? id < first : id <= last)
            {
                return false;
            }
            (last, isFirst) = (id, false);
            bool isDeleted = (flags & DeletedFlag) != 0;
            seenDeleted += isDeleted ? 1 : 0;
            validCount += isDeleted ? 0 : 1;
        }
        return !isFirst && count == validCount && deleted == seenDeleted && validCount > 0;
    }

    /// <summary>Goes over a listpack's elements without trusting what they say of each other.</summary>
    private struct Walker(Listpack items)
    {
        private int _at = items.First;

        internal readonly bool IsAtEnd => _at == Listpack.None;

        internal bool TryInteger(out long value)
        {
            value = 0;
            return !IsAtEnd && items.TryInteger(_at, out value) && TrySkip(1);
        }

        internal bool TrySkip(long count)
        {
            for (; count > 0 && !IsAtEnd; count--)
            {
                _at = items.Next(_at);
            }
            return count == 0;
        }
    }

    private int SkipHead()
    {
        int at = Items.Behind(Items.Behind(Listpack.HeaderBytes));
        _masterFields = (int)Items.Integer(at);
        at = Items.Behind(at);
        _masterFieldsAt = at;
        for (int i = 0; i <= _masterFields; i++)
        {
            at = Items.Behind(at);
        }
        return at;
    }

    /// <summary>Reads the head of the entry at an offset; returns where the next one begins.</summary>
    private int Enter(int at)
    {
        _entryAt = at;
        Flags = (int)Items.Integer(at);
        at = Items.Behind(at);
        ulong ms = unchecked(FirstId.Ms + (ulong)Items.Integer(at));
        at = Items.Behind(at);
        Id = new StreamId(ms, unchecked(FirstId.Sequence + (ulong)Items.Integer(at)));
        at = Items.Behind(at);
        bool isSame = (Flags & SameFieldsFlag) != 0;
        FieldCount = isSame ? _masterFields : (int)Items.Integer(at);
        at = isSame ? at : Items.Behind(at);
        _fieldAt = isSame ? _masterFieldsAt : at;
        _valueAt = at;
        for (int i = isSame ? FieldCount : FieldCount * 2; i > 0; i--)
        {
            at = Items.Behind(at);
        }
        return Items.Behind(at);
    }
}
