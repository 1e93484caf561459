using System.Globalization;
using System.Text;

namespace Valkey.Turbo.Tests;

/// <summary>
/// Requests and replies as text: simple strings, errors with their dash, integers, bulk strings, nil, and arrays in brackets.
/// </summary>
internal static class RespText
{
    internal static byte[] Encode(params string[] words)
    {
        StringBuilder text = new($"*{words.Length}\r\n");
        foreach (string word in words)
        {
            text.Append(CultureInfo.InvariantCulture, $"${word.Length}\r\n{word}\r\n");
        }
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    /// <summary>Reads one reply, or one message out of band.</summary>
    internal static string Read(Stream stream, out bool isPush)
    {
        string line = ReadLine(stream);
        string rest = line[1..];
        isPush = line[0] == '>';
        switch (line[0])
        {
            case '+' or ',' or '(' or '#':
                return rest;
            case '-':
                return line;
            case ':':
                return rest;
            case '_':
                return "nil";
            case '$' or '=':
                return rest == "-1" ? "nil" : ReadBytes(stream, int.Parse(rest, CultureInfo.InvariantCulture));
            case '*' or '~' or '>' or '%':
                int count = int.Parse(rest, CultureInfo.InvariantCulture) * (line[0] == '%' ? 2 : 1);
                return count < 0 ? "nil" : "[" + string.Join(' ', Enumerable.Range(0, count).Select(_ => Read(stream))) + "]";
            default:
                throw new InvalidDataException($"not RESP: {line}");
        }
    }

    /// <summary>Reads one reply.</summary>
    internal static string Read(Stream stream) => Read(stream, out bool _);

    private static string ReadLine(Stream stream)
    {
        StringBuilder line = new();
        while (true)
        {
            int b = stream.ReadByte();
            if (b < 0)
            {
                throw new EndOfStreamException();
            }
            if (b == '\r')
            {
                stream.ReadByte();
                return line.ToString();
            }
            line.Append((char)b);
        }
    }

    private static string ReadBytes(Stream stream, int length)
    {
        byte[] bytes = new byte[length + 2];
        stream.ReadExactly(bytes);
        return Encoding.Latin1.GetString(bytes, 0, length);
    }
}
