using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// One cache line of a <see cref="HashTable{TEntry}"/>: ten places, each a tag and a reference.
/// <code>
/// 0          10       14                                                    64
/// | tag × 10 | state  | reference × 10 (5 bytes each)                       |
/// state (32 bits): | chained 1 | deadline 21 | expiring 10 |
/// </code>
/// A tag is 8 bits of the hash, never 0; 0 marks a free place. A reference is an address in the heap divided by 8,
/// relative to <see cref="Heap.BaseAddress"/>: 40 bits reach 8 TiB. When <c>chained</c> is set, the tenth place refers to an
/// overflow bucket. <c>expiring</c> has a bit for every place whose entry expires, and <c>deadline</c> bounds the earliest
/// of their expiries from below, in units of 1,024 ms modulo 2²¹: that is the whole expiry index.
/// </summary>
internal readonly unsafe struct Bucket(byte* address)
{
    internal const int Bytes = 64;
    internal const int Places = 10;
    internal const int LinkPlace = Places - 1;

    private const int StateOffset = 10;
    // A reference is read as the upper 40 bits of the 8 bytes that end where it ends, which stays inside the line.
    private const int ReferenceOffset = 14 - 3;
    private const uint ChainedBit = 1u << 31;
    private const uint ExpiringMask = (1u << Places) - 1;
    private const int DeadlineShift = Places;
    internal const uint DeadlineMask = (1u << 21) - 1;
    private const int PlacesMask = (1 << Places) - 1;

    internal byte* Address { get; } = address;

    internal bool IsNull => Address == null;

    private ref uint State => ref Unsafe.AsRef<uint>(Address + StateOffset);

    internal bool IsChained => (State & ChainedBit) != 0;

    internal uint Expiring => State & ExpiringMask;

    internal uint Deadline
    {
        get => State >> DeadlineShift & DeadlineMask;
        set => State = State & (ChainedBit | ExpiringMask) | value << DeadlineShift;
    }

    /// <summary>The overflow bucket, or null.</summary>
    internal Bucket Next => IsChained ? new Bucket((byte*)Entry(LinkPlace)) : default;

    /// <summary>Places that hold entries, as a mask.</summary>
    internal int Occupied => ~Match(0) & PlacesMask & (IsChained ? ~(1 << LinkPlace) : -1);

    /// <summary>Places that are free, as a mask.</summary>
    internal int Free => Match(0) & (IsChained ? ~(1 << LinkPlace) : -1);

    /// <summary>Places whose tag is <paramref name="tag"/>, as a mask. The link place may match; its entry never equals a key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Match(byte tag)
    {
        if (Vector128.IsHardwareAccelerated)
        {
            Vector128<byte> tags = Vector128.Load(Address);
            return (int)Vector128.Equals(tags, Vector128.Create(tag)).ExtractMostSignificantBits() & PlacesMask;
        }
        return MatchScalar(tag);
    }

    /// <summary>The scalar twin of <see cref="Match"/>.</summary>
    internal int MatchScalar(byte tag)
    {
        int mask = 0;
        for (int place = 0; place < Places; place++)
        {
            mask |= Address[place] == tag ? 1 << place : 0;
        }
        return mask;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal nint Entry(int place)
    {
        Invariant.Check((uint)place < Places);
        ulong word = Unsafe.ReadUnaligned<ulong>(Address + ReferenceOffset + 5 * place);
        return Heap.BaseAddress + (nint)(word >> 24 << 3);
    }

    internal byte Tag(int place) => Address[place];

    /// <summary>Puts an entry into a place, or replaces the one that is there.</summary>
    internal void Set(int place, byte tag, nint entry, bool expires)
    {
        Invariant.Check((uint)place < Places && tag != 0);
        Address[place] = tag;
        SetReference(place, entry);
        SetExpiring(place, expires);
    }

    internal void SetExpiring(int place, bool expires)
    {
        uint bit = 1u << place;
        State = expires ? State | bit : State & ~bit;
    }

    internal void Clear(int place)
    {
        Address[place] = 0;
        SetExpiring(place, false);
    }

    internal void Link(Bucket next)
    {
        // Any tag but 0 will do: a chained bucket's masks leave this place out.
        Address[LinkPlace] = 1;
        SetReference(LinkPlace, (nint)next.Address);
        SetExpiring(LinkPlace, false);
        State |= ChainedBit;
    }

    internal void Unlink()
    {
        Address[LinkPlace] = 0;
        State &= ~ChainedBit;
    }

    private void SetReference(int place, nint target)
    {
        ulong reference = (ulong)(target - Heap.BaseAddress) >> 3;
        Invariant.Check((target & 7) == 0 && reference < 1UL << 40);
        byte* at = Address + ReferenceOffset + 5 * place;
        Unsafe.WriteUnaligned(at, Unsafe.ReadUnaligned<ulong>(at) & 0xFFFFFF | reference << 24);
    }
}
