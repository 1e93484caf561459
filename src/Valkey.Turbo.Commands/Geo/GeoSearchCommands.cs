using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Geo;

/// <summary>Places within an area: GEOSEARCH, and GEORADIUS with its older forms.</summary>
internal static class GeoSearchCommands
{
    private const string Searching = "O(N+log(M)) where N is the number of places near the area and M the size of the sorted set.";
    private const string Unit = GeoCommands.Unit;
    private const string From = "[from=<member:string@FROMMEMBER | fromlonlat={longitude:double latitude:double}@FROMLONLAT>]";
    private const string By = "by=<circle={radius:double@BYRADIUS " + Unit + "} | box={width:double@BYBOX height:double " + Unit
        + "} | polygon={num-vertices:integer@BYPOLYGON vertices={longitude:double latitude:double}...}^9.0.0>";
    private const string CountBlock = "[count-block={count:integer@COUNT [any:ANY]}]";
    private const string RadiusCount = "[count-block={count:integer@COUNT [any:ANY^6.2.0]}]";
    private const string Order = "[order=<asc:ASC | desc:DESC>]";
    private const string With = "[withcoord:WITHCOORD] [withdist:WITHDIST] [withhash:WITHHASH]";
    private const string Store = "[store=<storekey(key):key@STORE | storedistkey(key):key@STOREDIST>]";
    private const KeyFlags Stores = KeyFlags.OW | KeyFlags.Update;
    private static readonly KeySpec Reads = KeySpec.One(KeyFlags.RO | KeyFlags.Access);

    private enum Form
    {
        /// <summary>GEORADIUS: coordinates and a radius stand before the options.</summary>
        Radius,
        /// <summary>GEORADIUSBYMEMBER: a member and a radius stand before the options.</summary>
        ByMember,
        /// <summary>GEOSEARCH: the area is among the options.</summary>
        Search,
    }

    private struct Query
    {
        internal Form Form;
        internal int SourceAt;
        internal int StoreAt;
        internal bool MayStore;
        internal bool StoresDistance;
        internal bool WithDistance;
        internal bool WithHash;
        internal bool WithCoordinates;
        internal bool IsAny;
        internal bool Ascending;
        internal bool Descending;
        internal long Count;
        internal bool HasMember;
        internal bool HasPoint;
        internal GeoPoint Center;
        internal double Meters;
        internal double Radius;
        internal double Width;
        internal double Height;
        internal bool HasRadius;
        internal bool HasBox;
        internal GeoPoint[]? Corners;

        internal readonly bool HasCenter => HasMember || HasPoint;

        internal readonly GeoShape Shape => Corners is not null ? GeoShape.Polygon(Corners)
            : HasBox ? GeoShape.Box(Center, Width * Meters, Height * Meters)
            : GeoShape.Circle(Center, Radius * Meters);
    }

