namespace Valkey.Turbo.Structures;

/// <summary>Goes over the entries of a stream within a range of IDs; the stream must not change meanwhile.</summary>
public struct StreamEnumerator
{
    private readonly StreamValue _stream;
    private readonly StreamId _start;
    private readonly StreamId _end;
    private readonly bool _isReverse;
    private StreamBlock _block;
    private bool _hasBlock;
    private bool _isOver;
    private bool _isStarted;
    private StreamId _from;

    internal StreamEnumerator(StreamValue stream, StreamId start, StreamId end, bool isReverse)
    {
        (_stream, _start, _end, _isReverse) = (stream, start, end, isReverse);
        _isOver = start > end;
    }

    /// <summary>The ID of the entry now visited.</summary>
    public readonly StreamId Id => _block.Id;

    /// <summary>How many fields it has.</summary>
    public readonly int FieldCount => _block.FieldCount;

    /// <summary>The block that it is in, standing at the entry.</summary>
    public readonly StreamBlock Block => _block;

    /// <summary>Reads its next field, to be called as often as there are fields.</summary>
    public void ReadField(Span<byte> fieldScratch, Span<byte> valueScratch, out ReadOnlySpan<byte> field, out ReadOnlySpan<byte> value) =>
        _block.ReadField(fieldScratch, valueScratch, out field, out value);

    public bool MoveNext()
    {
        while (!_isOver)
        {
            if (!_hasBlock && !TryEnterBlock())
            {
                _isOver = true;
                break;
            }
            while (_isReverse ? _block.MovePrevious() : _block.MoveNext())
            {
                bool isDeleted = (_block.Flags & StreamBlock.DeletedFlag) != 0;
                if (_isReverse ? _block.Id < _start : _block.Id > _end)
                {
                    _isOver = true;
                    return false;
                }
                if (!isDeleted && _block.Id >= _start && _block.Id <= _end)
                {
                    return true;
                }
            }
            LeaveBlock();
        }
        return false;
    }

    private bool TryEnterBlock()
    {
        IdMap blocks = _stream.Blocks;
        StreamId id;
        nint items;
        bool found;
        if (_isReverse)
        {
            found = blocks.TryFloor(_isStarted ? _from : _end, out id, out items);
        }
        else if (_isStarted)
        {
            found = blocks.TryCeiling(_from, out id, out items);
        }
        else
        {
            // The start may lie within the block that begins before it.
            found = blocks.TryFloor(_start, out id, out items) || blocks.TryCeiling(_start, out id, out items);
        }
        _isStarted = true;
        if (!found)
        {
            return false;
        }
        _block = new StreamBlock(id, new Listpack(items));
        if (_isReverse)
        {
            _block.MoveToEnd();
        }
        else
        {
            _block.MoveToStart();
        }
        _hasBlock = true;
        return true;
    }

    private void LeaveBlock()
    {
        _hasBlock = false;
        _isOver = !(_isReverse ? _block.FirstId.TryPrevious(out _from) : _block.FirstId.TryNext(out _from));
    }
}
