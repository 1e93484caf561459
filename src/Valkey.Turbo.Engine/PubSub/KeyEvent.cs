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
    private const string Classes = "g$lshzxetdn";

    /// <summary>Reads a set of letters; null if one is unknown.</summary>
    public static KeyEvent? Parse(string letters)
    {
        KeyEvent events = KeyEvent.None;
        foreach (char letter in letters)
        {
            KeyEvent? one = letter switch
            {
                'A' => KeyEvent.All,
                'g' => KeyEvent.Generic,
                '$' => KeyEvent.String,
                'l' => KeyEvent.List,
                's' => KeyEvent.Set,
                'h' => KeyEvent.Hash,
                'z' => KeyEvent.SortedSet,
                'x' => KeyEvent.Expired,
                'e' => KeyEvent.Evicted,
                't' => KeyEvent.Stream,
                'd' => KeyEvent.Module,
                'n' => KeyEvent.New,
                'm' => KeyEvent.Miss,
                'K' => KeyEvent.OnKeyChannel,
                'E' => KeyEvent.OnEventChannel,
                _ => null,
            };
            if (one is null)
            {
                return null;
            }
            events |= one.Value;
        }
        return events;
    }

    /// <summary>Writes a set of events as Valkey prints it: <c>A</c> for all classes, which hides <c>n</c>.</summary>
    public static string Format(KeyEvent events)
    {
        string classes = (events & KeyEvent.All) == KeyEvent.All ? "A" : string.Concat(Classes.Where(letter => events.HasFlag(Parse($"{letter}")!.Value)));
        return classes + string.Concat("KEm".Where(letter => events.HasFlag(Parse($"{letter}")!.Value)));
    }
}
