namespace Valkey.Turbo.Memory;

/// <summary>
/// A list for the length of one method, which its thread uses again and again instead of making a new one:
/// <c>using Scratch&lt;int&gt; scratch = new(); NativeList&lt;int&gt; indexes = scratch.Items;</c>
/// </summary>
public readonly ref struct Scratch<T> : IDisposable
    where T : unmanaged
{
    private const int LargestKept = 1 << 16;

    // Two, as a method may need two, or call one that needs another.
    [ThreadStatic]
    private static NativeList<T>? t_idle;

    [ThreadStatic]
    private static NativeList<T>? t_alsoIdle;

    /// <summary>Takes one of the thread's lists, or makes one where all are in use.</summary>
    public Scratch()
    {
        Items = t_idle ?? t_alsoIdle ?? new NativeList<T>();
        if (t_idle is null)
        {
            t_alsoIdle = null;
        }
        t_idle = null;
    }

    /// <summary>The list, empty at first.</summary>
    public NativeList<T> Items { get; }

    /// <summary>Empties the list and gives it back.</summary>
    public void Dispose()
    {
        Items.Clear();
        if (Items.Capacity > LargestKept || (t_idle is not null && t_alsoIdle is not null))
        {
            Items.Dispose();
        }
        if (t_idle is null)
        {
            t_idle = Items;
        }
        else
        {
            t_alsoIdle ??= Items;
        }
    }
}
