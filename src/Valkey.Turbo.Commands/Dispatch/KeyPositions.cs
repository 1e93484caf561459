using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Commands;

/// <summary>The positions of a request's keys, from its command's key specifications.</summary>
public ref struct KeyPositions
{
    private readonly CommandSpec _spec;
    private readonly RequestBatch _batch;
    private readonly int _request;
    private int _specIndex;
    private int _next;
    private int _last;
    private int _step;

    private KeyPositions(CommandSpec spec, RequestBatch batch, int request)
    {
        (_spec, _batch, _request) = (spec, batch, request);
        Select(spec.Keys);
    }

    /// <summary>The position now visited.</summary>
    public int Current { get; private set; }

    /// <summary>Iterates the key positions of a request that the command's arity accepts.</summary>
    public static KeyPositions Of(CommandSpec spec, RequestBatch batch, int request) => new(spec, batch, request);

    /// <summary>The keys of a request that stands within another, behind <paramref name="skip"/> of its words.</summary>
    internal static List<(int Position, KeyFlags Flags)> Within(CommandSpec spec, CommandContext context, int skip)
    {
        List<(int Position, KeyFlags Flags)> found = [];
        int count = context.ArgumentCount - skip;
        foreach (KeySpec keys in (KeySpec[])[spec.Keys, .. spec.MoreKeys])
        {
            int step = Math.Max(1, keys.Step);
            int last = keys.Last >= 0 ? keys.Last : count + keys.Last;
            if (keys.CountAt > 0)
            {
                bool valid = Decimal64.TryParse(context.Argument(skip + keys.CountAt), out long keyCount)
                    && keyCount > 0 && keys.First + (keyCount - 1) * step < count;
                last = valid ? (int)(keys.First + (keyCount - 1) * step) : 0;
            }
            for (int position = keys.First; position <= Math.Min(last, count - 1); position += step)
            {
                found.Add((skip + position, spec.KeyFlagsOf?.Invoke(context, skip) ?? keys.Flags));
            }
        }
        return found;
    }

    public readonly KeyPositions GetEnumerator() => this;

    public bool MoveNext()
    {
        while (_next > _last)
        {
            if (_specIndex == _spec.MoreKeys.Length)
            {
                return false;
            }
            Select(_spec.MoreKeys[_specIndex++]);
        }
        Current = _next;
        _next += _step;
        return true;
    }

    private void Select(KeySpec keys)
    {
        int count = _batch.ArgumentCount(_request);
        _step = Math.Max(1, keys.Step);
        _next = keys.First;
        _last = keys.Last >= 0 ? keys.Last : count + keys.Last;
        if (keys.CountAt > 0)
        {
            bool valid = Decimal64.TryParse(_batch.Argument(_request, keys.CountAt), out long keyCount) && keyCount > 0;
            _last = valid ? (int)Math.Min(count - 1, keys.First + (keyCount - 1) * _step) : 0;
        }
        if (!keys.HasKeys)
        {
            _next = 1;
            _last = 0;
        }
        _last = Math.Min(_last, count - 1);
    }
}
