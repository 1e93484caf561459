namespace Valkey.Turbo.Lua;

/// <content>Going through the keys: the array first, then the rest in order of insertion.</content>
public sealed partial class LuaTable
{
    /// <summary>Goes to the pair after a key; nil is before the first.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="LuaException">The table does not have the key.</exception>
    public bool Next(in LuaValue key, out LuaValue nextKey, out LuaValue nextValue)
    {
        int position = PositionAfter(in key);
        return NextAt(ref position, out nextKey, out nextValue);
    }

    /// <summary>Goes to the next pair at or after a position, which begins at zero and is moved behind it.</summary>
    /// <returns>Whether there is one.</returns>
    internal bool NextAt(ref int position, out LuaValue nextKey, out LuaValue nextValue)
    {
        LuaValue[] array = _array;
        int index = position;
        for (; index < array.Length; index++)
        {
            if (!array[index].IsNil)
            {
                nextKey = index + 1.0;
                nextValue = array[index];
                position = index + 1;
                return true;
            }
        }
        Entry[] entries = _entries;
        for (int slot = index - array.Length; slot < _used; slot++)
        {
            ref Entry entry = ref entries[slot];
            if (!entry.Value.IsNil)
            {
                nextKey = entry.Key;
                nextValue = entry.Value;
                position = array.Length + slot + 1;
                return true;
            }
        }
        nextKey = default;
        nextValue = default;
        position = array.Length + _used;
        return false;
    }

    /// <summary>The position behind a key, tried first where the traversal was before.</summary>
    internal int PositionAfter(in LuaValue key, int guess = 0)
    {
        if (key.IsNil)
        {
            return 0;
        }
        if (key.IsNumber)
        {
            int integer = double.ConvertToIntegerNative<int>(key.Number);
            if ((uint)(integer - 1) < (uint)_array.Length && integer == key.Number)
            {
                return integer;
            }
        }
        int slot = guess - _array.Length - 1;
        if ((uint)slot < (uint)_used && (uint)slot < (uint)_entries.Length && _entries[slot].Key.RawEquals(in key))
        {
            return guess;
        }
        return PositionInHash(in key);
    }

    private int PositionInHash(in LuaValue key)
    {
        Entry[] entries = _entries;
        int index = entries[HashOf(in key) & (entries.Length - 1)].Head - 1;
        while ((uint)index < (uint)entries.Length)
        {
            ref Entry entry = ref entries[index];
            if (entry.Key.RawEquals(in key))
            {
                return _array.Length + index + 1;
            }
            index = entry.Next - 1;
        }
        throw LuaException.AtRunningFunction("invalid key to 'next'");
    }

    /// <summary>Forgets the pairs whose key or value a weak table no longer holds.</summary>
    internal void ClearWeak(bool keys, bool values, Func<LuaValue, bool> isGone)
    {
        if (values)
        {
            foreach (ref LuaValue value in _array.AsSpan())
            {
                if (isGone(value))
                {
                    value = default;
                }
            }
        }
        for (int i = 0; i < _used; i++)
        {
            ref Entry entry = ref _entries[i];
            if (!entry.Value.IsNil && ((keys && isGone(entry.Key)) || (values && isGone(entry.Value))))
            {
                entry.Value = default;
            }
        }
    }

    /// <summary>Visits what the table refers to.</summary>
    internal void Visit(bool keys, bool values, ref HeapMeasurement measurement)
    {
        if (values)
        {
            foreach (ref LuaValue value in _array.AsSpan())
            {
                measurement.Visit(in value);
            }
        }
        for (int i = 0; i < _used; i++)
        {
            ref Entry entry = ref _entries[i];
            if (entry.Value.IsNil)
            {
                continue;
            }
            if (keys)
            {
                measurement.Visit(in entry.Key);
            }
            if (values)
            {
                measurement.Visit(in entry.Value);
            }
        }
    }
}
