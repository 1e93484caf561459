using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Valkey.Turbo.Scripting;

/// <summary>The SHA1 of a script, by which clients name it.</summary>
public readonly record struct ScriptDigest(ulong First, ulong Second, uint Third)
{
    /// <summary>Digits of its text.</summary>
    public const int TextBytes = 40;

    /// <summary>The digest of a script.</summary>
    public static ScriptDigest Of(ReadOnlySpan<byte> source)
    {
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // The protocol says that scripts are named so.
        SHA1.HashData(source, hash);
#pragma warning restore CA5350
        return FromBytes(hash);
    }

    /// <summary>Reads hexadecimal digits of either case.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ScriptDigest digest)
    {
        digest = default;
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        if (text.Length != TextBytes || Convert.FromHexString(text, hash, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }
        digest = FromBytes(hash);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{First:x16}{Second:x16}{Third:x8}";

    private static ScriptDigest FromBytes(ReadOnlySpan<byte> hash) => new(
        BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[8..]), BinaryPrimitives.ReadUInt32BigEndian(hash[16..]));
}
