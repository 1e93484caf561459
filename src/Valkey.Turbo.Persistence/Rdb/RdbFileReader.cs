using System.Buffers.Binary;
using System.Globalization;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>What a file says of a key besides its value.</summary>
/// <param name="Database">The number of its database.</param>
/// <param name="Name">The key.</param>
/// <param name="ExpiresAtUnixMs">When it expires, or <see cref="ITableEntry.NoExpiry"/>.</param>
/// <param name="IdleSeconds">Since when it has not been used, or -1.</param>
/// <param name="Frequency">The counter of its uses, or -1.</param>
public readonly record struct RdbKey(int Database, byte[] Name, long ExpiresAtUnixMs, long IdleSeconds, int Frequency);

/// <summary>Where the keys of a file go.</summary>
public interface IRdbLoader
{
    /// <summary>What reads a key's value into the memory where it will stay.</summary>
    RdbValueReader ReaderOf(ReadOnlySpan<byte> key);

    /// <summary>Takes a key over, with its entry. Returns null, or why the file cannot be loaded; then the entry stays the caller's.</summary>
    string? Add(in RdbKey key, Entry entry);
}

/// <summary>Reads an RDB file of any version up to 80, through a window that grows to the largest value. The file is not trusted.</summary>
public sealed class RdbFileReader
{
    private const int InitialWindowBytes = 1 << 16;
    private readonly Stream _source;
    private readonly IRdbLoader _loader;
    private byte[] _window = new byte[InitialWindowBytes];
    private int _start;
    private int _end;
    private int _version;
    private int _database;
    private ulong _checksum;
    private bool _isAtEnd;

    private RdbFileReader(Stream source, IRdbLoader loader) => (_source, _loader) = (source, loader);

    /// <summary>Reads a whole file.</summary>
    /// <param name="source">The file, which can seek.</param>
    /// <param name="loader">Gets the keys. What it was given before an error stays given.</param>
    /// <param name="allowsForeignVersions">Whether versions of other servers are read, as far as their types mean the same.</param>
    /// <param name="verifiesChecksum">Whether the file's checksum has to be right.</param>
    /// <returns>Null, the source then standing behind the RDB part; or what is wrong with the file.</returns>
    public static string? Load(Stream source, IRdbLoader loader, bool allowsForeignVersions, bool verifiesChecksum)
    {
        RdbFileReader reader = new(source, loader);
        string? problem = reader.ReadHeader(allowsForeignVersions) ?? reader.ReadRecords() ?? reader.CheckEnd(verifiesChecksum);
        source.Position -= reader.Window.Length;
        return problem;
    }

    /// <summary>Whether a file begins like an RDB file; it stands at its beginning before and afterwards.</summary>
    public static bool IsRdb(Stream source)
    {
        Span<byte> start = stackalloc byte[RdbFormat.Magic.Length];
        int count = source.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        source.Position = 0;
        return start[..count].StartsWith(RdbFormat.Magic) || start[..count].StartsWith(RdbFormat.OldMagic);
    }

    private ReadOnlySpan<byte> Window => _window.AsSpan(_start, _end - _start);

