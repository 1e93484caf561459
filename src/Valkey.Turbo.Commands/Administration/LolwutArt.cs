using System.Text;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>Rows of squares whose order dissolves from top to bottom, after Georg Nees' Schotter (1968), in Braille dots.</summary>
internal static class LolwutArt
{
    private const int DotsPerCellX = 2;
    private const int DotsPerCellY = 4;

    // Unicode's Braille patterns: the bit of each dot, column by column.
    private static readonly byte[] DotBits = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];

    /// <summary>Draws <paramref name="squaresPerRow"/> squares side by side on <paramref name="columns"/> characters.</summary>
    internal static string Draw(int columns, int squaresPerRow, RandomSource random)
    {
        int width = columns * DotsPerCellX;
        double side = Math.Max(2.0, (double)width / (squaresPerRow + 2));
        int rows = Math.Min(squaresPerRow * 3 / 2 + 1, 24);
        int lines = (int)(side * (rows + 2) / DotsPerCellY) + 1;
        byte[,] cells = new byte[lines, columns];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < squaresPerRow; column++)
            {
                double disorder = (double)row / rows;
                double angle = (random.NextDouble() - 0.5) * disorder * Math.PI / 2;
                double x = side * (column + 1.5) + (random.NextDouble() - 0.5) * disorder * side;
                double y = side * (row + 1.5) + (random.NextDouble() - 0.5) * disorder * side;
                Square(cells, x, y, side * 0.45, angle);
            }
        }
        StringBuilder text = new();
        for (int line = 0; line < lines; line++)
        {
            for (int column = 0; column < columns; column++)
            {
                text.Append((char)(0x2800 + cells[line, column]));
            }
            text.Append('\n');
        }
        return text.ToString();
    }

    private static void Square(byte[,] cells, double centerX, double centerY, double radius, double angle)
    {
        for (int corner = 0; corner < 4; corner++)
        {
            double from = angle + Math.PI / 4 + corner * Math.PI / 2, to = from + Math.PI / 2;
            double x0 = centerX + radius * Math.Cos(from), y0 = centerY + radius * Math.Sin(from);
            double x1 = centerX + radius * Math.Cos(to), y1 = centerY + radius * Math.Sin(to);
            int steps = (int)(radius * 3) + 1;
            for (int i = 0; i <= steps; i++)
            {
                double t = (double)i / steps;
                Dot(cells, (int)(x0 + (x1 - x0) * t), (int)(y0 + (y1 - y0) * t));
            }
        }
    }

    private static void Dot(byte[,] cells, int x, int y)
    {
        int line = y / DotsPerCellY, column = x / DotsPerCellX;
        if (x >= 0 && y >= 0 && line < cells.GetLength(0) && column < cells.GetLength(1))
        {
            cells[line, column] |= DotBits[y % DotsPerCellY * DotsPerCellX + x % DotsPerCellX];
        }
    }
}
