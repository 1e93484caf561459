using System.Text;
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

    /// <summary>The keys of a request that stands within another, behind <paramref name="skip"/> of its words; empty if it makes no sense.</summary>
    internal static List<(int Position, KeyFlags Flags)> Within(CommandSpec spec, CommandContext context, int skip)
    {
        List<(int Position, KeyFlags Flags)> found = [];
        foreach (KeySpec keys in (KeySpec[])[spec.Keys, .. spec.MoreKeys])
        {
            (int first, int last) = Locate(keys, context.Batch, context.Request, skip);
            if (keys.CountAt > 0 && first > last)
            {
                return WithLooseCount(spec, keys, context, skip);
            }
            for (int position = first; position <= last; position += Math.Max(1, keys.Step))
            {
                found.Add((position, spec.KeyFlagsOf?.Invoke(context, skip) ?? keys.Flags));
            }
        }
        return found;
    }

    /// <summary>
    /// A count that is no integer is read again as C's <c>atoi</c> does, as Valkey falls back to. The keys that are counted come first
    /// then, and nothing is known of how they are used.
    /// </summary>
    private static List<(int Position, KeyFlags Flags)> WithLooseCount(CommandSpec spec, KeySpec counted, CommandContext context, int skip)
    {
        int first = counted.First + skip;
        ReadOnlySpan<byte> text = context.Argument(counted.CountAt + skip).TrimStart(" \t\n\v\f\r"u8);
        text = text is [(byte)'+', ..] ? text[1..] : text;
        int digits = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        text = (digits < 0 ? text : text[..digits]).TrimStart((byte)'0');
        bool isCounted = Decimal64.TryParse(text, out long count) && count <= (context.ArgumentCount - first) / counted.Step;
        if (!isCounted)
        {
            return [];
        }
        List<(int Position, KeyFlags Flags)> found = [.. Enumerable.Range(0, (int)count).Select(i => (first + i * counted.Step, KeyFlags.None))];
        if (spec.MoreKeys.Length > 0)
        {
            found.Add((spec.Keys.First + skip, KeyFlags.None));
        }
        return found;
    }

    /// <summary>The first and the last key of one specification; the last comes before the first if there is none.</summary>
    private static (int First, int Last) Locate(KeySpec keys, RequestBatch batch, int request, int skip)
    {
        int count = batch.ArgumentCount(request);
        if (!keys.HasKeys)
        {
            return (1, 0);
        }
        int first = keys.First + skip, last = keys.Last >= 0 ? keys.Last + skip : count + keys.Last;
        if (keys.CountAt > 0)
        {
            int at = keys.CountAt + skip;
            long keyCount = 0;
            bool isCounted = at < count && Decimal64.TryParse(batch.Argument(request, at), out keyCount);
            bool isValid = isCounted && keyCount > 0 && keyCount <= count && first + (keyCount - 1) * keys.Step < count;
            return isValid ? (first, (int)(first + (keyCount - 1) * keys.Step)) : (1, 0);
        }
        if (keys.Keyword is not null)
        {
            // Where the word introduces a single key it may be repeated, and the last one counts.
            bool isLastWanted = keys.Last == 0;
            int at = isLastWanted ? count - 1 : first, end = isLastWanted ? first - 1 : count;
            while (at != end && !IsWord(batch.Argument(request, at), keys.Keyword) && !IsWord(batch.Argument(request, at), keys.Rival))
            {
                at += isLastWanted ? -1 : 1;
            }
            if (at == end || !IsWord(batch.Argument(request, at), keys.Keyword))
            {
                return (1, 0);
            }
            first = at + 1;
            last = keys.Last == 0 ? first : count + keys.Last;
            last = keys.Limit > 1 ? first + (last - first + 1) / keys.Limit - 1 : last;
        }
        return (first, Math.Min(last, count - 1));
    }

    private static bool IsWord(ReadOnlySpan<byte> argument, string? word) => word is not null && Ascii.EqualsIgnoreCase(argument, word);

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
        _step = Math.Max(1, keys.Step);
        (_next, _last) = Locate(keys, _batch, _request, 0);
    }
}
