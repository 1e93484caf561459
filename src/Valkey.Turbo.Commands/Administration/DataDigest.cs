using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>
/// A digest of values that does not depend on how they are held: SHA-1 of what is ordered one after another, exclusive or of
/// what is not. The same as Valkey's DEBUG DIGEST, so that two servers can be compared.
/// </summary>
internal sealed class DataDigest
{
    private const int Bytes = 20;
    private readonly byte[] _value = new byte[Bytes];

    /// <summary>The digest in hexadecimal.</summary>
    public override string ToString() => Convert.ToHexStringLower(_value);

    /// <summary>Adds something without order.</summary>
    internal void Xor(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Bytes];
        // The algorithm is given; nothing is secured by it.
#pragma warning disable CA5350
        SHA1.HashData(data, hash);
#pragma warning restore CA5350
        for (int i = 0; i < Bytes; i++)
        {
            _value[i] ^= hash[i];
        }
    }

    /// <summary>Adds something that comes after what was added before.</summary>
    internal void Mix(ReadOnlySpan<byte> data)
    {
        Xor(data);
#pragma warning disable CA5350
        SHA1.HashData(_value.ToArray(), _value);
#pragma warning restore CA5350
    }

    private void Mix(string text) => Mix(Encoding.ASCII.GetBytes(text));

    /// <summary>Adds another digest without order.</summary>
    internal void Xor(DataDigest other) => Xor(other._value);

    /// <summary>The digest of a key's value.</summary>
    internal static DataDigest OfValue(Entry entry, Arena arena, ExpiryClock seenBy)
    {
        DataDigest digest = new();
        digest.MixValue(entry, arena, seenBy);
        return digest;
    }

    /// <summary>Adds a value with its type and whether it expires.</summary>
    internal void MixValue(Entry entry, Arena arena, ExpiryClock seenBy)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        Mix(Number((uint)entry.Type));
        switch (entry.Type)
        {
            case ValueType.String:
                Mix(StringValue.Read(entry, scratch));
                break;
            case ValueType.List:
                for (ListEnumerator items = new ListValue(entry, arena).Enumerate(0); items.MoveNext();)
                {
                    Mix(items.Read(scratch));
                }
                break;
            case ValueType.Set:
                for (SetEnumerator members = new SetValue(entry, arena).Enumerate(); members.MoveNext();)
                {
                    Xor(members.Read(scratch));
                }
                break;
            case ValueType.SortedSet:
                MixSortedSet(new SortedSetValue(entry, arena));
                break;
            case ValueType.Hash:
                MixHash(new HashValue(entry, arena, seenBy));
                break;
            case ValueType.Stream:
                MixStream(new StreamValue(entry, arena));
                break;
        }
        if (entry.ExpiresAtUnixMs != ITableEntry.NoExpiry)
        {
            Xor("!!expire!!"u8);
        }
    }

    /// <summary>A number as the network sends it.</summary>
    internal static byte[] Number(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    private void MixSortedSet(SortedSetValue set)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits], score = stackalloc byte[DoubleText.MaxBytes];
        for (SortedSetEnumerator members = set.Enumerate(0, set.Count); members.MoveNext();)
        {
            DataDigest one = new();
            one.Mix(members.Member(scratch));
            one.Mix(score[..DoubleText.FormatShortest(members.Score, score)]);
            Xor(one);
        }
    }

    private void MixHash(HashValue hash)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        for (HashEnumerator fields = hash.Enumerate(); fields.MoveNext();)
        {
            DataDigest one = new();
            one.Mix(fields.Name(scratch));
            one.Mix(fields.Value(scratch));
            Xor(one);
        }
    }

    private void MixStream(StreamValue stream)
    {
        Span<byte> scratch = stackalloc byte[2 * Decimal64.MaxDigits];
        for (StreamEnumerator entries = stream.Enumerate(StreamId.Min, StreamId.Max); entries.MoveNext();)
        {
            Mix($"{entries.Id.Ms}.{entries.Id.Sequence}");
            for (int i = entries.FieldCount; i > 0; i--)
            {
                entries.ReadField(scratch[..Decimal64.MaxDigits], scratch[Decimal64.MaxDigits..], out ReadOnlySpan<byte> field, out ReadOnlySpan<byte> value);
                Mix(field);
                Mix(value);
            }
        }
    }
}
