using System.Numerics;

namespace Valkey.Turbo.Lua;

/// <content>How large the parts are: decided when the hash is full, from the keys there are.</content>
public sealed partial class LuaTable
{
    /// <summary>Makes the array at least this large, as a constructor with many items does.</summary>
    internal void EnsureArray(int size)
    {
        if (size > _array.Length)
        {
            Resize(size, ReferenceEquals(_entries, s_noEntries) ? 0 : _entries.Length);
        }
    }

    /// <summary>Chooses sizes for the keys there are and the one that is about to come.</summary>
    private void Rehash(in LuaValue newKey)
    {
        // How many integer keys lie in (2^(i-1), 2^i].
        Span<int> counts = stackalloc int[MaxArrayBits + 1];
        counts.Clear();
        int integers = CountArray(counts);
        int total = integers;
        for (int i = 0; i < _used; i++)
        {
            ref Entry entry = ref _entries[i];
            if (!entry.Value.IsNil)
            {
                integers += CountKey(in entry.Key, counts);
                total++;
            }
        }
        integers += CountKey(in newKey, counts);
        total++;
        int arraySize = BestArraySize(counts, integers, out int inArray);
        Resize(arraySize, total - inArray);
    }

    private int CountArray(Span<int> counts)
    {
        int total = 0;
        LuaValue[] array = _array;
        int index = 0;
        for (int bit = 0, end = 1; bit <= MaxArrayBits && index < array.Length; bit++, end *= 2)
        {
            int count = 0;
            for (int limit = Math.Min(end, array.Length); index < limit; index++)
            {
                count += array[index].IsNil ? 0 : 1;
            }
            counts[bit] += count;
            total += count;
        }
        return total;
    }

    private static int CountKey(in LuaValue key, Span<int> counts)
    {
        if (!key.IsNumber)
        {
            return 0;
        }
        int integer = double.ConvertToIntegerNative<int>(key.Number);
        if (integer < 1 || integer > 1 << MaxArrayBits || integer != key.Number)
        {
            return 0;
        }
        counts[integer == 1 ? 0 : BitOperations.Log2((uint)(integer - 1)) + 1]++;
        return 1;
    }

    /// <summary>The largest power of two of which more than half would be in use.</summary>
    private static int BestArraySize(ReadOnlySpan<int> counts, int integers, out int inArray)
    {
        int below = 0;
        int best = 0;
        inArray = 0;
        for (int bit = 0, size = 1; bit <= MaxArrayBits && size / 2 < integers; bit++, size *= 2)
        {
            if (counts[bit] > 0)
            {
                below += counts[bit];
                if (below > size / 2)
                {
                    best = size;
                    inArray = below;
                }
            }
            if (below == integers)
            {
                break;
            }
        }
        return best;
    }

    private void Resize(int arraySize, int hashSize)
    {
        Entry[] oldEntries = _entries;
        int oldUsed = _used;
        LuaValue[] oldArray = _array;
        int capacity = hashSize == 0 ? 0 : (int)BitOperations.RoundUpToPowerOf2((uint)hashSize);
        _heap.Charge(((long)arraySize * ValueBytes) + ((long)capacity * EntryBytes));
        if (arraySize != oldArray.Length)
        {
            LuaValue[] array = arraySize == 0 ? [] : new LuaValue[arraySize];
            Array.Copy(oldArray, array, Math.Min(arraySize, oldArray.Length));
            _array = array;
        }
        _entries = capacity == 0 ? s_noEntries : new Entry[capacity];
        _used = capacity == 0 ? 1 : 0;
        for (int i = arraySize; i < oldArray.Length; i++)
        {
            if (!oldArray[i].IsNil)
            {
                LuaValue key = i + 1.0;
                Append(in key, in oldArray[i]);
            }
        }
        for (int i = 0; i < oldUsed; i++)
        {
            ref Entry entry = ref oldEntries[i];
            if (!entry.Value.IsNil)
            {
                Place(in entry.Key, in entry.Value);
            }
        }
    }

    private void Place(in LuaValue key, in LuaValue value)
    {
        if (key.IsNumber)
        {
            int integer = double.ConvertToIntegerNative<int>(key.Number);
            if ((uint)(integer - 1) < (uint)_array.Length && integer == key.Number)
            {
                _array[integer - 1] = value;
                return;
            }
        }
        Append(in key, in value);
    }
}
