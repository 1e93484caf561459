namespace Valkey.Turbo.Lua;

/// <summary>Counts the managed memory of one interpreter.</summary>
/// <remarks>
/// Whatever an interpreter makes is charged when it is made; nothing says when the collector frees it. So what lives is
/// measured from time to time, by following references from the roots: when as much has been charged since the last
/// measurement as lived then, or when the limit would be passed. Between two measurements the count errs only upwards.
/// </remarks>
internal sealed class LuaHeap(long limitBytes)
{
    private const long SmallestIntervalBytes = 4 << 20;

    private long _liveBytes;
    private long _chargedBytes;
    private long _measureAtBytes = SmallestIntervalBytes;

    /// <summary>Measures what lives; set by the interpreter, which knows the roots.</summary>
    internal Func<long>? Measure { get; set; }

    /// <summary>What may live at once.</summary>
    internal long LimitBytes { get; set; } = limitBytes;

    /// <summary>What lived at the last measurement and what was made since.</summary>
    internal long UsedBytes => _liveBytes + _chargedBytes;

    /// <summary>Counts an allocation that is about to be made.</summary>
    /// <exception cref="LuaException">It would pass the limit.</exception>
    internal void Charge(long bytes)
    {
        _chargedBytes += bytes;
        if (_chargedBytes > _measureAtBytes || UsedBytes > LimitBytes)
        {
            MeasureNow(bytes);
        }
    }

    /// <summary>Follows the references from the roots and forgets what was charged for things that are gone.</summary>
    internal void MeasureNow(long aboutToAllocateBytes = 0)
    {
        _liveBytes = Measure?.Invoke() ?? UsedBytes;
        _chargedBytes = aboutToAllocateBytes;
        _measureAtBytes = Math.Max(_liveBytes, SmallestIntervalBytes);
        if (UsedBytes > LimitBytes)
        {
            _chargedBytes = 0;
            throw LuaException.OutOfMemory();
        }
    }
}
