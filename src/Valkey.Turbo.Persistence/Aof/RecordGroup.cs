using System.Globalization;
using System.Text;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Persistence.Aof;

/// <summary>The records of one command or transaction, as they will stand in the file. Used by one thread.</summary>
internal sealed class RecordGroup : IDisposable
{
    private readonly NativeBuffer _commands = new();

    /// <summary>How many.</summary>
    internal int Count { get; private set; }

    /// <summary>The database of the first.</summary>
    internal int FirstDatabase { get; private set; }

    /// <summary>The database of the last.</summary>
    internal int LastDatabase { get; private set; }

    /// <summary>The commands, those that change the database in between included.</summary>
    internal NativeBuffer Commands => _commands;

    internal void Add(int database, ReadOnlySpan<byte> command)
    {
        if (Count == 0)
        {
            FirstDatabase = database;
        }
        else if (database != LastDatabase)
        {
            Select(_commands, database);
        }
        LastDatabase = database;
        Count++;
        _commands.Append(command);
    }

    internal void Clear()
    {
        _commands.Clear();
        Count = 0;
    }

    /// <summary>Adds the command that goes to a database.</summary>
    internal static void Select(NativeBuffer target, int database)
    {
        string digits = database.ToString(CultureInfo.InvariantCulture);
        target.Append(Encoding.ASCII.GetBytes($"*2\r\n$6\r\nSELECT\r\n${digits.Length}\r\n{digits}\r\n"));
    }

    public void Dispose() => _commands.Dispose();
}
