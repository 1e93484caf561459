namespace Valkey.Turbo.Commands.Geo;

/// <summary>A place on earth, in degrees.</summary>
internal readonly record struct GeoPoint(double Longitude, double Latitude);

/// <summary>A rectangle of degrees.</summary>
internal readonly record struct GeoBox(double West, double South, double East, double North)
{
    internal GeoPoint Center => new(Math.Clamp((West + East) / 2, -180, 180), Math.Clamp((South + North) / 2, -GeoHash.LargestLatitude, GeoHash.LargestLatitude));
}

/// <summary>
/// Geohashes (Niemeyer, 2008): longitude and latitude cut in halves again and again, the choices interleaved, latitude at
/// the even bits. With 26 steps they take 52 bits, which a score holds exactly. Latitudes end where the Mercator projection
/// is a square.
/// </summary>
internal static class GeoHash
{
    internal const int MaxSteps = 26;
    internal const double LargestLatitude = 85.05112878;
    private const double LargestLongitude = 180;
    private const double EarthRadiusMeters = 6372797.560856;
    private const double MercatorMeters = 20037726.37;
    private const double RadiansPerDegree = 3.14159265358979323846 / 180;

    // Some nanometers on the ground: longitudes that are no further apart count as one.
    private const double SmallestSine = 1e-15;
    private const string Alphabet = "0123456789bcdefghjkmnpqrstuvwxyz";

    /// <summary>Whether a place can be encoded.</summary>
    internal static bool IsValid(GeoPoint point) =>
        point.Longitude is >= -LargestLongitude and <= LargestLongitude && point.Latitude is >= -LargestLatitude and <= LargestLatitude;

    /// <summary>The hash of a place, in so many steps of two bits.</summary>
    internal static ulong Encode(GeoPoint point, int steps) => Encode(point, steps, LargestLatitude);

    private static ulong Encode(GeoPoint point, int steps, double largestLatitude)
    {
        double scale = 1UL << steps;
        double x = (point.Longitude + LargestLongitude) / (2 * LargestLongitude) * scale;
        double y = (point.Latitude + largestLatitude) / (2 * largestLatitude) * scale;
        return Spread((uint)x) << 1 | Spread((uint)y);
    }

    /// <summary>The rectangle that a hash stands for.</summary>
    internal static GeoBox Decode(ulong hash, int steps)
    {
        double scale = 1UL << steps;
        uint x = Gather(hash >> 1), y = Gather(hash);
        return new GeoBox(
            -LargestLongitude + x / scale * (2 * LargestLongitude), -LargestLatitude + y / scale * (2 * LargestLatitude),
            -LargestLongitude + (x + 1) / scale * (2 * LargestLongitude), -LargestLatitude + (y + 1) / scale * (2 * LargestLatitude));
    }

    /// <summary>The place that a score stands for; one below 0, which no place has, is taken modulo 2^64, as C does.</summary>
    internal static GeoPoint Decode(double score) => Decode(score < 0 ? (ulong)(long)score : (ulong)score, MaxSteps).Center;

    /// <summary>
    /// The hash of the rectangle so many columns to the east and rows to the north, around the world. The easternmost and northernmost places
    /// lie in a column and a row of their own, beyond the last, which are left only by a step in their direction.
    /// </summary>
    internal static ulong Neighbor(ulong hash, int steps, int east, int north)
    {
        uint mask = (uint)((1UL << steps) - 1);
        uint x = Gather(hash >> 1), y = Gather(hash);
        x = east == 0 ? x : unchecked(x + (uint)east) & mask;
        y = north == 0 ? y : unchecked(y + (uint)north) & mask;
        return Spread(x) << 1 | Spread(y);
    }

    /// <summary>The eleven letters that geohash.org shows, which cuts latitudes at the poles.</summary>
    internal static void WriteText(GeoPoint point, Span<byte> text)
    {
        ulong hash = Encode(point, MaxSteps, 90);
        for (int i = 0; i < text.Length; i++)
        {
            int shift = 2 * MaxSteps - (i + 1) * 5;
            text[i] = (byte)Alphabet[shift < 0 ? 0 : (int)(hash >> shift & 31)];
        }
    }

