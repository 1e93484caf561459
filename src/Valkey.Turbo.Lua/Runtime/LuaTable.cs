using System.Numerics;
using System.Runtime.CompilerServices;

namespace Valkey.Turbo.Lua;

/// <summary>A table: an array for the keys from one up, and a hash for all others.</summary>
/// <remarks>
/// <code>
/// _array     value of key 1 | value of key 2 | ...            as many as Lua 5.1 would have: at least half in use
/// _entries   { key, value, next in chain, head of chain }     in order of insertion; _used of them taken
/// </code>
/// The hash is a power of two of entries; the head at index h begins the chain of the keys whose hash ends in h. Entries
/// whose value has become nil keep their key until the next rehash, so that a traversal goes on from them. Sizes are
/// decided as Lua 5.1 decides them, so the length of a table with holes is the one that 5.1 gives.
/// </remarks>
public sealed partial class LuaTable : LuaObject
{
    /// <summary>Bytes of the managed heap that an empty table takes.</summary>
    internal const int OverheadBytes = 72;

    private const int EntryBytes = 40;
    private const int ValueBytes = 16;
    private const int MaxArrayBits = 26;

    private static readonly Entry[] s_noEntries = new Entry[1];
    private static LuaValue s_nil;

    private readonly LuaHeap _heap;
    private LuaValue[] _array;
    private Entry[] _entries;
    private int _used;
    private LuaTable? _metatable;

    /// <summary>Bits of metamethods that this table, as a metatable, is known not to have.</summary>
    private uint _absentEvents;

    private struct Entry
    {
        internal LuaValue Key;
        internal LuaValue Value;

        /// <summary>Index of the next entry of the chain, plus one.</summary>
        internal int Next;

        /// <summary>Index of the first entry of the chain whose hash ends in this entry's index, plus one.</summary>
        internal int Head;
    }

    /// <summary>A table with room for what is to come.</summary>
    internal LuaTable(LuaHeap heap, int arraySize = 0, int hashSize = 0)
    {
        _heap = heap;
        int capacity = hashSize == 0 ? 0 : (int)BitOperations.RoundUpToPowerOf2((uint)hashSize);
        heap.Charge(OverheadBytes + ((long)arraySize * ValueBytes) + ((long)capacity * EntryBytes));
        _array = arraySize == 0 ? [] : new LuaValue[arraySize];
        _entries = capacity == 0 ? s_noEntries : new Entry[capacity];
        _used = capacity == 0 ? 1 : 0;
    }

    /// <summary>The metatable.</summary>
    public LuaTable? Metatable
    {
        get => _metatable;
        internal set => _metatable = value;
    }

    /// <summary>Whether every attempt to change the table or its metatable from Lua is an error.</summary>
    public bool IsReadOnly { get; set; }

    /// <summary>A border of the table, as the length operator finds it.</summary>
    public int Length
    {
        get
        {
            LuaValue[] array = _array;
            int size = array.Length;
            if (size > 0 && array[size - 1].IsNil)
            {
                return BorderWithin(array);
            }
            return ReferenceEquals(_entries, s_noEntries) ? size : BorderBeyond(size);
        }
    }

    /// <summary>Slots of the array part.</summary>
    internal int ArraySize => _array.Length;

    /// <summary>Bytes of the managed heap that the table takes.</summary>
    internal long HeapBytes =>
        OverheadBytes + ((long)_array.Length * ValueBytes) + (ReferenceEquals(_entries, s_noEntries) ? 0 : (long)_entries.Length * EntryBytes);

    /// <summary>The value of a key, without metamethods.</summary>
    public LuaValue this[LuaString key]
    {
        get => Find(key);
        set => Set(key, in value);
    }

    /// <summary>The value of a key, without metamethods.</summary>
    public LuaValue this[int key]
    {
        get => Find(key);
        set => Set(key, in value);
    }

    /// <summary>The value of a key, without metamethods.</summary>
    public LuaValue this[LuaValue key]
    {
        get => Find(in key);
        set => Set(in key, in value);
    }

