using System.Buffers;

namespace Valkey.Turbo.Lua.Libraries;

/// <summary>Writes values as JSON. Tables in tables lie on a stack of its own, as deep as C's stack of Lua would hold them.</summary>
internal readonly struct JsonWriter(JsonSettings settings, ByteBuilder builder)
{
    private static readonly SearchValues<byte> s_escaped =
        SearchValues.Create([.. Enumerable.Range(0, 32).Select(value => (byte)value), (byte)'"', (byte)'/', (byte)'\\', 127]);

    /// <summary>A table that is being written.</summary>
    private struct Pending
    {
        internal LuaTable Table;

        /// <summary>Items of an array; -1 for an object.</summary>
        internal int Length;

        /// <summary>The index of the next item, or the position of the next pair.</summary>
        internal int Next;

        internal bool IsFirst;
    }

    internal void Write(LuaValue value, ref LuaCall call)
    {
        Stack<Pending> pending = [];
        // The argument; each array then has a slot for its item, each object two.
        int slots = 1;
        while (true)
        {
            if (value.AsTable() is { } table)
            {
                pending.Push(BeginTable(table, pending.Count + 1, slots, ref call));
                slots += pending.Peek().Length >= 0 ? 1 : 2;
            }
            else
            {
                WriteScalar(value, ref call);
            }
            while (true)
            {
                if (!pending.TryPop(out Pending current))
                {
                    return;
                }
                if (WriteNextKey(ref current, out value, ref call))
                {
                    pending.Push(current);
                    break;
                }
                slots -= current.Length >= 0 ? 1 : 2;
            }
        }
    }

    private Pending BeginTable(LuaTable table, int depth, int slots, ref LuaCall call)
    {
        if (depth > settings.EncodeMaxDepth || slots + 3 > BasicLibrary.MaxResults)
        {
            throw call.Error($"Cannot serialise, excessive nesting ({depth})");
        }
        int length = ArrayLength(table, ref call);
        builder.Append(length > 0 ? (byte)'[' : (byte)'{');
        return new Pending { Table = table, Length = length > 0 ? length : -1, IsFirst = true };
    }

    /// <summary>Writes what stands before the next value of a table, or the end of the table.</summary>
    private bool WriteNextKey(ref Pending pending, out LuaValue value, ref LuaCall call)
    {
        bool isFirst = pending.IsFirst;
        pending.IsFirst = false;
        if (pending.Length >= 0)
        {
            value = default;
            if (pending.Next == pending.Length)
            {
                builder.Append((byte)']');
                return false;
            }
            value = pending.Table.Find(++pending.Next);
            if (!isFirst)
            {
                builder.Append((byte)',');
            }
            return true;
        }
        if (!pending.Table.NextAt(ref pending.Next, out LuaValue key, out value))
        {
            builder.Append((byte)'}');
            return false;
        }
        if (!isFirst)
        {
            builder.Append((byte)',');
        }
        WriteKey(in key, ref call);
        return true;
    }

    private void WriteKey(in LuaValue key, ref LuaCall call)
    {
        if (key.IsNumber)
        {
            builder.Append((byte)'"');
            WriteNumber(key.Number, ref call);
            builder.Append("\":"u8);
        }
        else if (key.AsString() is { } text)
        {
            WriteString(text.Span);
            builder.Append((byte)':');
        }
        else
        {
            throw Refuse(in key, "table key must be a number or string", ref call);
        }
    }

    private static LuaException Refuse(in LuaValue value, string reason, ref LuaCall call) =>
        call.Error($"Cannot serialise {value.TypeName}: {reason}");

    /// <summary>The largest index of a table that is an array; less than one for an object.</summary>
    private int ArrayLength(LuaTable table, ref LuaCall call)
    {
        int largest = 0;
        int items = 0;
        int position = 0;
        while (table.NextAt(ref position, out LuaValue key, out _))
        {
            if (!key.IsNumber || key.Number < 1 || Math.Floor(key.Number) != key.Number)
            {
                return -1;
            }
            if (key.Number > largest)
            {
                largest = double.ConvertToIntegerNative<int>(key.Number);
            }
            items++;
        }
        if (settings.SparseRatio > 0 && largest > unchecked(items * settings.SparseRatio) && largest > settings.SparseSafe)
        {
            return settings.ConvertsSparse ? -1 : throw Refuse(table, "excessively sparse array", ref call);
        }
        return largest;
    }

    private void WriteScalar(in LuaValue value, ref LuaCall call)
    {
        switch (value.Type)
        {
            case LuaType.String:
                WriteString(value.AsString()!.Span);
                break;
            case LuaType.Number:
                WriteNumber(value.Number, ref call);
                break;
            case LuaType.Boolean:
                builder.Append(value.IsTrue ? "true"u8 : "false"u8);
                break;
            case LuaType.Nil:
            case LuaType.Userdata when ReferenceEquals(value.Reference, LuaUserdata.Null):
                builder.Append("null"u8);
                break;
            default:
                throw Refuse(in value, "type not supported", ref call);
        }
    }

    private void WriteNumber(double number, ref LuaCall call)
    {
        if (!double.IsFinite(number))
        {
            switch (settings.EncodeInvalidNumbers)
            {
                case InvalidNumbers.Refused:
                    throw Refuse(number, "must not be NaN or Inf", ref call);
                case InvalidNumbers.AsNull:
                    builder.Append("null"u8);
                    return;
            }
            if (double.IsNaN(number))
            {
                builder.Append("nan"u8);
                return;
            }
        }
        if (settings.NumberPrecision == 14)
        {
            builder.Append(number);
        }
        else
        {
            builder.Advance(NumberText.WriteGeneral(
                number, settings.NumberPrecision, false, builder.Reserve(NumberText.MaxBytes)));
        }
    }

    private void WriteString(ReadOnlySpan<byte> text)
    {
        builder.Append((byte)'"');
        while (true)
        {
            int plain = text.IndexOfAny(s_escaped);
            if (plain < 0)
            {
                builder.Append(text);
                builder.Append((byte)'"');
                return;
            }
            builder.Append(text[..plain]);
            WriteEscape(text[plain]);
            text = text[(plain + 1)..];
        }
    }

    private void WriteEscape(byte character)
    {
        builder.Append((byte)'\\');
        switch (character)
        {
            case (byte)'"' or (byte)'/' or (byte)'\\':
                builder.Append(character);
                break;
            case (byte)'\b':
                builder.Append((byte)'b');
                break;
            case (byte)'\t':
                builder.Append((byte)'t');
                break;
            case (byte)'\n':
                builder.Append((byte)'n');
                break;
            case (byte)'\f':
                builder.Append((byte)'f');
                break;
            case (byte)'\r':
                builder.Append((byte)'r');
                break;
            default:
                builder.Append("u00"u8);
                builder.Append("0123456789abcdef"u8[character >> 4]);
                builder.Append("0123456789abcdef"u8[character & 15]);
                break;
        }
    }
}
