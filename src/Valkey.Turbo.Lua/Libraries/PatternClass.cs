namespace Valkey.Turbo.Lua.Libraries;

/// <summary>The classes of characters that patterns name by a letter, in the locale of C.</summary>
internal static class PatternClass
{
    private const byte Letter = 1;
    private const byte Digit = 2;
    private const byte Lower = 4;
    private const byte Upper = 8;
    private const byte Space = 16;
    private const byte Control = 32;
    private const byte Punctuation = 64;
    private const byte Hexadecimal = 128;

    private static readonly byte[] s_classes = BuildClasses();
    private static readonly byte[] s_masks = BuildMasks();

    /// <summary>Whether a character is in the class of a letter; other characters stand for themselves.</summary>
    internal static bool Matches(byte value, byte name)
    {
        byte letter = (byte)(name | 0x20);
        byte mask = s_masks[letter];
        if (letter == 'z' && char.IsAsciiLetter((char)name))
        {
            return (value == 0) == (name == 'z');
        }
        if (mask == 0 || !char.IsAsciiLetter((char)name))
        {
            return name == value;
        }
        return ((s_classes[value] & mask) != 0) == (name == letter);
    }

    private static byte[] BuildClasses()
    {
        byte[] classes = new byte[256];
        for (int i = 0; i < 128; i++)
        {
            char character = (char)i;
            classes[i] = (byte)(
                (char.IsAsciiLetter(character) ? Letter : 0)
                | (char.IsAsciiDigit(character) ? Digit : 0)
                | (char.IsAsciiLetterLower(character) ? Lower : 0)
                | (char.IsAsciiLetterUpper(character) ? Upper : 0)
                | (NumberText.IsSpace((byte)i) ? Space : 0)
                | (i is < 32 or 127 ? Control : 0)
                | (i is > 32 and < 127 && !char.IsAsciiLetterOrDigit(character) ? Punctuation : 0)
                | (char.IsAsciiHexDigit(character) ? Hexadecimal : 0));
        }
        return classes;
    }

    private static byte[] BuildMasks()
    {
        byte[] masks = new byte[256];
        masks['a'] = Letter;
        masks['c'] = Control;
        masks['d'] = Digit;
        masks['l'] = Lower;
        masks['p'] = Punctuation;
        masks['s'] = Space;
        masks['u'] = Upper;
        masks['w'] = Letter | Digit;
        masks['x'] = Hexadecimal;
        return masks;
    }
}