    /// <summary>Where the value of a key is; a place that holds nil if it has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ref LuaValue Find(LuaString key)
    {
        Entry[] entries = _entries;
        int index = entries[key.Hash & (entries.Length - 1)].Head - 1;
        if ((uint)index < (uint)entries.Length && ReferenceEquals(entries[index].Key.Reference, key))
        {
            return ref entries[index].Value;
        }
        return ref FindInChain(key, index);
    }

    /// <summary>Where the value of a key is; a place that holds nil if it has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ref LuaValue Find(int key)
    {
        LuaValue[] array = _array;
        if ((uint)(key - 1) < (uint)array.Length)
        {
            return ref array[key - 1];
        }
        return ref FindNumber(key);
    }

    /// <summary>Where the value of a key is; a place that holds nil if it has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ref LuaValue Find(double key)
    {
        int integer = double.ConvertToIntegerNative<int>(key);
        LuaValue[] array = _array;
        if ((uint)(integer - 1) < (uint)array.Length && integer == key)
        {
            return ref array[integer - 1];
        }
        return ref FindNumber(key);
    }

    /// <summary>Where the value of a key is; a place that holds nil if it has none.</summary>
    internal ref LuaValue Find(in LuaValue key)
    {
        if (key.IsNumber)
        {
            return ref Find(key.Number);
        }
        if (key.Reference is LuaString text)
        {
            return ref Find(text);
        }
        return ref key.IsNil ? ref Nothing() : ref FindObject(key.Reference!);
    }

    /// <summary>Sets the value of a key, without metamethods.</summary>
    internal void Set(LuaString key, in LuaValue value)
    {
        ref LuaValue place = ref Find(key);
        if (!place.IsNil)
        {
            place.Set(in value);
        }
        else
        {
            LuaValue boxed = key;
            Insert(in boxed, in value);
        }
    }

    /// <summary>Sets the value of a key, without metamethods.</summary>
    internal void Set(int key, in LuaValue value)
    {
        if ((uint)(key - 1) < (uint)_array.Length)
        {
            _array[key - 1].Set(in value);
        }
        else
        {
            LuaValue boxed = key;
            Insert(in boxed, in value);
        }
    }

    /// <summary>Sets the value of a key, without metamethods.</summary>
    /// <exception cref="LuaException">The key is nil or not a number.</exception>
    internal void Set(in LuaValue key, in LuaValue value)
    {
        ref LuaValue place = ref Find(in key);
        if (!place.IsNil)
        {
            place.Set(in value);
        }
        else
        {
            Insert(in key, in value);
        }
    }

    /// <summary>The value under a name of a metamethod; remembers that there is none.</summary>
    internal ref readonly LuaValue FindEvent(Metamethod metamethod)
    {
        uint bit = 1u << (int)metamethod;
        if ((_absentEvents & bit) != 0)
        {
            return ref Nothing();
        }
        ref LuaValue found = ref Find(MetamethodNames.Strings[(int)metamethod]);
        if (found.IsNil)
        {
            _absentEvents |= bit;
        }
        return ref found;
    }

    /// <summary>Sets the value of a key that has none yet.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void Insert(in LuaValue key, in LuaValue value)
    {
        if (key.IsNil)
        {
            throw LuaException.AtRunningFunction("table index is nil");
        }
        if (key.IsNumber && double.IsNaN(key.Number))
        {
            throw LuaException.AtRunningFunction("table index is NaN");
        }
        _absentEvents = 0;
        ref LuaValue place = ref Find(in key);
        if (!Unsafe.AreSame(ref place, ref s_nil))
        {
            place.Set(in value);
            return;
        }
        if (value.IsNil)
        {
            return;
        }
        if (_used == _entries.Length)
        {
            Rehash(in key);
            place = ref Find(in key);
            if (!Unsafe.AreSame(ref place, ref s_nil))
            {
                place.Set(in value);
                return;
            }
        }
        Append(in key, in value);
    }

