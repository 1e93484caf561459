using System.Text;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Protocol;

/// <summary>The limits that a connection's input is held to.</summary>
/// <param name="MaxBulkBytes">Valkey's <c>proto-max-bulk-len</c>.</param>
/// <param name="IsUnauthenticated">Whether the smaller limits before authentication hold.</param>
/// <param name="TakesInline">Whether a request may be an inline line; otherwise framing stops in front of one.</param>
public readonly record struct FramingLimits(long MaxBulkBytes, bool IsUnauthenticated, bool TakesInline = true);

/// <summary>
/// Cuts input into requests: RESP arrays of bulk strings, or inline lines. Accepts and refuses what Valkey does, in its
/// words. Arguments are not copied; an inline line is unquoted in place.
/// </summary>
public static unsafe class RequestFramer
{
    private const int MaxLineBytes = 64 << 10;
    private const int UnauthenticatedArguments = 10;
    private const int UnauthenticatedBulkBytes = 16384;
    private const ushort LineEnd = 0x0A0D;
    private const string BadLineEnd = "invalid CRLF in request";
    // Fewer arguments than this are framed again rather than saved.
    private const int ArgumentsWorthSaving = 16;
    private const int LargestKeptBytes = 8 << 10;

    /// <summary>
    /// Frames requests until the batch is full or the input has no further whole one. Returns the bytes of the requests
    /// framed; the rest starts a partial request, described by <paramref name="partial"/>.
    /// </summary>
    /// <param name="input">Input from the start of a request.</param>
    /// <param name="limits">What the connection may send.</param>
    /// <param name="partial">In: what an earlier call left of this request. Out: what this one leaves.</param>
    /// <param name="batch">Receives the requests.</param>
    /// <param name="error">Null, or why the connection must be closed once the batch has run: the text after <c>Protocol error: </c>.</param>
    public static int Frame(
        Span<byte> input, in FramingLimits limits, ref PartialRequest partial, RequestBatch batch, out string? error)
    {
        error = null;
        fixed (byte* start = input)
        {
            byte* end = start + input.Length;
            byte* request = start;
            // The limits before authentication may end with any request.
            int most = limits.IsUnauthenticated ? 1 : RequestBatch.MaxRequests;
            while (request < end && batch.Count < most)
            {
                byte* at;
                if (*request == '*')
                {
                    Resume(partial, batch);
                    at = FrameArray(request, end, limits, ref partial, batch, out error);
                }
                else if (!limits.TakesInline)
                {
                    break;
                }
                else
                {
                    at = FrameInline(request, end, batch, out error);
                }
                if (at == null)
                {
                    Suspend(ref partial, batch);
                    break;
                }
                partial = partial.Saved is null ? PartialRequest.None : Restarted(partial.Saved);
                request = at;
            }
            return (int)(request - start);
        }
    }

    private static byte* FrameArray(
        byte* request, byte* end, in FramingLimits limits, ref PartialRequest partial, RequestBatch batch, out string? error)
    {
        error = null;
        byte* at = request + partial.Position;
        if (partial.ArgumentsLeft == 0)
        {
            byte* line = at + 1;
            if (!ReadLine(ref line, end, out long count, out LineState state))
            {
                error = state switch
                {
                    LineState.TooLong => "too big mbulk count string",
                    LineState.Invalid => "invalid multibulk length",
                    LineState.BadEnd => BadLineEnd,
                    _ => null,
                };
                return null;
            }
            if (count > int.MaxValue)
            {
                error = "invalid multibulk length";
                return null;
            }
            if (count > UnauthenticatedArguments && limits.IsUnauthenticated)
            {
                error = "unauthenticated multibulk length";
                return null;
            }
            at = line;
            if (count <= 0)
            {
                return at;
            }
            partial.ArgumentsLeft = (int)count;
            partial.Position = (int)(at - request);
        }
        while (partial.ArgumentsLeft > 0)
        {
            if (partial.BulkLength < 0)
            {
                if (at >= end)
                {
                    return null;
                }
                if (*at != '$')
                {
                    // The line must be whole before its first byte is judged, as in Valkey.
                    byte* probe = at;
                    if (!ReadLine(ref probe, end, out _, out LineState probed) && probed == LineState.Incomplete)
                    {
                        return null;
                    }
                    error = $"expected '$', got '{Encoding.Latin1.GetString(at, 1)}'";
                    return null;
                }
                byte* line = at + 1;
                if (!ReadLine(ref line, end, out long length, out LineState state))
                {
                    error = state switch
                    {
                        LineState.TooLong => "too big bulk count string",
                        LineState.Invalid => "invalid bulk length",
                        LineState.BadEnd => BadLineEnd,
                        _ => null,
                    };
                    return null;
                }
                if (length < 0 || length > limits.MaxBulkBytes || length > int.MaxValue - MaxLineBytes)
                {
                    error = "invalid bulk length";
                    return null;
                }
                if (length > UnauthenticatedBulkBytes && limits.IsUnauthenticated)
                {
                    error = "unauthenticated bulk length";
                    return null;
                }
                at = line;
                partial.BulkLength = (int)length;
                partial.Position = (int)(at - request);
            }
            if (end - at < partial.BulkLength + 2L)
            {
                return null;
            }
            if (*(ushort*)(at + partial.BulkLength) != LineEnd)
            {
                error = BadLineEnd;
                return null;
            }
            batch.AddArgument((int)(at - request), partial.BulkLength);
            at += partial.BulkLength + 2;
            partial.BulkLength = -1;
            partial.Position = (int)(at - request);
            partial.ArgumentsLeft--;
        }
        batch.EndRequest(request);
        return at;
    }

