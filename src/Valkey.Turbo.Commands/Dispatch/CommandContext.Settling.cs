using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Commands;

/// <content>
/// What is done about the keys of a command before its handler opens any: they are drawn near, and those that have expired are removed.
/// A removal moves other entries of its table, so once handles are held no lookup may remove anything; and none does, but that of
/// a command's only key.
/// </content>
public sealed partial class CommandContext
{
    private const int KeysAtOnce = 32;
    private readonly int[] _settling = new int[KeysAtOnce];
    private readonly ulong[] _settlingHashes = new ulong[KeysAtOnce];
    private readonly Keyspace[] _settlingKeyspaces = new Keyspace[KeysAtOnce];

    /// <summary>Settles the keys of a command that may have several, whose cache misses then run side by side.</summary>
    internal void SettleKeys()
    {
        int count = 0;
        foreach (int position in KeyPositions.Of(Command, _batch, _request))
        {
            ReadOnlySpan<byte> name = Argument(position);
            bool isFirst = position == Command.Keys.First;
            ulong hash = isFirst ? _firstKeyHash : KeyHash.Of(name);
            Keyspace keyspace = Server.Shards[isFirst ? _firstKeyShard : Server.ShardOf(name)].Keyspaces[Session.Database];
            keyspace.Table.PrefetchBucket(hash);
            (_settling[count], _settlingHashes[count], _settlingKeyspaces[count]) = (position, hash, keyspace);
            if (++count == KeysAtOnce)
            {
                Settle(count);
                count = 0;
            }
        }
        Settle(count);
    }

    /// <summary>Removes a key that is no key argument, and that the command may write, if it has expired. Its shard must be held.</summary>
    public void Settle(ReadOnlySpan<byte> name, int database) =>
        Server.Shards[Server.ShardOf(name)].Keyspaces[database].Find(Worker, name, KeyHash.Of(name));

    private void Settle(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _settlingKeyspaces[i].Table.PrefetchEntry(_settlingHashes[i]);
        }
        for (int i = 0; i < count; i++)
        {
            if (_settlingKeyspaces[i].Table.ExpiringCount > 0)
            {
                _settlingKeyspaces[i].Find(Worker, Argument(_settling[i]), _settlingHashes[i]);
            }
        }
    }
}