    private string? ReadHeader(bool allowsForeignVersions)
    {
        while (Window.Length < RdbFormat.HeaderBytes && TryExtend())
        {
        }
        bool isOurs = Window.StartsWith(RdbFormat.Magic);
        if (Window.Length < RdbFormat.HeaderBytes || !(isOurs || Window.StartsWith(RdbFormat.OldMagic)))
        {
            return "Wrong signature trying to load DB from file";
        }
        ReadOnlySpan<byte> digits = Window[(isOurs ? RdbFormat.Magic : RdbFormat.OldMagic).Length..RdbFormat.HeaderBytes];
        bool isKnown = int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out _version)
            && (isOurs ? _version >= RdbFormat.Version : _version is >= 1 and < RdbFormat.Version);
        if (!isKnown || ((RdbFormat.IsForeign(_version) || _version > RdbFormat.Version) && !allowsForeignVersions))
        {
            return $"Can't handle RDB format version {_version}";
        }
        Consume(RdbFormat.HeaderBytes);
        return null;
    }

    private string? ReadRecords()
    {
        while (true)
        {
            RdbReader reader = new(Window);
            string? problem = ReadRecord(ref reader, out bool isEnd);
            if (reader.IsTooShort && TryExtend())
            {
                continue;
            }
            if (problem is not null || reader.IsDamaged)
            {
                return problem ?? (reader.IsTooShort ? "Unexpected EOF" : "Damaged data");
            }
            Consume(Window.Length - reader.Remaining);
            if (isEnd)
            {
                return null;
            }
        }
    }

    /// <summary>Reads up to and with the next key, or something else that stands by itself; from its beginning again if the window is too small.</summary>
    private string? ReadRecord(ref RdbReader reader, out bool isEnd)
    {
        isEnd = false;
        RdbKey key = new(_database, [], ITableEntry.NoExpiry, -1, -1);
        while (true)
        {
            byte code = reader.Byte();
            switch ((RdbOpcode)code)
            {
                case RdbOpcode.ExpirySeconds:
                    key = key with { ExpiresAtUnixMs = Math.Max(0, reader.Integer32() * 1000L) };
                    break;
                case RdbOpcode.ExpiryMilliseconds:
                    key = key with { ExpiresAtUnixMs = Math.Max(0, reader.Integer64()) };
                    break;
                case RdbOpcode.Frequency:
                    key = key with { Frequency = reader.Byte() };
                    break;
                case RdbOpcode.Idle:
                    key = key with { IdleSeconds = (long)Math.Min(reader.Length(), int.MaxValue) };
                    break;
                case RdbOpcode.Database:
                    _database = (int)Math.Min(reader.Length(), int.MaxValue);
                    return null;
                case RdbOpcode.Sizes:
                    reader.Length();
                    reader.Length();
                    return null;
                case RdbOpcode.SlotInfo:
                    reader.Length();
                    reader.Length();
                    reader.Length();
                    return null;
                case RdbOpcode.Auxiliary:
                    reader.String();
                    reader.String();
                    return null;
                case RdbOpcode.Function:
                    reader.String();
                    return null;
                case RdbOpcode.End:
                    isEnd = true;
                    return null;
                default:
                    return ReadKey(code, key, ref reader);
            }
            if (reader.IsDamaged)
            {
                return null;
            }
        }
    }

    private string? ReadKey(byte type, RdbKey key, ref RdbReader reader)
    {
        if (reader.IsDamaged)
        {
            return null;
        }
        if (!RdbValueReader.IsKnown(type) || (RdbFormat.IsForeign(_version) && type >= RdbFormat.FirstForeignType))
        {
            return $"Unknown RDB encoding type {type}";
        }
        key = key with { Name = reader.String().ToArray() };
        if (reader.IsDamaged)
        {
            return null;
        }
        RdbValueReader values = _loader.ReaderOf(key.Name);
        Entry entry = values.Read((RdbType)type, ref reader, key.Name, key.ExpiresAtUnixMs);
        if (entry.IsNull)
        {
            return "Damaged value";
        }
        string? refusal = _loader.Add(key, entry);
        if (refusal is not null)
        {
            values.Free(entry);
        }
        return refusal;
    }

    private string? CheckEnd(bool verifiesChecksum)
    {
        if (_version < RdbFormat.FirstChecksummedVersion)
        {
            return null;
        }
        ulong computed = _checksum;
        while (Window.Length < sizeof(ulong) && TryExtend())
        {
        }
        if (Window.Length < sizeof(ulong))
        {
            return "Unexpected EOF";
        }
        ulong stated = BinaryPrimitives.ReadUInt64LittleEndian(Window);
        _start += sizeof(ulong);
        return verifiesChecksum && stated != 0 && stated != computed ? "Wrong RDB checksum" : null;
    }

    private void Consume(int count)
    {
        _checksum = Crc64.Append(_checksum, Window[..count]);
        _start += count;
    }

    /// <summary>Reads more of the file behind what is in the window. False at the file's end, or when the window cannot grow.</summary>
    private bool TryExtend()
    {
        if (_isAtEnd || (_start == 0 && _end == Array.MaxLength))
        {
            return false;
        }
        if (_start == 0 && _end == _window.Length)
        {
            Array.Resize(ref _window, (int)Math.Min(Array.MaxLength, _window.Length * 2L));
        }
        Window.CopyTo(_window);
        (_start, _end) = (0, _end - _start);
        int count = _source.ReadAtLeast(_window.AsSpan(_end), 1, throwOnEndOfStream: false);
        _end += count;
        _isAtEnd = count == 0;
        return !_isAtEnd;
    }
}
