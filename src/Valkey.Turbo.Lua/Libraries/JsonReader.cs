namespace Valkey.Turbo.Lua.Libraries;

/// <summary>Reads JSON. Tables in tables lie on a stack of its own, as deep as C's stack of Lua would hold them.</summary>
internal sealed class JsonReader(JsonSettings settings, byte[] input, Interpreter interpreter)
{
    /// <summary>A table whose content is being read.</summary>
    private struct Pending
    {
        internal LuaTable Table;
        internal bool IsObject;
        internal LuaString? Key;
        internal int Count;
    }

    private readonly JsonTokens _tokens = new(settings, input, interpreter);
    private readonly Stack<Pending> _pending = [];
    private int _slots = 1;

    /// <summary>Reads the one value that the input is.</summary>
    internal LuaValue ReadDocument(ref LuaCall call)
    {
        _tokens.Next();
        LuaValue value = ReadValue(ref call);
        while (_pending.TryPop(out Pending pending))
        {
            value = Continue(ref pending, value, ref call);
        }
        _tokens.Next();
        Require(JsonToken.End, "the end", ref call);
        return value;
    }

    private void Require(JsonToken token, string expected, ref LuaCall call)
    {
        if (_tokens.Kind != token)
        {
            throw Unexpected(expected, ref call);
        }
    }

    private LuaException Unexpected(string expected, ref LuaCall call) =>
        call.Error($"Expected {expected} but found {_tokens.Describe()} at character {_tokens.Start + 1}");

    /// <summary>The value that begins with the current token; a table that is not empty is left pending after its first key.</summary>
    private LuaValue ReadValue(ref LuaCall call)
    {
        while (true)
        {
            switch (_tokens.Kind)
            {
                case JsonToken.String:
                    return _tokens.TakeString();
                case JsonToken.Number:
                    return _tokens.Number;
                case JsonToken.True or JsonToken.False:
                    return _tokens.Kind == JsonToken.True;
                case JsonToken.Null:
                    return LuaUserdata.Null;
                case JsonToken.ObjectBegin:
                    if (BeginObject(ref call) is { } emptyObject)
                    {
                        return emptyObject;
                    }
                    break;
                case JsonToken.ArrayBegin:
                    if (BeginArray(ref call) is { } emptyArray)
                    {
                        return emptyArray;
                    }
                    break;
                default:
                    throw Unexpected("value", ref call);
            }
        }
    }

    /// <summary>Stores a value in its table and reads on to the end of that table or to a table inside it.</summary>
    private LuaValue Continue(ref Pending pending, LuaValue value, ref LuaCall call)
    {
        while (true)
        {
            if (pending.IsObject)
            {
                pending.Table.Set(pending.Key!, in value);
            }
            else
            {
                pending.Table.Set(++pending.Count, in value);
            }
            _tokens.Next();
            if (_tokens.Kind == (pending.IsObject ? JsonToken.ObjectEnd : JsonToken.ArrayEnd))
            {
                _slots -= pending.IsObject ? 2 : 1;
                return pending.Table;
            }
            Require(JsonToken.Comma, pending.IsObject ? "comma or object end" : "comma or array end", ref call);
            _tokens.Next();
            if (pending.IsObject)
            {
                pending.Key = ReadKey(ref call);
            }
            _pending.Push(pending);
            value = ReadValue(ref call);
            pending = _pending.Pop();
        }
    }

    private LuaString ReadKey(ref LuaCall call)
    {
        Require(JsonToken.String, "object key string", ref call);
        LuaString key = _tokens.TakeString();
        _tokens.Next();
        Require(JsonToken.Colon, "colon", ref call);
        _tokens.Next();
        return key;
    }

    private void Descend(int slots, ref LuaCall call)
    {
        int depth = _pending.Count + 1;
        if (depth > settings.DecodeMaxDepth || _slots + slots > BasicLibrary.MaxResults)
        {
            throw call.Error($"Found too many nested data structures ({depth}) at character {_tokens.Position}");
        }
    }

    private LuaTable? BeginObject(ref LuaCall call)
    {
        Descend(3, ref call);
        LuaTable table = call.State.NewTable();
        _tokens.Next();
        if (_tokens.Kind == JsonToken.ObjectEnd)
        {
            return table;
        }
        _pending.Push(new Pending { Table = table, IsObject = true, Key = ReadKey(ref call) });
        _slots += 2;
        return null;
    }

    private LuaTable? BeginArray(ref LuaCall call)
    {
        Descend(2, ref call);
        LuaTable table = call.State.NewTable();
        _tokens.Next();
        if (_tokens.Kind == JsonToken.ArrayEnd)
        {
            return table;
        }
        _pending.Push(new Pending { Table = table });
        _slots++;
        return null;
    }
}
