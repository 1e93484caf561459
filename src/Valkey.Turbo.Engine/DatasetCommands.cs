using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Engine;

/// <summary>Writes all databases as the commands that would make them. The calling thread holds every shard.</summary>
internal sealed class DatasetCommands
{
    // As many elements as Valkey puts in a command.
    private const int ElementsPerCommand = 64;

    private readonly CommandText _command = new();
    private readonly Stream _target;
    private readonly ExpiryClock _everything;
    private readonly byte[] _scratch = new byte[StreamId.MaxBytes];
    private readonly byte[] _otherScratch = new byte[StreamId.MaxBytes];
    private long _elementsLeft;
    private int _roomLeft;

    private DatasetCommands(Worker worker, Stream target) => (_target, _everything) = (target, new ExpiryClock(worker.NowUnixMs, SeesExpired: true));

    /// <summary>Writes everything to a stream.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    internal static void Write(Worker worker, Stream target)
    {
        DatasetCommands commands = new(worker, target);
        foreach (FunctionLibrary library in worker.Server.Functions.Libraries)
        {
            commands.End(commands.Begin(3, "FUNCTION"u8).Add("LOAD"u8).Add(library.Code));
        }
        for (int database = 0; database < worker.Server.Shards[0].Keyspaces.Length; database++)
        {
            if (worker.Server.KeyCount(database) > 0)
            {
                commands.End(commands.Begin(2, "SELECT"u8).Add(database));
            }
            foreach (Shard shard in worker.Server.Shards)
            {
                foreach (nint entry in shard.Keyspaces[database].Table)
                {
                    commands.Write(new Entry(entry), shard.Arena);
                }
            }
        }
        commands._command.Dispose();
    }

    private void Write(Entry entry, Arena arena)
    {
        ReadOnlySpan<byte> key = entry.KeySpan;
        switch (entry.Type)
        {
            case ValueType.String:
                End(Begin(3, "SET"u8).Add(key).Add(StringValue.Read(entry, _scratch)));
                break;
            case ValueType.List:
                WriteList(key, new ListValue(entry, arena));
                break;
            case ValueType.Set:
                WriteSet(key, new SetValue(entry, arena));
                break;
            case ValueType.SortedSet:
                WriteSortedSet(key, new SortedSetValue(entry, arena));
                break;
            case ValueType.Hash:
                WriteHash(key, new HashValue(entry, arena, _everything));
                break;
            case ValueType.Stream:
                WriteStream(key, new StreamValue(entry, arena));
                break;
        }
        if (entry.ExpiresAtUnixMs != ITableEntry.NoExpiry)
        {
            End(Begin(3, "PEXPIREAT"u8).Add(key).Add(entry.ExpiresAtUnixMs));
        }
    }

    private void WriteList(ReadOnlySpan<byte> key, ListValue list)
    {
        BeginElements(list.Count);
        for (ListEnumerator items = list.Enumerate(0); items.MoveNext();)
        {
            BeginElement("RPUSH"u8, key, 1);
            _command.Add(items.Read(_scratch));
            EndElement();
        }
    }

    private void WriteSet(ReadOnlySpan<byte> key, SetValue set)
    {
        BeginElements(set.Count);
        for (SetEnumerator members = set.Enumerate(); members.MoveNext();)
        {
            BeginElement("SADD"u8, key, 1);
            _command.Add(members.Read(_scratch));
            EndElement();
        }
    }

    private void WriteSortedSet(ReadOnlySpan<byte> key, SortedSetValue set)
    {
        Span<byte> score = stackalloc byte[DoubleText.MaxBytes];
        BeginElements(set.Count);
        for (SortedSetEnumerator members = set.Enumerate(0, set.Count); members.MoveNext();)
        {
            BeginElement("ZADD"u8, key, 2);
            _command.Add(score[..DoubleText.FormatShortest(members.Score, score)]).Add(members.Member(_scratch));
            EndElement();
        }
    }

