using System.Buffers.Binary;

namespace Valkey.Turbo.Engine;

/// <summary>A key together with its database, as one byte string, for tables over all databases: four bytes of number, then the key.</summary>
internal static class KeyName
{
    /// <summary>Room on the stack for most names.</summary>
    internal const int ScratchBytes = 256;

    /// <summary>Puts a name together in <paramref name="scratch"/>, or on the heap if it is too long for that.</summary>
    internal static ReadOnlySpan<byte> Of(int database, ReadOnlySpan<byte> key, Span<byte> scratch)
    {
        int length = sizeof(int) + key.Length;
        Span<byte> name = length <= scratch.Length ? scratch[..length] : new byte[length];
        BinaryPrimitives.WriteInt32LittleEndian(name, database);
        key.CopyTo(name[sizeof(int)..]);
        return name;
    }

    /// <summary>The database of a name.</summary>
    internal static int Database(ReadOnlySpan<byte> name) => BinaryPrimitives.ReadInt32LittleEndian(name);

    /// <summary>The key of a name.</summary>
    internal static ReadOnlySpan<byte> Key(ReadOnlySpan<byte> name) => name[sizeof(int)..];
}
