using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>
/// A string value that a reply sends from where it lies, in the shard's memory. The key may be changed or deleted meanwhile:
/// the value's block stays as it is until the reply is sent.
/// </summary>
public sealed unsafe class LentValue : SharedBytes
{
    /// <summary>Shorter values are copied, which is faster than sending them apart.</summary>
    public const int SmallestBytes = 64 << 10;

    private readonly ValueBlock _block;
    private readonly Shard _shard;

    /// <summary>Lends a value of a shard that the caller has borrowed; the loan begins with the first owner.</summary>
    public LentValue(ValueBlock block, Shard shard)
    {
        shard.AssertBorrowed();
        (_block, _shard) = (block, shard);
        Length = block.Length;
        fixed (byte* start = block.Span)
        {
            Start = start;
        }
    }

    /// <inheritdoc/>
    public override bool IsCounted => false;

    /// <inheritdoc/>
    public override void AddOwner() => _block.Lend();

    /// <inheritdoc/>
    public override void Release()
    {
        if (_block.EndLoan())
        {
            _shard.Returned.Enqueue(_block);
        }
    }
}
