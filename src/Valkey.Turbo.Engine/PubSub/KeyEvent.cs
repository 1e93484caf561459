namespace Valkey.Turbo.Engine;

/// <summary>Classes of events that keys undergo, and where they are announced; the letters are those of <c>notify-keyspace-events</c>.</summary>
[Flags]
public enum KeyEvent
{
    /// <summary>A change that is not announced.</summary>
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
    /// <summary><c>x</c></summary>
    Expired = 1 << 6,
    /// <summary><c>e</c></summary>
    Evicted = 1 << 7,
    /// <summary><c>t</c></summary>
    Stream = 1 << 8,
    /// <summary><c>d</c>: of a module's type; never sent here.</summary>
    Module = 1 << 9,
    /// <summary><c>n</c>: a key that was not there before.</summary>
    New = 1 << 10,
    /// <summary><c>m</c>: a read of a key that is not there.</summary>
    Miss = 1 << 11,
    /// <summary><c>K</c>: announced on the channel of the key.</summary>
    OnKeyChannel = 1 << 12,
    /// <summary><c>E</c>: announced on the channel of the event.</summary>
    OnEventChannel = 1 << 13,
    /// <summary><c>A</c>: all that change data, but new keys.</summary>
    All = Generic | String | List | Set | Hash | SortedSet | Expired | Evicted | Stream | Module,
}

/// <summary>The letters of <see cref="KeyEvent"/>.</summary>
public static class KeyEventLetters
{
    // Position in the string is position of the bit. How Valkey prints them: classes first, then the places, then misses.
    private const string Letters = "g$lshzxetdnmKE";
    private const string PrintOrder = "g$lshzxetdnKEm";

    /// <summary>Reads a set of letters; null if one is unknown.</summary>
    public static KeyEvent? Parse(string letters)
    {
        KeyEvent events = KeyEvent.None;
        foreach (char letter in letters)
        {
            int bit = Letters.IndexOf(letter);
            if (bit < 0 && letter != 'A')
            {
                return null;
            }
            events |= letter == 'A' ? KeyEvent.All : (KeyEvent)(1 << bit);
        }
        return events;
    }

    /// <summary>Writes a set of events as Valkey prints it: <c>A</c> for all classes, which hides <c>n</c>.</summary>
    public static string Format(KeyEvent events)
    {
        bool isAll = (events & KeyEvent.All) == KeyEvent.All;
        KeyEvent single = isAll ? events & ~(KeyEvent.All | KeyEvent.New) : events;
        return (isAll ? "A" : "") + string.Concat(PrintOrder.Where(letter => ((int)single >> Letters.IndexOf(letter) & 1) != 0));
    }
}
