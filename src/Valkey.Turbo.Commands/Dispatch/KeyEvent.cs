namespace Valkey.Turbo.Commands;

/// <summary>Classes of events that keys undergo; the letters are those of <c>notify-keyspace-events</c>.</summary>
[Flags]
public enum KeyEvent
{
    None = 0,
    /// <summary><c>g</c>: what any type can undergo.</summary>
    Generic = 1 << 0,
    /// <summary><c>$</c></summary>
    String = 1 << 1,
    /// <summary><c>l</c></summary>
    List = 1 << 2,
    /// <summary><c>s</c></summary>
    Set = 1 << 3,
    /// <summary><c>h</c></summary>
    Hash = 1 << 4,
    /// <summary><c>z</c></summary>
    SortedSet = 1 << 5,
    /// <summary><c>t</c></summary>
    Stream = 1 << 6,
}
