using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>Reads an RDB file of any version up to 80. The file is not trusted.</summary>
/// <remarks>What stands before a key belongs to it, whatever stands in between: its expiry and its use are kept until it comes.</remarks>
public sealed class RdbFileReader : IDisposable
{
    private readonly IRdbLoader _loader;
    private readonly bool _allowsForeignVersions;
    private readonly bool _verifiesChecksum;
    private readonly NativeList<byte> _name = new();
    private int _version;
    private bool _isOld;
    private int _database;
    private long _expiresAtUnixMs = ITableEntry.NoExpiry;
    private long _idleSeconds = -1;
    private int _frequency = -1;

    private RdbFileReader(IRdbLoader loader, bool allowsForeignVersions, bool verifiesChecksum) =>
        (_loader, _allowsForeignVersions, _verifiesChecksum) = (loader, allowsForeignVersions, verifiesChecksum);

    /// <summary>Reads a whole file.</summary>
    /// <param name="source">The file, which can seek.</param>
    /// <param name="loader">Gets the content. What it was given before an error stays given.</param>
    /// <param name="allowsForeignVersions">Whether versions of other servers are read, as far as their types mean the same.</param>
    /// <param name="verifiesChecksum">Whether the file's checksum has to be right.</param>
    /// <returns>Null, the source then standing behind the RDB part; or what is wrong with the file.</returns>
    public static string? Load(Stream source, IRdbLoader loader, bool allowsForeignVersions, bool verifiesChecksum)
    {
        using RdbWindow window = new(source);
        RdbReader reader = new(window);
        using RdbFileReader file = new(loader, allowsForeignVersions, verifiesChecksum);
        string? problem = file.ReadHeader(ref reader) ?? file.ReadRecords(ref reader) ?? file.CheckEnd(ref reader);
        reader.Release();
        if (reader.Problem is not null)
        {
            window.Drop(reader.Remaining);
            return string.Create(CultureInfo.InvariantCulture, $"Internal error in RDB reading offset {window.Offset} -> {reader.Problem}");
        }
        window.Leave(reader.Remaining);
        return problem;
    }

    /// <summary>Whether a file begins like an RDB file; it stands at its beginning before and afterwards.</summary>
    public static bool IsRdb(Stream source)
    {
        Span<byte> start = stackalloc byte[RdbFormat.Magic.Length];
        int count = source.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        source.Position = 0;
        return start[..count].SequenceEqual(RdbFormat.Magic) || start[..count].SequenceEqual(RdbFormat.OldMagic);
    }

    public void Dispose() => _name.Dispose();

