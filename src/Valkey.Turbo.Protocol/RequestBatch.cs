using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Protocol;

/// <summary>An argument's place in the bytes it was framed from, relative to the start of its request.</summary>
public struct ArgumentSlice
{
    public int Offset;
    public int Length;
}

/// <summary>
/// The requests framed from one stretch of input. Owned by one thread and used again and again; the arguments point into
/// the input, which must stay where it is until the batch has run.
/// </summary>
/// <param name="memory">Where the memory of requests that are not whole yet is counted, or null.</param>
public sealed unsafe class RequestBatch(ByteCounter? memory = null) : IDisposable
{
    /// <summary>The most requests in one batch: enough to hide memory latency, few enough to stay in the first cache level.</summary>
    public const int MaxRequests = 64;

    private const int SavedAtOnce = 1 << 20;
    private readonly int[] _argumentStart = new int[MaxRequests + 1];
    private readonly nint[] _requestBase = new nint[MaxRequests];
    private ArgumentSlice* _arguments = (ArgumentSlice*)NativeMemory.Alloc(256, (nuint)sizeof(ArgumentSlice));
    private int _argumentCapacity = 256;
    private int _argumentCount;

    /// <summary>How many whole requests there are.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of all requests, as they were framed.</summary>
    public long TotalBytes { get; private set; }

    /// <summary>Bytes of one request, as it was framed.</summary>
    public int RequestBytes(int request)
    {
        ref ArgumentSlice last = ref _arguments[_argumentStart[request + 1] - 1];
        return last.Offset + last.Length + 2;
    }

    /// <summary>How many arguments request <paramref name="request"/> has, its name included.</summary>
    public int ArgumentCount(int request) => _argumentStart[request + 1] - _argumentStart[request];

    /// <summary>An argument; 0 is the name.</summary>
    public ReadOnlySpan<byte> Argument(int request, int index)
    {
        Invariant.Check((uint)request < (uint)Count && (uint)index < (uint)ArgumentCount(request));
        ref ArgumentSlice slice = ref _arguments[_argumentStart[request] + index];
        return new ReadOnlySpan<byte>((byte*)_requestBase[request] + slice.Offset, slice.Length);
    }

    /// <summary>Bytes from the beginning of the first request to that of another, if they lie behind one another.</summary>
    public int OffsetOf(int request) => (int)(_requestBase[request] - _requestBase[0]);

    /// <summary>Appends requests from <paramref name="first"/> on to <paramref name="target"/>, in a form that can be framed again.</summary>
    public void CopyTo(NativeBuffer target, int first) => CopyTo(target, first, Count - first);

    /// <summary>Appends some requests to <paramref name="target"/>, in a form that can be framed again.</summary>
    public void CopyTo(NativeBuffer target, int first, int count)
    {
        using CommandText text = new();
        for (int request = first; request < first + count; request++)
        {
            text.Begin(ArgumentCount(request));
            for (int i = 0; i < ArgumentCount(request); i++)
            {
                text.Add(Argument(request, i));
            }
            target.Append(text.Bytes);
        }
    }

    /// <summary>Forgets all requests. Memory that a huge request took is given back.</summary>
    public void Clear()
    {
        Count = 0;
        TotalBytes = 0;
        _argumentCount = 0;
        _argumentStart[0] = 0;
        if (_argumentCapacity > 1 << 16)
        {
            NativeMemory.Free(_arguments);
            _argumentCapacity = 256;
            _arguments = (ArgumentSlice*)NativeMemory.Alloc((nuint)_argumentCapacity, (nuint)sizeof(ArgumentSlice));
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(_arguments);
        _arguments = null;
    }

    /// <summary>Adds an argument to the request being framed.</summary>
    internal void AddArgument(int offset, int length)
    {
        if (_argumentCount == _argumentCapacity)
        {
            _argumentCapacity *= 2;
            _arguments = (ArgumentSlice*)NativeMemory.Realloc(_arguments, (nuint)_argumentCapacity * (nuint)sizeof(ArgumentSlice));
        }
        _arguments[_argumentCount++] = new ArgumentSlice { Offset = offset, Length = length };
    }

    /// <summary>Ends the request being framed.</summary>
    internal void EndRequest(byte* requestBase)
    {
        _requestBase[Count] = (nint)requestBase;
        _argumentStart[++Count] = _argumentCount;
        TotalBytes += RequestBytes(Count - 1);
    }

    /// <summary>How many arguments the request being framed has so far.</summary>
    internal int UnfinishedCount => _argumentCount - _argumentStart[Count];

    /// <summary>Saves the arguments of the request being framed; <paramref name="saved"/> is made if need be.</summary>
    internal void SaveUnfinished(ref NativeBuffer? saved)
    {
        saved ??= new NativeBuffer(memory);
        saved.Clear();
        for (int at = _argumentStart[Count]; at < _argumentCount; at += SavedAtOnce)
        {
            int count = Math.Min(SavedAtOnce, _argumentCount - at);
            saved.Append(new ReadOnlySpan<byte>(_arguments + at, count * sizeof(ArgumentSlice)));
        }
    }

    /// <summary>Goes on with a request whose first arguments were saved.</summary>
    internal void AddSaved(NativeBuffer saved)
    {
        for (long at = 0; at < saved.Length; at += (long)SavedAtOnce * sizeof(ArgumentSlice))
        {
            Span<byte> part = saved.From(at);
            foreach (ArgumentSlice argument in MemoryMarshal.Cast<byte, ArgumentSlice>(part[..Math.Min(part.Length, SavedAtOnce * sizeof(ArgumentSlice))]))
            {
                AddArgument(argument.Offset, argument.Length);
            }
        }
    }

    /// <summary>Drops the arguments of the request being framed.</summary>
    internal void DropUnfinished() => _argumentCount = _argumentStart[Count];
}