    /// <summary>A place that was found; its name stands among the bytes of all names.</summary>
    private readonly record struct Found(int Index, int NameAt, int NameLength, double Score, GeoPoint Point, double Distance)
    {
        internal ReadOnlySpan<byte> NameIn(NativeList<byte> names) => names.Span.Slice(NameAt, NameLength);
    }

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("geosearch", -7, ReadOnly, "geo", "6.2.0", Searching, "Returns the places within an area.",
            context => Run(context, new Query { Form = Form.Search, SourceAt = 1 }), Reads, $"key:key {From} {By} {Order} {CountBlock} {With}"),
        CommandSpec.Define("geosearchstore", -8, CommandFlags.Write | DenyOom, "geo", "6.2.0", Searching,
            "Stores the places within an area in a key.",
            context => Run(context, new Query { Form = Form.Search, SourceAt = 2, StoreAt = 1 }),
            KeySpec.One(KeyFlags.OW | KeyFlags.Update), $"destination:key source:key {From} {By} {Order} {CountBlock} [storedist:STOREDIST]",
            moreKeys: [new KeySpec(2, 2, 1, KeyFlags.RO | KeyFlags.Access)]),
        CommandSpec.Define("georadius", -6, CommandFlags.Write | DenyOom | MovableKeys, "geo", "3.2.0", Searching,
            "Returns or stores the places within a radius of coordinates.",
            context => Run(context, new Query { Form = Form.Radius, SourceAt = 1, MayStore = true }), Reads,
            $"key:key longitude:double latitude:double radius:double {Unit} {With} {RadiusCount} {Order} {Store}",
            moreKeys: [KeySpec.Behind("STORE", 6, Stores) with { Rival = "STOREDIST" }, KeySpec.Behind("STOREDIST", 6, Stores) with { Rival = "STORE" }]),
        CommandSpec.Define("georadius_ro", -6, ReadOnly, "geo", "3.2.10", Searching, "Returns the places within a radius of coordinates.",
            context => Run(context, new Query { Form = Form.Radius, SourceAt = 1 }), Reads,
            $"key:key longitude:double latitude:double radius:double {Unit} {With} {RadiusCount} {Order}"),
        CommandSpec.Define("georadiusbymember", -5, CommandFlags.Write | DenyOom | MovableKeys, "geo", "3.2.0", Searching,
            "Returns or stores the places within a radius of another.",
            context => Run(context, new Query { Form = Form.ByMember, SourceAt = 1, MayStore = true }), Reads,
            $"key:key member:string radius:double {Unit} {With} {CountBlock} {Order} {Store}",
            moreKeys: [KeySpec.Behind("STORE", 5, Stores) with { Rival = "STOREDIST" }, KeySpec.Behind("STOREDIST", 5, Stores) with { Rival = "STORE" }]),
        CommandSpec.Define("georadiusbymember_ro", -5, ReadOnly, "geo", "3.2.10", Searching, "Returns the places within a radius of another.",
            context => Run(context, new Query { Form = Form.ByMember, SourceAt = 1 }), Reads,
            $"key:key member:string radius:double {Unit} {With} {CountBlock} {Order}"),
    ];

    private static void Run(CommandContext context, Query query)
    {
        bool exists = context.TryRead(query.SourceAt, ValueType.SortedSet, out KeyHandle source, out bool isRefused);
        if (isRefused || !TryQuery(context, source, exists, ref query))
        {
            return;
        }
        if (FindProblem(context, query) is string problem)
        {
            context.Reply.Error(problem);
            return;
        }
        using Scratch<Found> scratch = new();
        using Scratch<byte> bytes = new();
        NativeList<Found> found = scratch.Items;
        NativeList<byte> names = bytes.Items;
        if (exists)
        {
            Search(source.SortedSet, query, found, names);
            Sort(query, found);
        }
        int count = query.Count > 0 ? (int)Math.Min(query.Count, found.Count) : found.Count;
        if (query.StoreAt > 0)
        {
            StoreFound(context, query, found, count, names);
            return;
        }
        context.Reply.Array(count);
        for (int i = 0; i < count; i++)
        {
            ReplyFound(context, query, found[i], names);
        }
    }

    private static void Search(SortedSetValue set, in Query query, NativeList<Found> found, NativeList<byte> names)
    {
        GeoShape shape = query.Shape;
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        using Scratch<(ulong First, ulong End)> ranges = new();
        shape.Cover(ranges.Items);
        foreach ((ulong first, ulong end) in ranges.Items)
        {
            long from = set.RankOf(new ScoreBound(first, isAbove: false)), to = set.RankOf(new ScoreBound(end, isAbove: false));
            for (SortedSetEnumerator members = set.Enumerate(from, to - from); members.MoveNext();)
            {
                GeoPoint point = GeoHash.Decode(members.Score);
                if (!shape.Contains(point, out double distance))
                {
                    continue;
                }
                ReadOnlySpan<byte> name = members.Member(scratch);
                found.Add(new Found(found.Count, names.Count, name.Length, members.Score, point, distance));
                names.AddRange(name);
                if (query.IsAny && found.Count >= query.Count)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Sorts what was found by distance; what is equally far stays in its order.</summary>
    private static void Sort(in Query query, NativeList<Found> found)
    {
        if (query.Descending)
        {
            found.Span.Sort(static (a, b) => a.Distance == b.Distance ? a.Index.CompareTo(b.Index) : b.Distance.CompareTo(a.Distance));
        }
        else if (query.Ascending || (query.Count > 0 && !query.IsAny))
        {
            found.Span.Sort(static (a, b) => a.Distance == b.Distance ? a.Index.CompareTo(b.Index) : a.Distance.CompareTo(b.Distance));
        }
    }

    private static void ReplyFound(CommandContext context, in Query query, in Found found, NativeList<byte> names)
    {
        int extras = (query.WithDistance ? 1 : 0) + (query.WithHash ? 1 : 0) + (query.WithCoordinates ? 1 : 0);
        if (extras > 0)
        {
            context.Reply.Array(extras + 1);
        }
        context.Reply.Bulk(found.NameIn(names));
        if (query.WithDistance)
        {
            GeoCommands.ReplyDistance(context, found.Distance / query.Meters);
        }
        if (query.WithHash)
        {
            context.Reply.Integer((long)found.Score);
        }
        if (query.WithCoordinates)
        {
            GeoCommands.ReplyPoint(context, found.Point);
        }
    }

    private static void StoreFound(CommandContext context, in Query query, NativeList<Found> found, int count, NativeList<byte> names)
    {
        KeyHandle target = context.Open(query.StoreAt);
        Entry result = target.Keyspace.NewDetached(
            context.Worker, target.Name, ValueType.SortedSet, ValueEncoding.RankedTree, ITableEntry.NoExpiry);
        SortedSetBuilder builder = new(result, CommandContext.ArenaOf(target));
        for (int i = 0; i < count; i++)
        {
            builder.Add(found[i].NameIn(names), query.StoresDistance ? found[i].Distance / query.Meters : found[i].Score);
        }
        builder.Finish(context.Limits);
        context.Store(ref target, result, count, KeyEvent.SortedSet, query.Form == Form.Search ? "geosearchstore" : "georadiusstore", countsElements: true);
        context.Reply.Integer(count);
    }

    private static string? FindProblem(CommandContext context, in Query query)
    {
        bool isSearch = query.Form == Form.Search;
        if (query.StoreAt > 0 && (query.WithDistance || query.WithHash || query.WithCoordinates))
        {
            return $"ERR {(isSearch ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS")} is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
        }
        if (isSearch && !query.HasCenter && query.Corners is null)
        {
            return $"ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {context.Shown(0)}";
        }
        if (isSearch && !query.HasRadius && !query.HasBox && query.Corners is null)
        {
            return $"ERR exactly one of BYRADIUS, BYBOX and BYPOLYGON can be specified for {context.Shown(0)}";
        }
        return query.IsAny && query.Count == 0 ? "ERR the ANY argument requires COUNT argument" : null;
    }

    private static bool TryQuery(CommandContext context, in KeyHandle source, bool exists, ref Query query)
    {
        query.Meters = 1;
        int at = query.SourceAt + 1;
        switch (query.Form)
        {
            case Form.Radius:
                if (!GeoCommands.TryPoint(context, 2, out query.Center) || !TryRadius(context, 4, ref query))
                {
                    return false;
                }
                at = 6;
                break;
            case Form.ByMember:
                if (exists && (!TryMember(context, source, 2, ref query) || !TryRadius(context, 3, ref query)))
                {
                    return false;
                }
                at = 5;
                break;
        }
        for (; at < context.ArgumentCount; at++)
        {
            if (!TryPlainOption(context, ref at, ref query, out bool wasOption))
            {
                return false;
            }
            if (!wasOption && (query.Form != Form.Search || !TryAreaOption(context, source, exists, ref at, ref query, out wasOption)))
            {
                if (query.Form != Form.Search)
                {
                    context.Reply.Error(Errors.Syntax);
                }
                return false;
            }
            if (!wasOption)
            {
                context.Reply.Error(Errors.Syntax);
                return false;
            }
        }
        return true;
    }

    private static bool TryPlainOption(CommandContext context, ref int at, ref Query query, out bool wasOption)
    {
        wasOption = true;
        bool hasValue = at + 1 < context.ArgumentCount;
        if (context.Is(at, "WITHDIST"))
        {
            query.WithDistance = true;
        }
        else if (context.Is(at, "WITHHASH"))
        {
            query.WithHash = true;
        }
        else if (context.Is(at, "WITHCOORD"))
        {
            query.WithCoordinates = true;
        }
        else if (context.Is(at, "ANY"))
        {
            query.IsAny = true;
        }
        else if (context.Is(at, "ASC") || context.Is(at, "DESC"))
        {
            query.Ascending = context.Is(at, "ASC");
            query.Descending = !query.Ascending;
        }
        else if (hasValue && context.Is(at, "COUNT"))
        {
            if (!context.TryInteger(++at, out query.Count))
            {
                return false;
            }
            if (query.Count <= 0)
            {
                context.Reply.Error("ERR COUNT must be > 0");
                return false;
            }
        }
        else if (query.MayStore && hasValue && (context.Is(at, "STORE") || context.Is(at, "STOREDIST")))
        {
            query.StoresDistance = context.Is(at, "STOREDIST");
            query.StoreAt = ++at;
        }
        else if (query is { Form: Form.Search, StoreAt: > 0 } && context.Is(at, "STOREDIST"))
        {
            query.StoresDistance = true;
        }
        else
        {
            wasOption = false;
        }
        return true;
    }

    /// <summary>Reads a part of the area; one that is there already may be given again, but no other in its place.</summary>
    private static bool TryAreaOption(
        CommandContext context, in KeyHandle source, bool exists, ref int at, ref Query query, out bool wasOption)
    {
        wasOption = true;
        int left = context.ArgumentCount - at - 1;
        bool hasPolygon = query.Corners is not null;
        if (left >= 1 && context.Is(at, "FROMMEMBER") && !query.HasPoint && query.Corners is null)
        {
            query.HasMember = true;
            at++;
            return !exists || TryMember(context, source, at, ref query);
        }
        if (left >= 2 && context.Is(at, "FROMLONLAT") && !query.HasMember && query.Corners is null)
        {
            query.HasPoint = true;
            at += 2;
            return GeoCommands.TryPoint(context, at - 1, out query.Center);
        }
        if (left >= 2 && context.Is(at, "BYRADIUS") && !query.HasBox && !hasPolygon)
        {
            query.HasRadius = true;
            at += 2;
            return TryRadius(context, at - 1, ref query);
        }
        if (left >= 3 && context.Is(at, "BYBOX") && !query.HasRadius && !hasPolygon)
        {
            query.HasBox = true;
            at += 3;
            return TryBox(context, at - 2, ref query);
        }
        if (left >= 2 && context.Is(at, "BYPOLYGON") && !query.HasRadius && !query.HasBox && !query.HasCenter)
        {
            return TryPolygon(context, ref at, ref query);
        }
        wasOption = false;
        return true;
    }

    private static bool TryMember(CommandContext context, in KeyHandle source, int index, ref Query query)
    {
        if (source.SortedSet.TryScore(context.Argument(index), out double score))
        {
            query.Center = GeoHash.Decode(score);
            return true;
        }
        context.Reply.Error($"ERR member {context.Shown(index)} does not exist");
        return false;
    }

    private static bool TryRadius(CommandContext context, int index, ref Query query)
    {
        if (!context.TryDouble(index, out query.Radius, "ERR need numeric radius"))
        {
            return false;
        }
        if (query.Radius < 0)
        {
            context.Reply.Error("ERR radius cannot be negative");
            return false;
        }
        return GeoCommands.TryUnit(context, index + 1, out query.Meters);
    }

    private static bool TryBox(CommandContext context, int index, ref Query query)
    {
        if (!context.TryDouble(index, out query.Width, "ERR need numeric width")
            || !context.TryDouble(index + 1, out query.Height, "ERR need numeric height"))
        {
            return false;
        }
        if (query.Width < 0 || query.Height < 0)
        {
            context.Reply.Error("ERR height or width cannot be negative");
            return false;
        }
        return GeoCommands.TryUnit(context, index + 2, out query.Meters);
    }

    private static bool TryPolygon(CommandContext context, ref int at, ref Query query)
    {
        if (!context.TryInt32(at + 1, out int count, "ERR invalid number of vertices"))
        {
            return false;
        }
        if (count < 3 || (context.ArgumentCount - at - 2) / 2 < count)
        {
            context.Reply.Error("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices");
            return false;
        }
        query.Corners = new GeoPoint[count];
        for (int i = 0; i < count; i++)
        {
            if (!GeoCommands.TryPoint(context, at + 2 + i * 2, out query.Corners[i]))
            {
                return false;
            }
        }
        at += 1 + count * 2;
        return true;
    }
}