    private string? ReadHeader(ref RdbReader reader)
    {
        ReadOnlySpan<byte> header = reader.Raw(RdbFormat.HeaderBytes);
        if (header.IsEmpty)
        {
            return null;
        }
        _isOld = header.StartsWith(RdbFormat.OldMagic);
        if (!_isOld && !header.StartsWith(RdbFormat.Magic))
        {
            return $"Wrong signature trying to load DB from file: {Printable(header)}";
        }
        bool isNumber = int.TryParse(header[RdbFormat.Magic.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out _version);
        bool isKnown = isNumber && (_isOld ? _version is >= 1 and < RdbFormat.Version : _version >= RdbFormat.Version);
        if (!isKnown || ((RdbFormat.IsForeign(_version) || _version > RdbFormat.Version) && !_allowsForeignVersions))
        {
            return $"Can't handle RDB format version {_version}";
        }
        _loader.Begin();
        return null;
    }

    private string? ReadRecords(ref RdbReader reader)
    {
        while (!reader.IsDamaged)
        {
            byte code = reader.Byte();
            if (reader.IsDamaged)
            {
                break;
            }
            if ((RdbOpcode)code == RdbOpcode.End)
            {
                return null;
            }
            string? problem = _isOld && code is >= RdbFormat.FirstForeignType and <= RdbFormat.LastForeignType
                ? $"Can't handle foreign type or opcode {code} in RDB with version {_version}"
                : ReadRecord(code, ref reader);
            if (problem is not null)
            {
                return problem;
            }
        }
        return null;
    }

    private string? ReadRecord(byte code, ref RdbReader reader)
    {
        switch ((RdbOpcode)code)
        {
            case RdbOpcode.ExpirySeconds:
                _expiresAtUnixMs = Expiry(reader.Integer32() * 1000L);
                return null;
            case RdbOpcode.ExpiryMilliseconds:
                _expiresAtUnixMs = Expiry(reader.Integer64());
                return null;
            case RdbOpcode.Frequency:
                _frequency = reader.Byte();
                return null;
            case RdbOpcode.Idle:
                _idleSeconds = (long)Math.Min(reader.Length(), int.MaxValue);
                return null;
            case RdbOpcode.Database:
                return SelectDatabase(reader.Length(), reader.IsDamaged);
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
                return ReadNote(ref reader);
            case RdbOpcode.Function:
                ReadOnlySpan<byte> library = reader.String();
                return reader.IsDamaged ? null : _loader.AddLibrary(library);
            case RdbOpcode.EarlyFunction:
                return "Pre-release function format not supported.";
            case RdbOpcode.SlotImport:
                return "Can't handle a slot import (opcode 243) without cluster mode";
            case RdbOpcode.ModuleAuxiliary:
                ulong module = reader.Length();
                return reader.IsDamaged ? null : $"The RDB file contains AUX module data I can't load: no matching module '{ModuleName(module)}'";
            default:
                return ReadKey(code, ref reader);
        }
    }

    /// <summary>-1 stands for none in memory and in files; what else is negative has expired long ago.</summary>
    private static long Expiry(long unixMs) => unixMs == ITableEntry.NoExpiry ? ITableEntry.NoExpiry : Math.Max(0, unixMs);

    private string? SelectDatabase(ulong number, bool isDamaged)
    {
        if (isDamaged)
        {
            return null;
        }
        string? problem = _loader.Database(number);
        _database = problem is null ? (int)number : 0;
        return problem;
    }

    private string? ReadNote(ref RdbReader reader)
    {
        ReadOnlySpan<byte> name = Keep(reader.String());
        ReadOnlySpan<byte> value = reader.String();
        return reader.IsDamaged ? null : _loader.Note(name, value);
    }

    private string? ReadKey(byte type, ref RdbReader reader)
    {
        ReadOnlySpan<byte> name = Keep(reader.String());
        if (reader.IsDamaged)
        {
            return null;
        }
        if (!RdbValueReader.IsKnown(type))
        {
            return Unknown(type, ref reader);
        }
        RdbKey key = new(_database, name) { ExpiresAtUnixMs = _expiresAtUnixMs, IdleSeconds = _idleSeconds, Frequency = _frequency };
        (_expiresAtUnixMs, _idleSeconds, _frequency) = (ITableEntry.NoExpiry, -1, -1);
        RdbValueReader values = _loader.ReaderOf(name);
        RdbOutcome outcome = values.Read((RdbType)type, ref reader, name, key.ExpiresAtUnixMs, out Entry entry);
        if (outcome == RdbOutcome.Damaged)
        {
            return null;
        }
        if (outcome != RdbOutcome.Read)
        {
            _loader.Skip(key, outcome);
            return null;
        }
        string? refusal = _loader.Add(key, entry);
        if (refusal is not null)
        {
            values.Free(entry);
        }
        return refusal;
    }

    private string? Unknown(byte type, ref RdbReader reader)
    {
        switch (type)
        {
            case RdbFormat.EarlyModuleType:
                return "Pre-release module format not supported";
            case RdbFormat.ModuleType:
                ulong module = reader.Length();
                return reader.IsDamaged ? null : $"The RDB file contains module data I can't load: no matching module type '{ModuleName(module)}'";
            default:
                return _allowsForeignVersions
                    ? "Unknown type or opcode when loading DB. Unrecoverable error, aborting now."
                    : $"Unknown RDB encoding type {type}";
        }
    }

    private string? CheckEnd(ref RdbReader reader)
    {
        if (reader.IsDamaged)
        {
            return null;
        }
        if (_version < RdbFormat.FirstChecksummedVersion)
        {
            _loader.End(hasChecksum: true);
            return null;
        }
        ulong computed = reader.Checksum();
        ReadOnlySpan<byte> end = reader.Raw(sizeof(ulong));
        ulong stated = end.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(end);
        if (!reader.IsDamaged && _verifiesChecksum && stated != 0 && stated != computed)
        {
            return $"Wrong RDB checksum expected: ({computed:x}) but got ({stated:x}). Aborting now. RDB CRC error";
        }
        if (!reader.IsDamaged)
        {
            _loader.End(hasChecksum: !_verifiesChecksum || stated != 0);
        }
        return null;
    }

    private ReadOnlySpan<byte> Keep(ReadOnlySpan<byte> bytes)
    {
        _name.Clear();
        _name.AddRange(bytes);
        return _name.Span;
    }

    private static string Printable(ReadOnlySpan<byte> bytes) =>
        string.Concat(Encoding.Latin1.GetString(bytes).Select(letter => letter is >= ' ' and <= '~' ? letter : '?'));

    /// <summary>A module's ID is a name of nine letters, six bits each, and a version.</summary>
    private static string ModuleName(ulong id)
    {
        const string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        return string.Create(9, id, static (name, id) =>
        {
            for (int i = 0; i < name.Length; i++)
            {
                name[i] = letters[(int)(id >> 58 - 6 * i & 63)];
            }
        });
    }
}
