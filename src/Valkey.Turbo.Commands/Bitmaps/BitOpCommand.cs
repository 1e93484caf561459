using Valkey.Turbo.Engine;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Bitmaps;

/// <summary>BITOP: strings combined bit by bit.</summary>
internal static class BitOpCommand
{
    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("bitop", -4, CommandFlags.Write | DenyOom, "bitmap", "2.6.0", "O(N)",
            "Combines the bits of strings and stores the result.", BitOp, new KeySpec(2, 2, 1, KeyFlags.OW | KeyFlags.Update),
            "operation=<and:AND | or:OR | xor:XOR | not:NOT> destkey:key key:key...",
            moreKeys: [new KeySpec(3, -1, 1, KeyFlags.RO | KeyFlags.Access)]),
    ];

    private static void BitOp(CommandContext context)
    {
        BitArray.Operation operation;
        if (context.Is(1, "AND"))
        {
            operation = BitArray.Operation.And;
        }
        else if (context.Is(1, "OR"))
        {
            operation = BitArray.Operation.Or;
        }
        else if (context.Is(1, "XOR"))
        {
            operation = BitArray.Operation.Xor;
        }
        else if (context.Is(1, "NOT"))
        {
            operation = BitArray.Operation.Not;
        }
        else
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        if (operation == BitArray.Operation.Not && context.ArgumentCount != 4)
        {
            context.Reply.Error("ERR BITOP NOT must be called with a single source key.");
            return;
        }
        int longest = 0;
        for (int i = 3; i < context.ArgumentCount; i++)
        {
            KeyHandle source = context.Read(i);
            if (!context.IsStringOrAbsent(source))
            {
                return;
            }
            longest = source.Exists ? Math.Max(longest, StringValue.Length(source.Entry)) : longest;
        }
        Store(context, operation, longest);
        context.Reply.Integer(longest);
    }

    private static void Store(CommandContext context, BitArray.Operation operation, int length)
    {
        KeyHandle target = context.Open(2);
        if (length == 0)
        {
            if (target.Exists)
            {
                context.Delete(ref target);
                context.Changed(target, KeyEvent.Generic, "del");
            }
            return;
        }
        // The target may be among the sources, so the result is built beside it.
        Entry result = target.Keyspace.NewDetachedString(context.Worker, target.Name, length, out Span<byte> bytes);
        for (int offset = 0; offset < length; offset += BitArray.BlockAt(offset, length))
        {
            CombineBlock(context, operation, bytes.Slice(offset, BitArray.BlockAt(offset, length)), offset);
        }
        target.Keyspace.Attach(context.Worker, target.Position, result, target.Hash);
        context.Changed(target, KeyEvent.String, "set");
    }

    private static void CombineBlock(CommandContext context, BitArray.Operation operation, Span<byte> target, int offset)
    {
        Span<byte> scratch = stackalloc byte[StringValue.ScratchBytes];
        for (int i = 3; i < context.ArgumentCount; i++)
        {
            KeyHandle key = context.Open(i);
            ReadOnlySpan<byte> all = key.Exists ? StringValue.Read(key.Entry, scratch) : [];
            ReadOnlySpan<byte> source = all.Length <= offset ? [] : all[offset..Math.Min(all.Length, offset + target.Length)];
            if (operation == BitArray.Operation.Not)
            {
                BitArray.Invert(target, source);
            }
            else if (i == 3)
            {
                source.CopyTo(target);
                target[source.Length..].Clear();
            }
            else
            {
                BitArray.Combine(operation, target, source);
            }
        }
    }
}