    /// <summary>Meters between two places, along the sphere (haversine).</summary>
    internal static double Distance(GeoPoint a, GeoPoint b)
    {
        // Radians first, and nothing else in another order than Valkey has it: distances are stored as scores, to the last digit.
        double v = Math.Sin((b.Longitude * RadiansPerDegree - a.Longitude * RadiansPerDegree) / 2);
        if (Math.Abs(v) <= SmallestSine)
        {
            return LatitudeDistance(a.Latitude, b.Latitude);
        }
        double latitudeA = a.Latitude * RadiansPerDegree, latitudeB = b.Latitude * RadiansPerDegree;
        double u = Math.Sin((latitudeB - latitudeA) / 2);
        double h = u * u + Math.Cos(latitudeA) * Math.Cos(latitudeB) * v * v;
        return 2 * EarthRadiusMeters * Math.Asin(Math.Sqrt(h));
    }

    /// <summary>Meters between two parallels.</summary>
    internal static double LatitudeDistance(double a, double b) => EarthRadiusMeters * Math.Abs(b * RadiansPerDegree - a * RadiansPerDegree);

    /// <summary>The rectangle of degrees that reaches so many meters from a place.</summary>
    internal static GeoBox BoxAround(GeoPoint center, double widthMeters, double heightMeters)
    {
        double latitude = heightMeters / EarthRadiusMeters / RadiansPerDegree;
        // Meridians are closest on the side of the nearer pole.
        double parallel = center.Latitude < 0 ? center.Latitude - latitude : center.Latitude + latitude;
        double longitude = widthMeters / EarthRadiusMeters / Math.Cos(parallel * RadiansPerDegree) / RadiansPerDegree;
        return new GeoBox(
            center.Longitude - longitude, center.Latitude - latitude, center.Longitude + longitude, center.Latitude + latitude);
    }

    /// <summary>The middle of places on the sphere.</summary>
    internal static GeoPoint Centroid(ReadOnlySpan<GeoPoint> points)
    {
        double x = 0, y = 0, z = 0;
        foreach (GeoPoint point in points)
        {
            double longitude = point.Longitude * RadiansPerDegree, latitude = point.Latitude * RadiansPerDegree;
            x += Math.Cos(latitude) * Math.Cos(longitude);
            y += Math.Cos(latitude) * Math.Sin(longitude);
            z += Math.Sin(latitude);
        }
        return new GeoPoint(Math.Atan2(y, x) / RadiansPerDegree, Math.Atan2(z, Math.Sqrt(x * x + y * y)) / RadiansPerDegree);
    }

    /// <summary>How fine a hash may be so that a rectangle and its eight neighbours cover a radius.</summary>
    internal static int StepsFor(double radiusMeters, double latitude)
    {
        if (radiusMeters == 0)
        {
            return MaxSteps;
        }
        int steps = 1;
        while (radiusMeters < MercatorMeters)
        {
            radiusMeters *= 2;
            steps++;
        }
        steps -= 2;
        // Towards the poles the rectangles get narrow.
        steps -= Math.Abs(latitude) > 66 ? 1 : 0;
        steps -= Math.Abs(latitude) > 80 ? 1 : 0;
        return Math.Clamp(steps, 1, MaxSteps);
    }

    /// <summary>Puts the bits of a number at even places.</summary>
    private static ulong Spread(uint value)
    {
        ulong x = value;
        x = (x | x << 16) & 0x0000FFFF0000FFFF;
        x = (x | x << 8) & 0x00FF00FF00FF00FF;
        x = (x | x << 4) & 0x0F0F0F0F0F0F0F0F;
        x = (x | x << 2) & 0x3333333333333333;
        return (x | x << 1) & 0x5555555555555555;
    }

    /// <summary>Takes the bits at even places.</summary>
    private static uint Gather(ulong value)
    {
        value &= 0x5555555555555555;
        value = (value | value >> 1) & 0x3333333333333333;
        value = (value | value >> 2) & 0x0F0F0F0F0F0F0F0F;
        value = (value | value >> 4) & 0x00FF00FF00FF00FF;
        value = (value | value >> 8) & 0x0000FFFF0000FFFF;
        return (uint)(value | value >> 16);
    }
}
