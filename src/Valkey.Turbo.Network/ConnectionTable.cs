namespace Valkey.Turbo.Network;

/// <summary>
/// The connections of one reactor by slot. A generation number tells a late event of a closed connection from one of the
/// next connection in the same slot.
/// </summary>
internal sealed class ConnectionTable
{
    private readonly List<Connection?> _slots = [];
    private readonly List<uint> _generations = [];
    private readonly Stack<int> _free = new();

    internal int Count { get; private set; }

    /// <summary>Slots that may hold a connection, for iteration by index.</summary>
    internal int SlotCount => _slots.Count;

    internal Connection? this[int slot] => _slots[slot];

    internal void Add(Connection connection)
    {
        if (!_free.TryPop(out int slot))
        {
            slot = _slots.Count;
            _slots.Add(null);
            _generations.Add(0);
        }
        _slots[slot] = connection;
        connection.Slot = slot;
        connection.Generation = _generations[slot];
        Count++;
    }

    internal Connection? Find(int slot, uint generation) =>
        slot < _slots.Count && _slots[slot] is { } connection && connection.Generation == generation ? connection : null;

    internal void Remove(Connection connection)
    {
        _slots[connection.Slot] = null;
        _generations[connection.Slot]++;
        _free.Push(connection.Slot);
        Count--;
    }
}
