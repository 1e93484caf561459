using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Valkey.Turbo.Lua;

/// <summary>A range of an array that verified code indexes without bounds checks.</summary>
/// <remarks>
/// The range is checked against the array when it is made; <see cref="Compiler.CodeVerifier"/> has checked that the code
/// stays inside the range. Checked builds check every access. This is the only place where accesses are not checked.
/// </remarks>
internal readonly ref struct Verified<T>
{
    private readonly ref T _first;
#if CHECKED
    private readonly int _length;
#endif

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Verified(T[] array, int start, int length)
    {
        if ((uint)start > (uint)array.Length || (uint)length > (uint)(array.Length - start))
        {
            OutOfRange();
        }
        _first = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(array), start);
#if CHECKED
        _length = length;
#endif
    }

    internal ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
#if CHECKED
            if ((uint)index >= (uint)_length)
            {
                OutOfRange();
            }
#endif
            return ref Unsafe.Add(ref _first, index);
        }
    }

    private static void OutOfRange() => throw new InvalidOperationException("verified code left its range");
}
