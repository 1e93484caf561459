using System.Runtime.InteropServices;

namespace Valkey.Turbo.Native;

/// <summary>A completion queue entry of io_uring, 16 bytes, as the kernel lays it out.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
public readonly struct Completion
{
    /// <summary>The cookie of the submission.</summary>
    public readonly ulong UserData;
    /// <summary>Bytes, a descriptor, or a negated error number.</summary>
    public readonly int Result;
    private readonly uint _flags;

    /// <summary>Whether a provided buffer carries the data.</summary>
    public bool HasBuffer => (_flags & 1) != 0;
    /// <summary>Whether a multishot operation stays armed.</summary>
    public bool HasMore => (_flags & 2) != 0;
    /// <summary>Whether the kernel goes on filling the provided buffer behind this data; only with incremental ones.</summary>
    public bool BufferStays => (_flags & 16) != 0;
    /// <summary>Which provided buffer, when <see cref="HasBuffer"/>.</summary>
    public int BufferId => (int)(_flags >> 16);
}
