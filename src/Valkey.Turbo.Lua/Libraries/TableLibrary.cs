namespace Valkey.Turbo.Lua.Libraries;

/// <summary>The library <c>table</c>.</summary>
internal static class TableLibrary
{
    internal static void Open(LuaState state) => state.Register(
        state.NewLibrary("table", 9),
        ("concat", Concat),
        ("foreach", static (ref LuaCall call) => new Visit(false, 0).Begin(ref call)),
        ("foreachi", static (ref LuaCall call) => new Visit(true, call.CheckTable(1).Length).Begin(ref call)),
        ("getn", static (ref LuaCall call) => call.Return((double)call.CheckTable(1).Length)),
        ("insert", Insert),
        ("maxn", LargestKey),
        ("remove", Remove),
        ("setn", static (ref LuaCall call) => call.CheckTable(1) is null ? 0 : throw call.Error("'setn' is obsolete")),
        ("sort", static (ref LuaCall call) => TableSort.Begin(ref call)));

    private static int Concat(ref LuaCall call)
    {
        LuaTable table = call.CheckTable(1);
        LuaString? separator = call.OptionalString(2);
        int first = call.OptionalInteger(3, 1);
        long last = call.IsNoneOrNil(4) ? table.Length : call.CheckInteger(4);
        ByteBuilder builder = call.Interpreter.TakeBuilder();
        for (long i = first; i <= last; i++)
        {
            ref LuaValue item = ref table.Find((int)i);
            if (item.Reference is LuaString text)
            {
                builder.Append(text.Span);
            }
            else if (item.IsNumber)
            {
                builder.Append(item.Number);
            }
            else
            {
                throw call.Error($"invalid value ({item.TypeName}) at index {i} in table for 'concat'");
            }
            if (separator is not null && i < last)
            {
                builder.Append(separator.Span);
            }
        }
        call.Spend(Math.Max(last - first, 0));
        LuaString joined = builder.ToLuaString();
        call.Interpreter.GiveBack(builder);
        return call.Return(joined);
    }

    private static int Insert(ref LuaCall call)
    {
        LuaTable table = call.CheckTable(1);
        int end = table.Length + 1;
        int position;
        switch (call.Count)
        {
            case 2:
                position = end;
                break;
            case 3:
                position = call.CheckInteger(2);
                table.CheckWritable();
                end = Math.Max(end, position);
                call.Spend((end - (long)position) >> 2);
                for (int i = end; i > position; i--)
                {
                    LuaValue moved = table.Find(i - 1);
                    table.Set(i, in moved);
                }
                break;
            default:
                throw call.Error("wrong number of arguments to 'insert'");
        }
        table.CheckWritable();
        table.Set(position, call[call.Count]);
        return call.Return();
    }

    private static int Remove(ref LuaCall call)
    {
        LuaTable table = call.CheckTable(1);
        int end = table.Length;
        int position = call.OptionalInteger(2, end);
        if (position < 1 || position > end)
        {
            return call.Return();
        }
        table.CheckWritable();
        LuaValue removed = table.Find(position);
        call.Spend((end - position) >> 2);
        for (; position < end; position++)
        {
            LuaValue moved = table.Find(position + 1);
            table.Set(position, in moved);
        }
        table.Set(end, default);
        return call.Return(removed);
    }

    private static int LargestKey(ref LuaCall call)
    {
        LuaTable table = call.CheckTable(1);
        double largest = 0;
        int position = 0;
        while (table.NextAt(ref position, out LuaValue key, out _))
        {
            largest = key.IsNumber && key.Number > largest ? key.Number : largest;
        }
        call.Spend(position);
        return call.Return(largest);
    }

    /// <summary>Calls a function for each pair until it gives something.</summary>
    private sealed class Visit(bool itemsOnly, int length) : LuaContinuation
    {
        private LuaValue _key;
        private int _index;

        internal int Begin(ref LuaCall call)
        {
            call.CheckTable(1);
            call.CheckFunction(2);
            return Next(ref call);
        }

        public override int Resume(ref LuaCall call)
        {
            LuaValue result = call.Result(1);
            return result.IsNil ? Next(ref call) : call.Return(in result);
        }

        private int Next(ref LuaCall call)
        {
            LuaTable table = call.CheckTable(1);
            LuaValue value;
            if (itemsOnly)
            {
                if (_index == length)
                {
                    return call.Return();
                }
                _key = ++_index;
                value = table.Find(_index);
            }
            else if (!table.Next(in _key, out _key, out value))
            {
                return call.Return();
            }
            return call.Invoke(call[2], [_key, value], this);
        }
    }
}
