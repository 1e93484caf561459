namespace Valkey.Turbo.Engine.Diagnostics;

/// <summary>Remembers, by kind of event, when the server was slower than <c>latency-monitor-threshold</c>. Any thread.</summary>
public sealed class LatencyMonitor(NumberDirective threshold)
{
    private const int SamplesPerEvent = 160;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Series> _byEvent = new(StringComparer.Ordinal);

    /// <summary>The longest that an event took in one second.</summary>
    public readonly record struct Sample(long UnixSeconds, long Milliseconds);

    /// <summary>What is known of one kind of event: its latest samples, oldest first, and figures since the last reset.</summary>
    public sealed class Series
    {
        private readonly List<Sample> _samples = [];

        /// <summary>The samples, oldest first.</summary>
        public IReadOnlyList<Sample> Samples => _samples;

        /// <summary>The latest sample.</summary>
        public Sample Last => _samples[^1];

        /// <summary>The greatest latency, in milliseconds.</summary>
        public long MaxMs { get; private set; }

        /// <summary>All latencies together, in milliseconds.</summary>
        public long SumMs { get; private set; }

        /// <summary>How often it happened.</summary>
        public long Count { get; private set; }

        internal void Add(long unixSeconds, long milliseconds)
        {
            MaxMs = Math.Max(MaxMs, milliseconds);
            SumMs += milliseconds;
            Count++;
            if (_samples.Count > 0 && Last.UnixSeconds == unixSeconds)
            {
                _samples[^1] = new Sample(unixSeconds, Math.Max(Last.Milliseconds, milliseconds));
                return;
            }
            if (_samples.Count == SamplesPerEvent)
            {
                _samples.RemoveAt(0);
            }
            _samples.Add(new Sample(unixSeconds, milliseconds));
        }
    }

    /// <summary>The threshold in nanoseconds, or the greatest number if nothing is monitored.</summary>
    public long ThresholdNs => threshold.Number > 0 ? threshold.Number * 1_000_000 : long.MaxValue;

    /// <summary>Notes how long an event took, if it was long enough.</summary>
    public void Note(string name, long elapsedNs, long unixSeconds)
    {
        if (elapsedNs < ThresholdNs)
        {
            return;
        }
        lock (_gate)
        {
            if (!_byEvent.TryGetValue(name, out Series? series))
            {
                _byEvent[name] = series = new Series();
            }
            series.Add(unixSeconds, elapsedNs / 1_000_000);
        }
    }

    /// <summary>Reads all events, or one, under the monitor's lock.</summary>
    public TResult Read<TResult>(Func<IReadOnlyDictionary<string, Series>, TResult> read)
    {
        lock (_gate)
        {
            return read(_byEvent);
        }
    }

    /// <summary>Forgets one event. False if nothing was known of it.</summary>
    public bool Reset(string name)
    {
        lock (_gate)
        {
            return _byEvent.Remove(name);
        }
    }

    /// <summary>Forgets everything; returns how many events there were.</summary>
    public int ResetAll()
    {
        lock (_gate)
        {
            int count = _byEvent.Count;
            _byEvent.Clear();
            return count;
        }
    }
}