    private enum LineState
    {
        Incomplete,
        TooLong,
        Invalid,
        BadEnd,
    }

    /// <summary>Reads a decimal number and its line end. One to three digits, nearly all there are, take the short way.</summary>
    private static bool ReadLine(ref byte* at, byte* end, out long value, out LineState state)
    {
        byte* p = at;
        state = LineState.Incomplete;
        if (end - p >= 5)
        {
            uint d0 = (uint)*p - '0';
            if (d0 <= 9)
            {
                if (p[1] == '\r' && p[2] == '\n')
                {
                    at = p + 3;
                    value = d0;
                    return true;
                }
                uint d1 = (uint)p[1] - '0';
                if (d0 != 0 && d1 <= 9)
                {
                    if (p[2] == '\r' && p[3] == '\n')
                    {
                        at = p + 4;
                        value = d0 * 10 + d1;
                        return true;
                    }
                    uint d2 = (uint)p[2] - '0';
                    if (d2 <= 9 && p[3] == '\r' && p[4] == '\n')
                    {
                        at = p + 5;
                        value = d0 * 100 + d1 * 10 + d2;
                        return true;
                    }
                }
            }
        }
        return ReadLineSlowly(ref at, end, out value, out state);
    }

    private static bool ReadLineSlowly(ref byte* at, byte* end, out long value, out LineState state)
    {
        ReadOnlySpan<byte> rest = new(at, (int)(end - at));
        int length = rest.IndexOf((byte)'\r');
        value = 0;
        state = LineState.Incomplete;
        if (length < 0)
        {
            state = rest.Length > MaxLineBytes ? LineState.TooLong : LineState.Incomplete;
            return false;
        }
        if (length + 2 > rest.Length)
        {
            return false;
        }
        if (rest[length + 1] != '\n')
        {
            state = LineState.BadEnd;
            return false;
        }
        if (!Decimal64.TryParse(rest[..length], out value))
        {
            state = LineState.Invalid;
            return false;
        }
        at += length + 2;
        return true;
    }

    private static byte* FrameInline(byte* request, byte* end, RequestBatch batch, out string? error)
    {
        error = null;
        Span<byte> rest = new(request, (int)(end - request));
        int length = rest.IndexOf((byte)'\n');
        if (length < 0)
        {
            if (rest.Length > MaxLineBytes)
            {
                error = "too big inline request";
            }
            return null;
        }
        int textLength = length > 0 && rest[length - 1] == '\r' ? length - 1 : length;
        if (!InlineLine.Split(rest[..textLength], batch))
        {
            batch.DropUnfinished();
            error = "unbalanced quotes in request";
            return null;
        }
        if (batch.UnfinishedCount > 0)
        {
            batch.EndRequest(request);
        }
        return request + length + 1;
    }

    private static void Resume(in PartialRequest partial, RequestBatch batch)
    {
        if (partial.Saved is not null)
        {
            batch.AddSaved(partial.Saved);
        }
    }

    private static void Suspend(ref PartialRequest partial, RequestBatch batch)
    {
        if (batch.UnfinishedCount < ArgumentsWorthSaving && partial.BulkLength < MaxLineBytes)
        {
            partial = partial.Saved is null ? PartialRequest.None : Restarted(partial.Saved);
        }
        else
        {
            batch.SaveUnfinished(ref partial.Saved);
        }
        batch.DropUnfinished();
    }

    /// <summary>Forgets what is known, but for some memory that the next request may need again.</summary>
    private static PartialRequest Restarted(NativeBuffer saved)
    {
        saved.Clear();
        saved.Trim(saved.Capacity > LargestKeptBytes ? 0 : saved.Capacity);
        return PartialRequest.None with { Saved = saved };
    }
}
