using Valkey.Turbo.Engine;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Strings;

/// <summary>Parts of a string: APPEND, GETRANGE, SETRANGE.</summary>
internal static class RangeCommands
{
    private const KeyFlags ReadAccess = KeyFlags.RO | KeyFlags.Access;

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("append", 3, CommandFlags.Write | DenyOom | Fast, "string", "2.0.0",
            "O(1), amortized, as strings grow ahead.",
            "Appends a string to the value of a key. Creates the key if it doesn't exist.",
            Append, KeySpec.One(KeyFlags.RW | KeyFlags.Insert), "key:key value:string"),
        CommandSpec.Define("getrange", 4, ReadOnly, "string", "2.4.0", "O(N) where N is the length of the returned string.",
            "Returns a substring of the string stored at a key.",
            GetRange, KeySpec.One(ReadAccess), "key:key start:integer end:integer"),
        CommandSpec.Define("substr", 4, ReadOnly, "string", "1.0.0", "O(N) where N is the length of the returned string.",
            "Returns a substring from a string value.",
            GetRange, KeySpec.One(ReadAccess), "key:key start:integer end:integer"),
        CommandSpec.Define("setrange", 4, CommandFlags.Write | DenyOom, "string", "2.2.0",
            "O(N) where N is the length of the written string and the gap before it.",
            "Overwrites a part of a string value with another by an offset. Creates the key if it doesn't exist.",
            SetRange, KeySpec.One(KeyFlags.RW | KeyFlags.Update), "key:key offset:integer value:string"),
    ];

    private static void Append(CommandContext context)
    {
        KeyHandle key = context.Write(1);
        if (!context.IsStringOrAbsent(key))
        {
            return;
        }
        ReadOnlySpan<byte> value = context.Argument(2);
        if (!key.Exists)
        {
            context.SetString(ref key, value, ITableEntry.NoExpiry);
            context.Changed(key, KeyEvent.String, "append");
            context.Reply.Integer(value.Length);
            return;
        }
        int before = StringValue.Length(key.Entry);
        if (!IsWithinLimit(context, (long)before + value.Length))
        {
            return;
        }
        Span<byte> bytes = context.Reshape(ref key, before + value.Length);
        value.CopyTo(bytes[before..]);
        context.Changed(key, KeyEvent.String, "append");
        context.Reply.Integer(bytes.Length);
    }

    private static void GetRange(CommandContext context)
    {
        if (!context.TryInteger(2, out long start) || !context.TryInteger(3, out long end))
        {
            return;
        }
        KeyHandle key = context.Read(1);
        if (!context.IsStringOrAbsent(key))
        {
            return;
        }
        if (!key.Exists)
        {
            context.Reply.Bulk([]);
            return;
        }
        Span<byte> scratch = stackalloc byte[StringValue.ScratchBytes];
        ReadOnlySpan<byte> value = StringValue.Read(key.Entry, scratch);
        bool isEmpty = start < 0 && end < 0 && start > end;
        start = Math.Max(0, start < 0 ? start + value.Length : start);
        end = Math.Max(0, end < 0 ? end + value.Length : end);
        end = Math.Min(end, value.Length - 1);
        context.Reply.Bulk(isEmpty || start > end || value.IsEmpty ? [] : value[(int)start..(int)(end + 1)]);
    }

    private static void SetRange(CommandContext context)
    {
        if (!context.TryInteger(2, out long offset))
        {
            return;
        }
        if (offset < 0)
        {
            context.Reply.Error("ERR offset is out of range");
            return;
        }
        ReadOnlySpan<byte> value = context.Argument(3);
        KeyHandle key = context.Write(1);
        if (!context.IsStringOrAbsent(key))
        {
            return;
        }
        int before = key.Exists ? StringValue.Length(key.Entry) : 0;
        if (value.IsEmpty)
        {
            context.Reply.Integer(before);
            return;
        }
        if (offset > int.MaxValue || !IsWithinLimit(context, offset + value.Length))
        {
            if (offset > int.MaxValue)
            {
                context.Reply.Error(Errors.StringTooLong);
            }
            return;
        }
        if (!key.Exists)
        {
            context.SetString(ref key, [], ITableEntry.NoExpiry);
            key = context.Open(1);
        }
        Span<byte> bytes = context.Reshape(ref key, (int)Math.Max(before, offset + value.Length));
        value.CopyTo(bytes[(int)offset..]);
        context.Changed(key, KeyEvent.String, "setrange");
        context.Reply.Integer(bytes.Length);
    }

    private static bool IsWithinLimit(CommandContext context, long length)
    {
        if (length <= context.Server.Config.MaxBulkBytes.Number && length < int.MaxValue)
        {
            return true;
        }
        context.Reply.Error(Errors.StringTooLong);
        return false;
    }
}
