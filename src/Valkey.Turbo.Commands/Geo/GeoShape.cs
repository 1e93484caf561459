using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Commands.Geo;

/// <summary>The area of a search: a circle, a box or a polygon.</summary>
internal readonly struct GeoShape
{
    private readonly GeoPoint[] _corners;
    private readonly double _widthMeters;
    private readonly double _heightMeters;
    private readonly double _reachMeters;

    private GeoShape(GeoPoint center, double widthMeters, double heightMeters, double reachMeters, GeoBox bounds, GeoPoint[] corners)
    {
        Center = center;
        (_widthMeters, _heightMeters, _reachMeters) = (widthMeters, heightMeters, reachMeters);
        Bounds = bounds;
        _corners = corners;
    }

    /// <summary>What distances are measured from.</summary>
    internal GeoPoint Center { get; }

    /// <summary>A rectangle that holds the area.</summary>
    internal GeoBox Bounds { get; }

    internal static GeoShape Circle(GeoPoint center, double radiusMeters) =>
        new(center, 0, 0, radiusMeters, GeoHash.BoxAround(center, radiusMeters, radiusMeters), []);

    internal static GeoShape Box(GeoPoint center, double widthMeters, double heightMeters)
    {
        double reach = Math.Sqrt(widthMeters * widthMeters / 4 + heightMeters * heightMeters / 4);
        return new GeoShape(center, widthMeters, heightMeters, reach, GeoHash.BoxAround(center, widthMeters / 2, heightMeters / 2), []);
    }

    internal static GeoShape Polygon(GeoPoint[] corners)
    {
        GeoPoint center = GeoHash.Centroid(corners);
        GeoBox bounds = new(
            corners.Min(corner => corner.Longitude), corners.Min(corner => corner.Latitude),
            corners.Max(corner => corner.Longitude), corners.Max(corner => corner.Latitude));
        double reach = new[]
        {
            GeoHash.Distance(center, new GeoPoint(bounds.West, bounds.North)), GeoHash.Distance(center, new GeoPoint(bounds.East, bounds.North)),
            GeoHash.Distance(center, new GeoPoint(bounds.West, bounds.South)), GeoHash.Distance(center, new GeoPoint(bounds.East, bounds.South)),
        }.Max();
        return new GeoShape(center, 0, 0, reach, bounds, corners);
    }

    /// <summary>Whether a place lies in the area, and how many meters from the center.</summary>
    internal bool Contains(GeoPoint point, out double distanceMeters)
    {
        distanceMeters = 0;
        if (IsClearlyOutside(point))
        {
            return false;
        }
        if (_corners.Length > 0)
        {
            if (!IsInside(point))
            {
                return false;
            }
            distanceMeters = GeoHash.Distance(Center, point);
            return true;
        }
        if (_widthMeters > 0 || _heightMeters > 0)
        {
            // Along the parallel first, then along the meridian, which is cheaper than along the sphere.
            if (GeoHash.LatitudeDistance(point.Latitude, Center.Latitude) > _heightMeters / 2
                || GeoHash.Distance(point, Center with { Latitude = point.Latitude }) > _widthMeters / 2)
            {
                return false;
            }
            distanceMeters = GeoHash.Distance(Center, point);
            return true;
        }
        distanceMeters = GeoHash.Distance(Center, point);
        return distanceMeters <= _reachMeters;
    }

    /// <summary>
    /// Whether a place lies outside the bounds, which spares it the trigonometry. Bounds that go around the world or over a
    /// pole say nothing of longitudes.
    /// </summary>
    private bool IsClearlyOutside(GeoPoint point)
    {
        const double tolerance = 1e-9;
        if (point.Latitude < Bounds.South - tolerance || point.Latitude > Bounds.North + tolerance)
        {
            return true;
        }
        bool isPlain = Bounds is { West: > -180, East: < 180, South: > -90, North: < 90 } && Bounds.West <= Bounds.East;
        return isPlain && (point.Longitude < Bounds.West - tolerance || point.Longitude > Bounds.East + tolerance);
    }

    /// <summary>The rectangles of a geohash that cover the area, as ranges of scores: the first is in, the last is not.</summary>
    internal void Cover(NativeList<(ulong First, ulong End)> ranges)
    {
        int steps = GeoHash.StepsFor(_reachMeters, Center.Latitude);
        ulong hash = GeoHash.Encode(Center, steps);
        if (steps > 1 && !IsCovered(hash, steps))
        {
            steps--;
            hash = GeoHash.Encode(Center, steps);
        }
        GeoBox middle = GeoHash.Decode(hash, steps);
        ReadOnlySpan<(int East, int North)> order = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];
        foreach ((int east, int north) in order)
        {
            if (steps >= 2 && IsOutside(middle, east, north))
            {
                continue;
            }
            int shift = 2 * (GeoHash.MaxSteps - steps);
            ulong neighbor = GeoHash.Neighbor(hash, steps, east, north);
            (ulong, ulong) range = (neighbor << shift, (neighbor + 1) << shift);
            // With few steps a neighbour may come around the world as another one.
            if (!ranges.Span.Contains(range))
            {
                ranges.Add(range);
            }
        }
    }

    /// <summary>Whether the middle rectangle's own edge is already beyond the area on a neighbour's side.</summary>
    private bool IsOutside(GeoBox middle, int east, int north) =>
        (north < 0 && middle.South < Bounds.South) || (north > 0 && middle.North > Bounds.North)
        || (east < 0 && middle.West < Bounds.West) || (east > 0 && middle.East > Bounds.East);

    private bool IsCovered(ulong hash, int steps)
    {
        GeoBox north = GeoHash.Decode(GeoHash.Neighbor(hash, steps, 0, 1), steps), south = GeoHash.Decode(GeoHash.Neighbor(hash, steps, 0, -1), steps);
        GeoBox east = GeoHash.Decode(GeoHash.Neighbor(hash, steps, 1, 0), steps), west = GeoHash.Decode(GeoHash.Neighbor(hash, steps, -1, 0), steps);
        return north.North >= Bounds.North && south.South <= Bounds.South && east.East >= Bounds.East && west.West <= Bounds.West;
    }

    /// <summary>Whether a ray to the east crosses the polygon's edges an odd number of times.</summary>
    private bool IsInside(GeoPoint point)
    {
        bool inside = false;
        for (int i = 0, previous = _corners.Length - 1; i < _corners.Length; previous = i++)
        {
            GeoPoint a = _corners[i], b = _corners[previous];
            bool straddles = a.Latitude > point.Latitude != b.Latitude > point.Latitude;
            if (straddles && point.Longitude
                < (b.Longitude - a.Longitude) * (point.Latitude - a.Latitude) / (b.Latitude - a.Latitude) + a.Longitude)
            {
                inside = !inside;
            }
        }
        return inside;
    }
}