    /// <summary>Sets the value of a key for a function of the host that Lua has called.</summary>
    /// <exception cref="LuaException">The table is read-only, or the key is nil or not a number.</exception>
    internal void SetChecked(in LuaValue key, in LuaValue value)
    {
        CheckWritable();
        Set(in key, in value);
    }

    /// <summary>Sees to it that the table may be changed.</summary>
    internal void CheckWritable()
    {
        if (IsReadOnly)
        {
            throw LuaException.AtRunningFunction("Attempt to modify a readonly table");
        }
    }

    private static ref LuaValue Nothing() => ref s_nil;

    private static int HashOf(in LuaValue key) => key.Reference switch
    {
        LuaString text => text.Hash,
        string tag when ReferenceEquals(tag, LuaValue.NumberTag) => HashOf(key.Number),
        _ => RuntimeHelpers.GetHashCode(key.Reference),
    };

    private static int HashOf(double key)
    {
        // Zero has two representations that are one key.
        ulong bits = BitConverter.DoubleToUInt64Bits(key + 0.0) * 0x9E3779B97F4A7C15;
        return (int)(bits >> 32);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ref LuaValue FindInChain(LuaString key, int index)
    {
        Entry[] entries = _entries;
        while ((uint)index < (uint)entries.Length)
        {
            ref Entry entry = ref entries[index];
            if (ReferenceEquals(entry.Key.Reference, key)
                || (entry.Key.Reference is LuaString other && other.ContentEquals(key)))
            {
                return ref entry.Value;
            }
            index = entry.Next - 1;
        }
        return ref s_nil;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ref LuaValue FindNumber(double key)
    {
        Entry[] entries = _entries;
        int index = entries[HashOf(key) & (entries.Length - 1)].Head - 1;
        while ((uint)index < (uint)entries.Length)
        {
            ref Entry entry = ref entries[index];
            if (entry.Key.IsNumber && entry.Key.Number == key)
            {
                return ref entry.Value;
            }
            index = entry.Next - 1;
        }
        return ref s_nil;
    }

    private ref LuaValue FindObject(object key)
    {
        Entry[] entries = _entries;
        int index = entries[RuntimeHelpers.GetHashCode(key) & (entries.Length - 1)].Head - 1;
        while ((uint)index < (uint)entries.Length)
        {
            ref Entry entry = ref entries[index];
            if (ReferenceEquals(entry.Key.Reference, key))
            {
                return ref entry.Value;
            }
            index = entry.Next - 1;
        }
        return ref s_nil;
    }

    private void Append(in LuaValue key, in LuaValue value)
    {
        Entry[] entries = _entries;
        int index = _used++;
        ref Entry entry = ref entries[index];
        ref int head = ref entries[HashOf(in key) & (entries.Length - 1)].Head;
        entry.Key = key;
        entry.Value = value;
        entry.Next = head;
        head = index + 1;
    }

    /// <summary>A border inside an array whose last value is nil.</summary>
    private static int BorderWithin(LuaValue[] array)
    {
        int low = 0;
        int high = array.Length;
        while (high - low > 1)
        {
            int middle = (int)(((uint)low + (uint)high) / 2);
            if (array[middle - 1].IsNil)
            {
                high = middle;
            }
            else
            {
                low = middle;
            }
        }
        return low;
    }

    /// <summary>A border beyond the array: doubles until it meets a nil, then halves.</summary>
    private int BorderBeyond(int size)
    {
        long low = size;
        long high = size + 1L;
        while (!Find(high).IsNil)
        {
            low = high;
            high *= 2;
            if (high > int.MaxValue)
            {
                int linear = 1;
                while (!Find(linear).IsNil)
                {
                    linear++;
                }
                return linear - 1;
            }
        }
        while (high - low > 1)
        {
            long middle = (low + high) / 2;
            if (Find(middle).IsNil)
            {
                high = middle;
            }
            else
            {
                low = middle;
            }
        }
        return (int)low;
    }
}
