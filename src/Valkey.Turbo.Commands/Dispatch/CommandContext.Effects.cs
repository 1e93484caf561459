using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Commands;

/// <content>What a command did: changed keys, events of keys, and what the journal gets in place of the command as it was sent.</content>
public sealed partial class CommandContext
{
    /// <summary>
    /// Notes that the command changed a key. Everything that watches changes (the journal now; WATCH, tracking and
    /// notifications as they come) hears of it here.
    /// </summary>
    public void Changed() => _changes++;

    /// <summary>Notes that the command changed a key, and what happened to it.</summary>
    /// <param name="key">The key, which may be gone by now.</param>
    /// <param name="kind">The class of the event, as in <c>notify-keyspace-events</c>.</param>
    /// <param name="name">The event's name.</param>
    /// <param name="count">How many changes that is; 0 for what another change brings about.</param>
    public void Changed(in KeyHandle key, KeyEvent kind, string name, long count = 1)
    {
        _changes += count;
        key.Keyspace.Shard.NoteChange(Worker, key.Keyspace.Database, key.Name);
        Announce(key, kind, name);
    }

    /// <summary>
    /// Notes a change to what a stream remembers besides its entries: neither WATCH nor client-side caching hear of it, as in Valkey.
    /// </summary>
    public void ChangedAside(in KeyHandle key, KeyEvent kind, string name)
    {
        _changes++;
        Announce(key, kind, name);
    }

    /// <summary>Announces an event that is no change by itself, such as the second of two that one change brings about.</summary>
    public void Announce(in KeyHandle key, KeyEvent kind, string name) =>
        Server.KeyEvents.Announce(Worker, kind, name, key.Keyspace.Database, key.Name);

    /// <summary>Starts a record to journal instead of the command as it was sent.</summary>
    public CommandText Record(int wordCount)
    {
        _record.IsDiscarding = !IsJournalling;
        return _record.Begin(wordCount);
    }

    /// <summary>Adds a word to the record.</summary>
    public void Append(ReadOnlySpan<byte> word) => _record.Add(word);

    /// <summary>Adds an integer to the record.</summary>
    public void Append(long word) => _record.Add(word);

    /// <summary>Journals the record over all shards held, in place of the command itself.</summary>
    public void JournalHeld()
    {
        _isJournalled = true;
        if (!IsMuted)
        {
            Worker.JournalHeld(Session.Database, _record.Bytes);
        }
    }

    /// <summary>Journals the record begun by <see cref="Record"/>, in place of the command itself.</summary>
    public void Journal(in KeyHandle key)
    {
        _isJournalled = true;
        if (!IsMuted)
        {
            Worker.Journal(key.Keyspace.Shard, key.Keyspace.Database, _record.Bytes);
        }
    }

    /// <summary>Adds a word to records of one command, each of a bounded size, however many words there are.</summary>
    public void AppendPart(in KeyHandle key, ReadOnlySpan<byte> command, ReadOnlySpan<byte> word)
    {
        if (!IsJournalling)
        {
            return;
        }
        _parts.Add(word);
        if (++_partCount == MostParts || _parts.Bytes.Length > LargestPartsBytes)
        {
            JournalParts(key, command);
        }
    }

    /// <summary>Journals the words that were added and not journalled yet, in place of the command itself.</summary>
    public void JournalParts(in KeyHandle key, ReadOnlySpan<byte> command)
    {
        if (_partCount > 0)
        {
            Record(_partCount + 2).Add(command).Add(key.Name).AddRaw(_parts.Bytes);
            Journal(key);
            _parts.BeginWords();
            _partCount = 0;
        }
    }

    /// <summary>Journals that a key is gone, in place of the command itself: as UNLINK where a directive has such deletions free lazily.</summary>
    public void JournalDeletion(in KeyHandle key, FlagDirective lazily)
    {
        Record(2).Add(lazily.IsSet ? "UNLINK"u8 : "DEL"u8).Add(key.Name);
        Journal(key);
    }

    /// <summary>Whether records are wanted at all.</summary>
    public bool IsJournalling => Server.Journal is not null && !IsMuted;
}
