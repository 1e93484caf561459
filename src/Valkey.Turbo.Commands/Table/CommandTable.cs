using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Commands;

/// <summary>
/// All commands, found by name in any case. A command is added by writing its row beside its handler and naming the
/// family's rows here.
/// </summary>
public sealed class CommandTable
{
    private readonly record struct Slot(ulong Key, string Name, CommandSpec? Spec);

    private readonly Slot[] _slots;
    private readonly int _mask;
    private readonly int _longestName;
    private readonly Dictionary<string, CommandSpec> _byFullName = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The table of every command the server has.</summary>
    public static CommandTable Instance { get; } = new(
    [
        .. Strings.StringCommands.Rows, .. Strings.CounterCommands.Rows, .. Strings.RangeCommands.Rows,
        .. Strings.MultiKeyStringCommands.Rows, .. Strings.LcsCommand.Rows,
        .. Hashes.HashCommands.Rows, .. Hashes.HashNumberCommands.Rows, .. Hashes.HashBrowseCommands.Rows,
        .. Hashes.FieldExpiryCommands.Rows, .. Hashes.FieldOptionCommands.Rows,
        .. SortedSets.SortedSetCommands.Rows, .. SortedSets.SortedSetRangeCommands.Rows, .. SortedSets.SortedSetPopCommands.Rows,
        .. SortedSets.SortedSetAlgebra.Rows,
        .. Streams.StreamCommands.Rows, .. Streams.StreamReadCommands.Rows, .. Streams.GroupCommands.Rows,
        .. Streams.PendingCommands.Rows, .. Streams.StreamInfoCommand.Rows,
        .. Bitmaps.BitCommands.Rows, .. Bitmaps.BitOpCommand.Rows, .. Bitmaps.BitFieldCommand.Rows,
        .. HyperLogLogs.HyperLogLogCommands.Rows,
        .. Geo.GeoCommands.Rows, .. Geo.GeoSearchCommands.Rows,
        .. Keys.DumpCommands.Rows, .. Keys.SortCommand.Rows,
        .. Sets.SetCommands.Rows, .. Sets.SetAlgebra.Rows, .. Lists.ListCommands.Rows, .. Lists.ListMoveCommands.Rows,
        .. Keys.KeyCommands.Rows, .. Keys.ExpiryCommands.Rows, .. Keys.MoveCommands.Rows, .. Keys.ScanCommands.Rows,
        .. Keys.ObjectCommand.Rows,
        .. Lists.BlockingListCommands.Rows, .. SortedSets.BlockingSortedSetCommands.Rows,
        .. Transactions.TransactionCommands.Rows, .. Channels.SubscribeCommands.Rows, .. Channels.PublishCommands.Rows,
        .. Connection.ConnectionCommands.Rows, .. Connection.ClientCommand.Rows,
        .. Administration.ServerCommands.Rows, .. Administration.ShutdownCommand.Rows, .. Administration.PersistenceCommands.Rows, .. Administration.ConfigCommand.Rows, .. Administration.InfoCommand.Rows,
        .. Scripting.EvalCommands.Rows, .. Scripting.ScriptCommand.Rows, .. Scripting.FunctionCommand.Rows, .. Administration.ClusterCommand.Rows, .. Administration.MonitorCommand.Rows,
        .. Administration.CommandLogCommand.Rows, .. Administration.LatencyCommand.Rows, .. Keys.WaitCommands.Rows,
        .. Administration.CommandCommand.Rows, .. Administration.MemoryCommand.Rows, .. Administration.DebugCommand.Rows,
    ]);

    private CommandTable(CommandSpec[] rows)
        : this(rows.ToDictionary(row => row.Name, StringComparer.OrdinalIgnoreCase))
    {
        List<CommandSpec> all = [];
        foreach (CommandSpec row in rows)
        {
            Register(row, null, all);
        }
        All = [.. all];
    }

    private CommandTable(CommandTable whole, Dictionary<string, CommandSpec> byName)
        : this(byName)
    {
        All = whole.All;
        foreach ((string name, CommandSpec spec) in byName)
        {
            _byFullName.Add(name, spec);
            foreach (CommandSpec subcommand in spec.Subcommands)
            {
                _byFullName.Add($"{name}|{subcommand.Name}", subcommand);
            }
        }
    }

    private CommandTable(Dictionary<string, CommandSpec> byName)
    {
        All = [];
        TopLevel = [.. byName.Values];
        _slots = new Slot[BitOperations.RoundUpToPowerOf2((uint)byName.Count * 4)];
        _mask = _slots.Length - 1;
        _longestName = byName.Keys.Max(name => name.Length);
        foreach ((string name, CommandSpec spec) in byName)
        {
            ulong key = KeyOf(Encoding.ASCII.GetBytes(name));
            int at = IndexOf(key);
            while (_slots[at].Spec is not null)
            {
                at = at + 1 & _mask;
            }
            _slots[at] = new Slot(key, name, spec);
        }
    }