    /// <summary>Fields that expire go one by one; the others together.</summary>
    private void WriteHash(ReadOnlySpan<byte> key, HashValue hash)
    {
        BeginElements(hash.IsListpack ? hash.Count : hash.Count - hash.Table.ExpiringCount);
        for (HashEnumerator fields = hash.Enumerate(); fields.MoveNext();)
        {
            if (fields.ExpiresAtUnixMs == ITableEntry.NoExpiry)
            {
                BeginElement("HMSET"u8, key, 2);
                _command.Add(fields.Name(_scratch)).Add(fields.Value(_otherScratch));
                EndElement();
            }
        }
        for (HashEnumerator fields = hash.Enumerate(); fields.MoveNext();)
        {
            if (fields.ExpiresAtUnixMs != ITableEntry.NoExpiry)
            {
                Begin(8, "HSETEX"u8).Add(key).Add("PXAT"u8).Add(fields.ExpiresAtUnixMs).Add("FIELDS"u8).Add(1);
                End(_command.Add(fields.Name(_scratch)).Add(fields.Value(_otherScratch)));
            }
        }
    }

    private void WriteStream(ReadOnlySpan<byte> key, StreamValue stream)
    {
        for (StreamEnumerator entries = stream.Enumerate(StreamId.Min, StreamId.Max); entries.MoveNext();)
        {
            Begin(3 + 2 * entries.FieldCount, "XADD"u8).Add(key).Add(Text(entries.Id));
            for (int i = entries.FieldCount; i > 0; i--)
            {
                entries.ReadField(_scratch, _otherScratch, out ReadOnlySpan<byte> field, out ReadOnlySpan<byte> value);
                _command.Add(field).Add(value);
            }
            End(_command);
        }
        if (stream.Length == 0)
        {
            // Only a stream that is trimmed to nothing may have an ID of 0-1 at least and no entries.
            Begin(7, "XADD"u8).Add(key).Add("MAXLEN"u8).Add(0).Add("0-1"u8).Add("x"u8);
            End(_command.Add("y"u8));
        }
        Begin(7, "XSETID"u8).Add(key).Add(Text(stream.LastId)).Add("ENTRIESADDED"u8).Add(stream.EntriesAdded);
        End(_command.Add("MAXDELETEDID"u8).Add(Text(stream.MaxDeletedId)));
        if (!stream.HasGroups)
        {
            return;
        }
        foreach (nint group in stream.Groups)
        {
            WriteGroup(key, new ConsumerGroup(group), stream.Arena);
        }
    }

    private void WriteGroup(ReadOnlySpan<byte> key, ConsumerGroup group, Arena arena)
    {
        Begin(7, "XGROUP"u8).Add("CREATE"u8).Add(key).Add(group.Name).Add(Text(group.LastId));
        End(_command.Add("ENTRIESREAD"u8).Add(group.EntriesRead));
        foreach (nint address in group.Consumers(arena))
        {
            End(Begin(5, "XGROUP"u8).Add("CREATECONSUMER"u8).Add(key).Add(group.Name).Add(new Consumer(address).Name));
        }
        IdMap pending = group.Pending(arena);
        for (StreamId from = StreamId.Min; pending.TryCeiling(from, out StreamId id, out nint address);)
        {
            PendingEntry entry = new(address);
            Begin(12, "XCLAIM"u8).Add(key).Add(group.Name).Add(entry.Consumer.Name).Add(0).Add(Text(id));
            _command.Add("TIME"u8).Add(entry.DeliveredAtUnixMs).Add("RETRYCOUNT"u8).Add(entry.DeliveryCount);
            End(_command.Add("JUSTID"u8).Add("FORCE"u8));
            if (!id.TryNext(out from))
            {
                break;
            }
        }
    }

    private ReadOnlySpan<byte> Text(StreamId id) => _scratch.AsSpan(0, id.Format(_scratch));

    /// <summary>So many elements will come, to be spread over as many commands as that takes.</summary>
    private void BeginElements(long count) => (_elementsLeft, _roomLeft) = (count, 0);

    private void BeginElement(ReadOnlySpan<byte> name, ReadOnlySpan<byte> key, int words)
    {
        if (_roomLeft == 0)
        {
            _roomLeft = (int)Math.Min(_elementsLeft, ElementsPerCommand);
            _elementsLeft -= _roomLeft;
            Begin(2 + _roomLeft * words, name).Add(key);
        }
    }

    private void EndElement()
    {
        if (--_roomLeft == 0)
        {
            End(_command);
        }
    }

    private CommandText Begin(int words, ReadOnlySpan<byte> name) => _command.Begin(words).Add(name);

    private void End(CommandText command) => _target.Write(command.Bytes);
}
