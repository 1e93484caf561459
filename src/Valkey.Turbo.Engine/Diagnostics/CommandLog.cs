namespace Valkey.Turbo.Engine.Diagnostics;

/// <summary>One of the three logs of commands that were out of the ordinary: slow, large requests, large replies. Any thread.</summary>
public sealed class CommandLog(NumberDirective threshold, NumberDirective maxLength)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Entry> _entries = [];
    private long _nextId;

    /// <summary>A logged command.</summary>
    /// <param name="Id">Its number in the log.</param>
    /// <param name="UnixSeconds">When it was logged.</param>
    /// <param name="Value">Microseconds, or bytes.</param>
    /// <param name="Arguments">Its words, shortened and without secrets.</param>
    /// <param name="Address">Who sent it.</param>
    /// <param name="ClientName">The sender's name, or empty.</param>
    public sealed record Entry(long Id, long UnixSeconds, long Value, byte[][] Arguments, string Address, string ClientName);

    /// <summary>From which value on commands are logged; never, if it is negative.</summary>
    public long Threshold => threshold.Number;

    /// <summary>How many entries there are.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Whether a value is out of the ordinary.</summary>
    public bool Wants(long value) => threshold.Number is >= 0 and long limit && value >= limit && maxLength.Number > 0;

    /// <summary>Adds a command; the oldest entries leave.</summary>
    public void Add(long unixSeconds, long value, byte[][] arguments, Session session)
    {
        lock (_gate)
        {
            _entries.AddFirst(new Entry(_nextId++, unixSeconds, value, arguments, session.Address, session.Name ?? ""));
            while (_entries.Count > maxLength.Number)
            {
                _entries.RemoveLast();
            }
        }
    }

    /// <summary>The newest entries, newest first.</summary>
    public Entry[] Newest(long count)
    {
        lock (_gate)
        {
            return [.. _entries.Take((int)Math.Min(count, _entries.Count))];
        }
    }

    /// <summary>Forgets all entries.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _entries.Clear();
        }
    }
}
