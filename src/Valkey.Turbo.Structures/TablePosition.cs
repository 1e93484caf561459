using System.Diagnostics;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// Where an entry stands in a table; valid until an entry is added or removed, which may move others. In checked builds it knows
/// the version of its table, and every later use ends the process.
/// </summary>
public readonly unsafe struct TablePosition
{
    internal readonly Bucket Bucket;
    internal readonly int Place;
    internal readonly nint Head;
#if CHECKED
    private readonly long* _tableVersion;
    private readonly long _version;

    internal TablePosition(Bucket head, Bucket bucket, int place, long* tableVersion)
        : this(head, bucket, place)
    {
        _tableVersion = tableVersion;
        _version = *tableVersion;
    }
#endif

    internal TablePosition(Bucket head, Bucket bucket, int place)
    {
        Head = (nint)head.Address;
        Bucket = bucket;
        Place = place;
    }

    /// <summary>Whether nothing was found.</summary>
    public bool IsNone => Bucket.IsNull;

    /// <summary>The entry that stands here.</summary>
    public nint Entry
    {
        get
        {
            CheckVersion();
            return Bucket.Entry(Place);
        }
    }

    /// <summary>Checked builds: ends the process if the table has changed since.</summary>
    [Conditional("CHECKED")]
    internal void CheckVersion()
    {
#if CHECKED
        Invariant.Check(IsNone || *_tableVersion == _version);
#endif
    }
}
