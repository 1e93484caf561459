using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.HyperLogLogs;

/// <summary>Estimated numbers of distinct elements: PFADD, PFCOUNT, PFMERGE.</summary>
internal static class HyperLogLogCommands
{
    private const string NotHyperLogLog = "WRONGTYPE Key is not a valid HyperLogLog string value.";
    private const string Corrupted = "INVALIDOBJ Corrupted HLL object detected";
    private const int LongestEmptyBytes = HyperLogLog.HeaderBytes + 2;
    private const int RoomToRaise = 3;

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("pfadd", -2, CommandFlags.Write | DenyOom | Fast, "hyperloglog", "2.8.9", "O(1) for each element.",
            "Adds elements to a HyperLogLog, which is created if there is none.", Add, KeySpec.One(KeyFlags.RW | KeyFlags.Insert),
            "key:key [element:string...]"),
        CommandSpec.Define("pfcount", -2, ReadOnly | MayReplicate, "hyperloglog", "2.8.9", "O(N) where N is the number of keys.",
            "Estimates how many distinct elements were added to HyperLogLogs.", Count, KeySpec.All(KeyFlags.RW | KeyFlags.Access), "key:key..."),
        CommandSpec.Define("pfmerge", -2, CommandFlags.Write | DenyOom, "hyperloglog", "2.8.9", "O(N) where N is the number of keys.",
            "Merges HyperLogLogs into one.", Merge, KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Insert),
            "destkey:key [sourcekey:key...]", moreKeys: [new KeySpec(2, -1, 1, KeyFlags.RO | KeyFlags.Access)]),
        CommandSpec.Define("pfdebug", 3, CommandFlags.Write | DenyOom | Admin, "hyperloglog", "2.8.9", "N/A",
            "Shows the inside of a HyperLogLog.", Debug, new KeySpec(2, 2, 1, KeyFlags.RW | KeyFlags.Access), "subcommand:string key:key"),
        CommandSpec.Define("pfselftest", 1, Admin, "hyperloglog", "2.8.9", "N/A", "Checks the registers' encodings and the estimator.",
            SelfTest, scope: ShardScope.None),
    ];

    /// <summary>The string of a key that exists, or an error that has been replied.</summary>
    private static bool TryBytes(CommandContext context, in KeyHandle key, out ReadOnlySpan<byte> bytes)
    {
        bytes = [];
        if (!context.IsStringOrAbsent(key))
        {
            return false;
        }
        bytes = key.Entry.Encoding == ValueEncoding.Int ? [] : StringValue.Read(key.Entry, []);
        if (HyperLogLog.IsValid(bytes))
        {
            return true;
        }
        context.Reply.Error(NotHyperLogLog);
        return false;
    }

    private static void Add(CommandContext context)
    {
        KeyHandle key = context.Write(1);
        bool created = !key.Exists;
        if (!TryCreate(context, ref key, 1) || !TryBytes(context, key, out ReadOnlySpan<byte> bytes))
        {
            return;
        }
        using Editor editor = new(context, ref key, bytes);
        int changes = created ? 1 : 0;
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            (int register, int value) = HyperLogLog.Locate(context.Argument(i));
            bool isRaised = false;
            if (!editor.TryRaise(register, value, ref isRaised))
            {
                context.Reply.Error(Corrupted);
                return;
            }
            changes += isRaised ? 1 : 0;
        }
        if (changes > 0)
        {
            editor.Store(context, ref key);
            context.Changed(key, KeyEvent.String, "pfadd", changes);
        }
        context.Reply.Integer(changes > 0 ? 1 : 0);
    }

    private static bool TryCreate(CommandContext context, ref KeyHandle key, int index)
    {
        if (key.Exists)
        {
            return context.IsStringOrAbsent(key);
        }
        Span<byte> empty = stackalloc byte[LongestEmptyBytes];
        HyperLogLog.WriteHeader(empty, isDense: false);
        int length = HyperLogLog.HeaderBytes + SparseRegisters.WriteEmpty(empty[HyperLogLog.HeaderBytes..]);
        context.SetString(ref key, empty[..length], ITableEntry.NoExpiry);
        key = context.Open(index);
        return true;
    }

    /// <summary>
    /// Raises registers: dense ones in place, sparse ones in a copy that takes the string's place at the end, and that turns
    /// dense when it can't hold a value or grows too long.
    /// </summary>
    private ref struct Editor
    {
        private readonly Scratch<byte> _copy;
        private readonly bool _hasCopy;
        private readonly long _sparseLimitBytes;
        private Span<byte> _bytes;
        private int _length;
        private bool _isDense;

        internal Editor(CommandContext context, scoped ref KeyHandle key, scoped ReadOnlySpan<byte> bytes)
        {
            _sparseLimitBytes = context.Limits.HllSparseMaxBytes;
            _isDense = HyperLogLog.IsDense(bytes);
            _length = bytes.Length;
            if (_isDense)
            {
                _bytes = context.Reshape(ref key, bytes.Length);
                return;
            }
            _copy = new Scratch<byte>();
            _hasCopy = true;
            _bytes = _copy.Items.Extend(Math.Max(HyperLogLog.DenseBytes, bytes.Length + RoomToRaise));
            bytes.CopyTo(_bytes);
        }

        /// <summary>Raises a register; false if the string is damaged.</summary>
        internal bool TryRaise(int register, int value, ref bool changed)
        {
            if (!_isDense)
            {
                int length = _length - HyperLogLog.HeaderBytes;
                switch (SparseRegisters.Raise(_bytes[HyperLogLog.HeaderBytes..], ref length, register, value))
                {
                    case SparseRegisters.Outcome.Unchanged:
                        return true;
                    case SparseRegisters.Outcome.Damaged:
                        return false;
                    case SparseRegisters.Outcome.Changed:
                        _length = length + HyperLogLog.HeaderBytes;
                        changed = true;
                        return _length <= Math.Min(_sparseLimitBytes, _bytes.Length - RoomToRaise) || TryTurnDense();
                }
                if (!TryTurnDense())
                {
                    return false;
                }
            }
            changed |= HyperLogLog.RaiseDense(_bytes[HyperLogLog.HeaderBytes..HyperLogLog.DenseBytes], register, value);
            return true;
        }

        /// <summary>Makes the registers dense, if they are not.</summary>
        internal bool TryTurnDense()
        {
            if (_isDense)
            {
                return true;
            }
            byte[] registers = new byte[HyperLogLog.Registers];
            if (!SparseRegisters.TryMerge(registers, _bytes[HyperLogLog.HeaderBytes.._length]))
            {
                return false;
            }
            HyperLogLog.WriteHeader(_bytes, isDense: true);
            HyperLogLog.PackDense(_bytes[HyperLogLog.HeaderBytes..HyperLogLog.DenseBytes], registers);
            _length = HyperLogLog.DenseBytes;
            _isDense = true;
            return true;
        }

        /// <summary>Writes the registers back, and notes that the cached cardinality is no longer true.</summary>
        internal readonly void Store(CommandContext context, scoped ref KeyHandle key)
        {
            HyperLogLog.Invalidate(_bytes);
            if (_hasCopy)
            {
                _bytes[.._length].CopyTo(context.Reshape(ref key, _length));
            }
        }

        public readonly void Dispose()
        {
            if (_hasCopy)
            {
                _copy.Dispose();
            }
        }
    }

    private static void Count(CommandContext context)
    {
        if (context.ArgumentCount > 2)
        {
            CountUnion(context);
            return;
        }
        KeyHandle key = context.Read(1);
        if (!key.Exists)
        {
            context.Reply.Integer(0);
            return;
        }
        if (!TryBytes(context, key, out ReadOnlySpan<byte> bytes))
        {
            return;
        }
        if (!HyperLogLog.TryCached(bytes, out ulong cardinality))
        {
            Span<byte> registers = stackalloc byte[HyperLogLog.Registers];
            registers.Clear();
            if (!TryMerge(registers, bytes))
            {
                context.Reply.Error(Corrupted);
                return;
            }
            cardinality = HyperLogLog.Estimate(registers);
            HyperLogLog.SetCached(context.Reshape(ref key, bytes.Length), cardinality);
            context.Changed(key, KeyEvent.None, "");
        }
        context.Reply.Integer((long)cardinality);
    }

    private static bool TryMerge(scoped Span<byte> registers, scoped ReadOnlySpan<byte> bytes)
    {
        if (!HyperLogLog.IsDense(bytes))
        {
            return SparseRegisters.TryMerge(registers, bytes[HyperLogLog.HeaderBytes..]);
        }
        HyperLogLog.MergeDense(registers, bytes[HyperLogLog.HeaderBytes..]);
        return true;
    }

    private static void CountUnion(CommandContext context)
    {
        Span<byte> registers = stackalloc byte[HyperLogLog.Registers];
        registers.Clear();
        if (TryMergeKeys(context, registers, 1, out _))
        {
            context.Reply.Integer((long)HyperLogLog.Estimate(registers));
        }
    }

    /// <summary>Merges all keys from an argument on; false if an error has been replied.</summary>
    private static bool TryMergeKeys(CommandContext context, Span<byte> registers, int first, out bool isAnyDense)
    {
        isAnyDense = false;
        for (int i = first; i < context.ArgumentCount; i++)
        {
            KeyHandle key = context.Read(i);
            if (!key.Exists)
            {
                continue;
            }
            if (!TryBytes(context, key, out ReadOnlySpan<byte> bytes))
            {
                return false;
            }
            isAnyDense |= HyperLogLog.IsDense(bytes);
            if (!TryMerge(registers, bytes))
            {
                context.Reply.Error(Corrupted);
                return false;
            }
        }
        return true;
    }

    private static void Merge(CommandContext context)
    {
        Span<byte> registers = stackalloc byte[HyperLogLog.Registers];
        registers.Clear();
        if (!TryMergeKeys(context, registers, 1, out bool isAnyDense))
        {
            return;
        }
        KeyHandle key = context.Write(1);
        if (!TryCreate(context, ref key, 1) || !TryBytes(context, key, out ReadOnlySpan<byte> bytes))
        {
            return;
        }
        using Editor editor = new(context, ref key, bytes);
        bool isIntact = !isAnyDense || editor.TryTurnDense();
        bool changed = true;
        for (int i = 0; i < HyperLogLog.Registers && isIntact; i++)
        {
            isIntact = registers[i] == 0 || editor.TryRaise(i, registers[i], ref changed);
        }
        if (!isIntact)
        {
            context.Reply.Error(Corrupted);
            return;
        }
        editor.Store(context, ref key);
        context.Changed(key, KeyEvent.String, "pfadd");
        context.Reply.Ok();
    }

    private static void Debug(CommandContext context)
    {
        if (context.Is(1, "SIMD"))
        {
            HyperLogLog.UsesVectors = !context.Is(2, "OFF");
            context.Reply.Ok();
            return;
        }
        KeyHandle key = context.Write(2);
        if (!key.Exists)
        {
            context.Reply.Error("ERR The specified key does not exist");
            return;
        }
        if (!TryBytes(context, key, out ReadOnlySpan<byte> bytes))
        {
            return;
        }
        switch (context.Text(1).ToUpperInvariant())
        {
            case "GETREG":
                DebugRegisters(context, ref key, bytes);
                break;
            case "DECODE" when HyperLogLog.IsDense(bytes):
                context.Reply.Error("ERR HLL encoding is not sparse");
                break;
            case "DECODE":
                context.Reply.Bulk(SparseRegisters.Describe(bytes[HyperLogLog.HeaderBytes..]));
                break;
            case "ENCODING":
                context.Reply.Simple(Encoding.ASCII.GetBytes(HyperLogLog.IsDense(bytes) ? "dense" : "sparse"));
                break;
            case "TODENSE":
                context.Reply.Integer(TurnDense(context, ref key, bytes) ? 1 : 0);
                break;
            default:
                context.Reply.Error($"ERR Unknown PFDEBUG subcommand '{context.Shown(1)}'");
                break;
        }
    }

    private static bool TurnDense(CommandContext context, scoped ref KeyHandle key, scoped ReadOnlySpan<byte> bytes)
    {
        if (HyperLogLog.IsDense(bytes))
        {
            return false;
        }
        using Editor editor = new(context, ref key, bytes);
        if (!editor.TryTurnDense())
        {
            return false;
        }
        editor.Store(context, ref key);
        context.Changed(key, KeyEvent.None, "");
        return true;
    }

    private static void DebugRegisters(CommandContext context, scoped ref KeyHandle key, scoped ReadOnlySpan<byte> bytes)
    {
        Span<byte> registers = stackalloc byte[HyperLogLog.Registers];
        registers.Clear();
        if (!TryMerge(registers, bytes))
        {
            context.Reply.Error(Corrupted);
            return;
        }
        TurnDense(context, ref key, bytes);
        context.Reply.Array(HyperLogLog.Registers);
        foreach (byte register in registers)
        {
            context.Reply.Integer(register);
        }
    }

    /// <summary>Fills registers at random in both encodings and compares; then lets the estimator prove its error bound.</summary>
    private static void SelfTest(CommandContext context)
    {
        const double expectedError = 1.04 / 128, allowedErrors = 4;
        byte[] dense = new byte[HyperLogLog.DenseBytes], registers = new byte[HyperLogLog.Registers];
        byte[] element = new byte[8];
        for (ulong added = 1, checkAt = 1; added <= 1_000_000; added++)
        {
            BitConverter.TryWriteBytes(element, added ^ 0x1234567812345678);
            (int register, int value) = HyperLogLog.Locate(element);
            HyperLogLog.RaiseDense(dense.AsSpan(HyperLogLog.HeaderBytes), register, value);
            registers[register] = (byte)Math.Max(registers[register], value);
            if (added != checkAt)
            {
                continue;
            }
            checkAt *= 10;
            byte[] merged = new byte[HyperLogLog.Registers];
            HyperLogLog.MergeDense(merged, dense.AsSpan(HyperLogLog.HeaderBytes));
            double error = Math.Abs((double)HyperLogLog.Estimate(merged) - added);
            if (!merged.AsSpan().SequenceEqual(registers) || error > Math.Max(10, expectedError * allowedErrors * added))
            {
                context.Reply.Error("ERR TESTFAILED Too big error or wrong registers");
                return;
            }
        }
        context.Reply.Ok();
    }
}
