using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>Frees large values bit by bit, so that no one waits for the removal of a huge one.</summary>
public static class GradualRelease
{
    /// <summary>Values of more elements than this are worth it.</summary>
    public const long SmallestElements = 64;

    private const int ElementsPerStep = 512;
    private const int LinksPerStep = 64;

    /// <summary>How many pieces of memory a value consists of, about.</summary>
    public static long Effort(Entry entry, Arena arena) => entry.Encoding switch
    {
        ValueEncoding.HashTable when entry.Type == ValueType.Set => new SetValue(entry, arena).Count,
        ValueEncoding.HashTable => new HashTable<HashField>(entry.Collection, arena).Count,
        ValueEncoding.RankedTree => new SortedSetValue(entry, arena).Count,
        ValueEncoding.QuickList => new ListValue(entry, arena).Chain.LinkCount,
        ValueEncoding.Stream => new StreamValue(entry, arena).FreeEffort,
        _ => 1,
    };

    /// <summary>
    /// Frees an entry that is in no table any more, and all that it refers to, a step at every <c>MoveNext</c>. Nothing else
    /// may touch the entry; every step runs under its shard.
    /// </summary>
    public static IEnumerator<bool> Free(Entry entry, Arena arena)
    {
        IEnumerator<bool> steps = entry.Encoding switch
        {
            ValueEncoding.HashTable when entry.Type == ValueType.Set => FreeTable(new SetValue(entry, arena).Table, arena, SetMember.Free),
            ValueEncoding.HashTable => FreeTable(new HashTable<HashField>(entry.Collection, arena), arena, static (arena, field) => new HashField(field).Free(arena)),
            ValueEncoding.RankedTree => FreeSortedSet(entry, arena),
            ValueEncoding.QuickList => new ListValue(entry, arena).Chain.FreeGradually(LinksPerStep),
            ValueEncoding.Stream => new StreamValue(entry, arena).FreeGradually(LinksPerStep),
            _ => FreeAtOnce(entry, arena),
        };
        while (steps.MoveNext())
        {
            yield return true;
        }
        arena.Free(entry.Address, entry.EntryBytes);
    }

    private static IEnumerator<bool> FreeTable<TEntry>(HashTable<TEntry> table, Arena arena, Action<Arena, nint> free)
        where TEntry : struct, ITableEntry
    {
        int step = 0;
        foreach (nint member in table)
        {
            free(arena, member);
            if (++step % ElementsPerStep == 0)
            {
                yield return true;
            }
        }
        table.Free();
    }

    private static IEnumerator<bool> FreeSortedSet(Entry entry, Arena arena)
    {
        nint root = entry.Collection;
        IEnumerator<bool> nodes = new SortedSetValue(entry, arena).Tree.FreeGradually(LinksPerStep);
        while (nodes.MoveNext())
        {
            yield return true;
        }
        IEnumerator<bool> members = FreeTable(new SortedSetValue(entry, arena).Table, arena, SortedMember.Free);
        while (members.MoveNext())
        {
            yield return true;
        }
        arena.Free(root, SortedSetValue.RootBytes);
    }

    private static IEnumerator<bool> FreeAtOnce(Entry entry, Arena arena)
    {
        Collection.Free(entry, arena);
        yield break;
    }
}
