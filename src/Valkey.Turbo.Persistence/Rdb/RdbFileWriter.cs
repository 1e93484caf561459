using System.Globalization;
using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>Writes an RDB file: a header, the databases with their keys, and a checksum.</summary>
/// <param name="target">The file; stays the caller's.</param>
public sealed class RdbFileWriter(Stream target)
{
    private readonly RdbWriter _writer = new(target);

    /// <summary>Writes the header.</summary>
    /// <param name="serverVersion">The version of Valkey that the file is as if from.</param>
    /// <param name="unixSeconds">The time.</param>
    /// <param name="usedBytes">Memory in use.</param>
    /// <param name="isAofBase">Whether an append-only log goes on from it.</param>
    public void Begin(string serverVersion, long unixSeconds, long usedBytes, bool isAofBase)
    {
        _writer.Raw(RdbFormat.Magic);
        _writer.Raw(Encoding.ASCII.GetBytes(RdbFormat.Version.ToString("D3", CultureInfo.InvariantCulture)));
        Auxiliary("valkey-ver", serverVersion);
        Auxiliary("redis-bits", "64");
        Auxiliary("ctime", unixSeconds.ToString(CultureInfo.InvariantCulture));
        Auxiliary("used-mem", usedBytes.ToString(CultureInfo.InvariantCulture));
        Auxiliary("aof-base", isAofBase ? "1" : "0");
    }

    /// <summary>Writes the code of a library of functions; before the first database.</summary>
    public void Library(ReadOnlySpan<byte> code)
    {
        _writer.Byte((byte)RdbOpcode.Function);
        _writer.String(code);
    }

    /// <summary>Begins a database; its keys follow.</summary>
    /// <param name="number">Which.</param>
    /// <param name="keyCount">About how many keys, so that the reader can make room.</param>
    /// <param name="expiringCount">How many of them expire.</param>
    public void Database(int number, long keyCount, long expiringCount)
    {
        _writer.Byte((byte)RdbOpcode.Database);
        _writer.Length((ulong)number);
        _writer.Byte((byte)RdbOpcode.Sizes);
        _writer.Length((ulong)keyCount);
        _writer.Length((ulong)expiringCount);
    }

    /// <summary>Writes a key with its value.</summary>
    /// <param name="entry">The key's entry.</param>
    /// <param name="arena">Its memory.</param>
    /// <param name="idleSeconds">Since when it has not been used, or -1 to leave that out.</param>
    /// <param name="frequency">The counter of its uses, or -1.</param>
    public void Key(Entry entry, Arena arena, long idleSeconds, int frequency)
    {
        if (entry.ExpiresAtUnixMs != ITableEntry.NoExpiry)
        {
            _writer.Byte((byte)RdbOpcode.ExpiryMilliseconds);
            _writer.Integer64(entry.ExpiresAtUnixMs);
        }
        if (idleSeconds >= 0)
        {
            _writer.Byte((byte)RdbOpcode.Idle);
            _writer.Length((ulong)idleSeconds);
        }
        if (frequency >= 0)
        {
            _writer.Byte((byte)RdbOpcode.Frequency);
            _writer.Byte((byte)frequency);
        }
        _writer.Byte((byte)RdbValueWriter.TypeOf(entry, arena));
        _writer.String(entry.KeySpan);
        RdbValueWriter.Write(entry, arena, _writer);
    }

    /// <summary>Writes the end, with a checksum or with the zero that stands for none.</summary>
    public void End(bool withChecksum)
    {
        _writer.Byte((byte)RdbOpcode.End);
        _writer.Flush();
        _writer.Integer64(withChecksum ? (long)_writer.Checksum : 0);
        _writer.Flush();
    }

    private void Auxiliary(string name, string value)
    {
        _writer.Byte((byte)RdbOpcode.Auxiliary);
        _writer.String(Encoding.ASCII.GetBytes(name));
        _writer.String(Encoding.ASCII.GetBytes(value));
    }
}
