using System.Globalization;
using Valkey.Turbo.Commands.SortedSets;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Geo;

/// <summary>Places as members of a sorted set, whose scores are geohashes: added, shown, measured.</summary>
internal static class GeoCommands
{
    internal const string Unit = "unit=<m:M | km:KM | ft:FT | mi:MI>";
    private const int HashCharacters = 11;
    private const int DistanceDecimals = 4;
    private const int DistanceUnits = 10_000;

    // Enough for any double with 17 decimals.
    private const int NumberBytes = 352;
    private static readonly KeySpec Reads = KeySpec.One(KeyFlags.RO | KeyFlags.Access);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("geoadd", -5, CommandFlags.Write | DenyOom, "geo", "3.2.0",
            "O(log(N)) for each member, where N is the size of the sorted set.", "Adds places to a sorted set, which is created if there is none.",
            Add, KeySpec.One(KeyFlags.RW | KeyFlags.Update),
            "key:key [condition=<nx:NX | xx:XX>^6.2.0] [change:CH^6.2.0] data={longitude:double latitude:double member:string}..."),
        CommandSpec.Define("geopos", -2, ReadOnly, "geo", "3.2.0", "O(1) for each member.", "Returns the coordinates of places.", Position,
            Reads, "key:key [member:string...]"),
        CommandSpec.Define("geohash", -2, ReadOnly, "geo", "3.2.0", "O(1) for each member.", "Returns the geohash strings of places.", Hash,
            Reads, "key:key [member:string...]"),
        CommandSpec.Define("geodist", -4, ReadOnly, "geo", "3.2.0", "O(1)", "Returns the distance between two places.", Distance, Reads,
            $"key:key member1:string member2:string [{Unit}]"),
    ];

    /// <summary>Reads a longitude and a latitude, or replies the error.</summary>
    internal static bool TryPoint(CommandContext context, int index, out GeoPoint point)
    {
        point = default;
        if (!context.TryDouble(index, out double longitude) || !context.TryDouble(index + 1, out double latitude))
        {
            return false;
        }
        point = new GeoPoint(longitude, latitude);
        if (!GeoHash.IsValid(point))
        {
            context.Reply.Error($"ERR invalid longitude,latitude pair {SixDecimals(longitude)},{SixDecimals(latitude)}");
            return false;
        }
        return true;
    }

    /// <summary>Reads a unit as meters, or replies the error.</summary>
    internal static bool TryUnit(CommandContext context, int index, out double meters)
    {
        meters = context.Is(index, "m") ? 1 : context.Is(index, "km") ? 1000 : context.Is(index, "ft") ? 0.3048 : context.Is(index, "mi") ? 1609.34 : 0;
        if (meters == 0)
        {
            context.Reply.Error("ERR unsupported unit provided. please use M, KM, FT, MI");
        }
        return meters != 0;
    }

    /// <summary>Replies coordinates, with as many digits as tell two places apart.</summary>
    internal static void ReplyPoint(CommandContext context, GeoPoint point)
    {
        context.Reply.Array(2);
        ReplyCoordinate(context, point.Longitude);
        ReplyCoordinate(context, point.Latitude);
    }

    /// <summary>A number as C shows it by default.</summary>
    private static string SixDecimals(double value) =>
        double.IsInfinity(value) ? value > 0 ? "inf" : "-inf" : value.ToString("F6", CultureInfo.InvariantCulture);

    private static void ReplyCoordinate(CommandContext context, double value)
    {
        Span<byte> text = stackalloc byte[NumberBytes];
        value.TryFormat(text, out int length, "F17", CultureInfo.InvariantCulture);
        context.Reply.Double(text[..length].TrimEnd((byte)'0').TrimEnd((byte)'.'));
    }

    /// <summary>Replies a distance with four digits behind the point.</summary>
    internal static void ReplyDistance(CommandContext context, double value)
    {
        // What lies in the middle goes to the even digit after the multiplication, not before.
        (long whole, long decimals) = Math.DivRem((long)Math.Round(value * DistanceUnits, MidpointRounding.ToEven), DistanceUnits);
        Span<byte> text = stackalloc byte[Decimal64.MaxDigits + DistanceDecimals + 1];
        int length = Decimal64.Format(whole, text);
        text[length] = (byte)'.';
        for (int digit = DistanceDecimals; digit > 0; digit--, decimals /= 10)
        {
            text[length + digit] = (byte)('0' + decimals % 10);
        }
        context.Reply.Bulk(text[..(length + 1 + DistanceDecimals)]);
    }

    private static void Add(CommandContext context)
    {
        bool nx = false, xx = false, countsChanges = false;
        int first = 2;
        for (; first < context.ArgumentCount; first++)
        {
            if (context.Is(first, "NX"))
            {
                nx = true;
            }
            else if (context.Is(first, "XX"))
            {
                xx = true;
            }
            else if (context.Is(first, "CH"))
            {
                countsChanges = true;
            }
            else
            {
                break;
            }
        }
        int words = context.ArgumentCount - first;
        if (words == 0 || words % 3 != 0 || (nx && xx))
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        long longest = 0;
        for (int i = first; i < context.ArgumentCount; i += 3)
        {
            if (!TryPoint(context, i, out _))
            {
                return;
            }
            longest = Math.Max(longest, context.Argument(i + 2).Length);
        }
        KeyHandle key = context.Write(1);
        if (!context.IsTypeOrAbsent(key, ValueType.SortedSet))
        {
            return;
        }
        if (xx && !key.Exists)
        {
            context.Reply.Integer(0);
            return;
        }
        SortedSetCommands.BeginAdding(context, ref key, words / 3, longest);
        (int added, int updated) = AddPlaces(context, key.SortedSet, first, nx, xx);
        if (added + updated > 0)
        {
            context.Changed(key, KeyEvent.SortedSet, "zadd", added + updated);
            Record(context, key, first);
        }
        context.Reply.Integer(countsChanges ? added + updated : added);
    }

    private static (int Added, int Updated) AddPlaces(CommandContext context, SortedSetValue set, int first, bool nx, bool xx)
    {
        int added = 0, updated = 0;
        for (int i = first; i < context.ArgumentCount; i += 3)
        {
            TryPoint(context, i, out GeoPoint point);
            double score = GeoHash.Encode(point, GeoHash.MaxSteps);
            ReadOnlySpan<byte> member = context.Argument(i + 2);
            bool exists = set.TryScore(member, out double current);
            if (!exists && !xx)
            {
                set.Add(member, score, context.Limits);
                added++;
            }
            else if (exists && !nx && score != current)
            {
                set.SetScore(member, score);
                updated++;
            }
        }
        return (added, updated);
    }

    private static void Record(CommandContext context, in KeyHandle key, int first)
    {
        int places = (context.ArgumentCount - first) / 3;
        context.Record(first + places * 2).Add("ZADD"u8);
        for (int i = 1; i < first; i++)
        {
            context.Append(context.Argument(i));
        }
        for (int i = first; i < context.ArgumentCount; i += 3)
        {
            TryPoint(context, i, out GeoPoint point);
            context.Append((long)GeoHash.Encode(point, GeoHash.MaxSteps));
            context.Append(context.Argument(i + 2));
        }
        context.Journal(key);
    }

    private static void Position(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.SortedSet, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        context.Reply.Array(context.ArgumentCount - 2);
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            if (exists && key.SortedSet.TryScore(context.Argument(i), out double score))
            {
                ReplyPoint(context, GeoHash.Decode(score));
            }
            else
            {
                context.Reply.NullArray();
            }
        }
    }

    private static void Hash(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.SortedSet, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        context.Reply.Array(context.ArgumentCount - 2);
        Span<byte> text = stackalloc byte[HashCharacters];
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            if (exists && key.SortedSet.TryScore(context.Argument(i), out double score))
            {
                GeoHash.WriteText(GeoHash.Decode(score), text);
                context.Reply.Bulk(text);
            }
            else
            {
                context.Reply.Null();
            }
        }
    }

    private static void Distance(CommandContext context)
    {
        double meters = 1;
        if (context.ArgumentCount == 5 && !TryUnit(context, 4, out meters))
        {
            return;
        }
        if (context.ArgumentCount > 5)
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        bool exists = context.TryRead(1, ValueType.SortedSet, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        if (exists && key.SortedSet.TryScore(context.Argument(2), out double a) && key.SortedSet.TryScore(context.Argument(3), out double b))
        {
            ReplyDistance(context, GeoHash.Distance(GeoHash.Decode(a), GeoHash.Decode(b)) / meters);
        }
        else
        {
            context.Reply.Null();
        }
    }
}