    /// <summary>The commands of a server whose configuration may give some of them other names, or none.</summary>
    /// <exception cref="ConfigException">There is no such command, or another has the name.</exception>
    public static CommandTable For(ServerConfig config) => config.CommandRenames.Count == 0
        ? Instance
        : new CommandTable(Instance, Rename(config.CommandRenames));

    /// <summary>The same with the commands' own names besides, as logs have both: commands as they came, and what the server made of them.</summary>
    public static CommandTable ForReplay(ServerConfig config)
    {
        Dictionary<string, CommandSpec> byName = Rename(config.CommandRenames);
        foreach (CommandSpec spec in Instance.TopLevel)
        {
            byName.TryAdd(spec.Name, spec);
        }
        return new CommandTable(Instance, byName);
    }

    private static Dictionary<string, CommandSpec> Rename(IEnumerable<CommandRename> renames)
    {
        Dictionary<string, CommandSpec> byName = Instance.TopLevel.ToDictionary(row => row.Name, StringComparer.OrdinalIgnoreCase);
        foreach (CommandRename rename in renames)
        {
            if (!byName.Remove(rename.From, out CommandSpec? spec))
            {
                throw rename.Line.Error("No such command in rename-command");
            }
            if (rename.To.Length > 0 && !byName.TryAdd(rename.To, spec))
            {
                throw rename.Line.Error("Target command name already exists");
            }
        }
        return byName;
    }

    /// <summary>Commands without their subcommands, in the order of their families.</summary>
    public IReadOnlyList<CommandSpec> TopLevel { get; }

    /// <summary>Commands and subcommands; a command's <see cref="CommandSpec.Id"/> is its index.</summary>
    public CommandSpec[] All { get; }

    /// <summary>Finds a command by its name.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public CommandSpec? Find(ReadOnlySpan<byte> name)
    {
        if ((uint)(name.Length - 1) >= (uint)_longestName)
        {
            return null;
        }
        ulong key = KeyOf(name);
        for (int at = IndexOf(key); _slots[at].Spec is CommandSpec spec; at = at + 1 & _mask)
        {
            ref Slot slot = ref _slots[at];
            if (slot.Key == key && slot.Name.Length == name.Length && (name.Length <= 8 || Ascii.EqualsIgnoreCase(name, slot.Name)))
            {
                return spec;
            }
        }
        return null;
    }

    /// <summary>Finds a command or a subcommand (<c>container|name</c>).</summary>
    public CommandSpec? FindByFullName(string name) => _byFullName.GetValueOrDefault(name);

    /// <summary>Finds a subcommand of a container.</summary>
    public static CommandSpec? FindSubcommand(CommandSpec container, ReadOnlySpan<byte> name)
    {
        foreach (CommandSpec spec in container.Subcommands)
        {
            if (Ascii.EqualsIgnoreCase(name, spec.Name))
            {
                return spec;
            }
        }
        return null;
    }

    private void Register(CommandSpec spec, CommandSpec? container, List<CommandSpec> all)
    {
        spec.Container = container;
        spec.FullName = container is null ? spec.Name : $"{container.Name}|{spec.Name}";
        spec.Id = all.Count;
        spec.IsBrief = spec.Complexity.StartsWith("O(1)", StringComparison.Ordinal)
            || spec.Complexity.StartsWith("O(log", StringComparison.Ordinal)
            || spec.Complexity.EndsWith(" given.", StringComparison.Ordinal);
        spec.HasSeveralKeys = spec.Keys.HasKeys && spec.Keys.Flags != KeyFlags.NotKey
            && (spec.Keys.First != spec.Keys.Last || Array.Exists(spec.MoreKeys, keys => keys.HasKeys));
        all.Add(spec);
        _byFullName.Add(spec.FullName, spec);
        foreach (CommandSpec subcommand in spec.Subcommands)
        {
            Register(subcommand, spec, all);
        }
    }

    private int IndexOf(ulong key) => (int)(key * 0x9E3779B97F4A7C15 >> 40) & _mask;

    /// <summary>The first eight bytes in lower case, which tell nearly all names apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong KeyOf(ReadOnlySpan<byte> name)
    {
        const ulong lowerCase = 0x2020202020202020;
        ref byte first = ref MemoryMarshal.GetReference(name);
        int length = name.Length;
        ulong key;
        if (length >= 8)
        {
            key = Unsafe.ReadUnaligned<ulong>(ref first) | lowerCase;
        }
        else if (length >= 4)
        {
            key = Unsafe.ReadUnaligned<uint>(ref first)
                | (ulong)Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, length - 4)) << ((length - 4) * 8)
                | lowerCase >> ((8 - length) * 8);
        }
        else
        {
            key = first;
            for (int i = 1; i < length; i++)
            {
                key |= (ulong)Unsafe.Add(ref first, i) << (i * 8);
            }
            key |= lowerCase >> ((8 - length) * 8);
        }
        return key;
    }
}
