namespace Valkey.Turbo.Lua.Libraries;

/// <summary>How an attempt to match ended.</summary>
internal enum MatchOutcome
{
    Failed,
    Matched,

    /// <summary>The budget is used up; the attempt goes on where it was.</summary>
    Paused,
}

/// <summary>Matches Lua's patterns. What is still to be tried lies on a stack of its own, so that a match can be left.</summary>
internal sealed class PatternMatcher
{
    internal const int MaxCaptures = 32;

    private const int Unfinished = -1;
    private const int PositionCapture = -2;

    /// <summary>Steps between two looks at the budget.</summary>
    private const int Stride = 256;

    private enum ChoiceKind
    {
        /// <summary>A capture was opened: forget it.</summary>
        Opened,

        /// <summary>A capture was closed: open it again.</summary>
        Closed,

        /// <summary>Go on without the optional character.</summary>
        Optional,

        /// <summary>Give back one of the characters that were taken.</summary>
        Longest,

        /// <summary>Take one character more.</summary>
        Shortest,
    }

    private struct Choice
    {
        internal ChoiceKind Kind;

        /// <summary>Where in the source to go on; the index of a capture that was closed.</summary>
        internal int Source;

        /// <summary>Where in the pattern to go on.</summary>
        internal int Pattern;

        /// <summary>Characters that can still be given back; the end of a class.</summary>
        internal int Extra;
    }

    private readonly int[] _starts = new int[MaxCaptures];
    private readonly int[] _lengths = new int[MaxCaptures];
    private byte[] _source = [];
    private byte[] _pattern = [];
    private int _patternEnd;
    private Choice[] _choices = new Choice[8];
    private int _choiceCount;
    private int _level;
    private int _position;
    private int _place;

    /// <summary>Where the attempt began.</summary>
    internal int Start { get; private set; }

    /// <summary>Where the match ends.</summary>
    internal int End => _position;

    /// <summary>Captures of the match; a match without any has itself for one.</summary>
    internal int CaptureCount => _level;

    /// <summary>Sets what is matched with what. C's end of string ends a pattern.</summary>
    internal void Set(LuaString source, LuaString pattern)
    {
        _source = source.Bytes;
        _pattern = pattern.Bytes;
        int end = Array.IndexOf(_pattern, (byte)0);
        _patternEnd = end < 0 ? _pattern.Length : end;
    }

    /// <summary>Lets go of what was matched.</summary>
    internal void Release()
    {
        _source = [];
        _pattern = [];
        if (_choices.Length > 1024)
        {
            _choices = new Choice[8];
        }
    }

    /// <summary>Begins an attempt at a place of the source.</summary>
    internal void Begin(int start, int patternStart)
    {
        Start = start;
        _position = start;
        _place = patternStart;
        _level = 0;
        _choiceCount = 0;
    }

    /// <summary>Goes on with the attempt.</summary>
    internal MatchOutcome Run(Interpreter interpreter)
    {
        int steps = 0;
        while (true)
        {
            if (++steps >= Stride)
            {
                interpreter.Budget -= steps;
                steps = 0;
                if (interpreter.Budget < 0)
                {
                    return MatchOutcome.Paused;
                }
            }
            if (_place == _patternEnd)
            {
                interpreter.Budget -= steps >> 1;
                return MatchOutcome.Matched;
            }
            if (!Advance(ref steps) && !Retreat())
            {
                interpreter.Budget -= steps >> 1;
                return MatchOutcome.Failed;
            }
        }
    }

    /// <summary>A capture's value.</summary>
    internal LuaValue Capture(int index, Interpreter interpreter)
    {
        (int start, int length) = CaptureRange(index);
        return length == PositionCapture
            ? start + 1.0
            : interpreter.NewString(_source.AsSpan(start, length));
    }

    /// <summary>Appends a capture's text.</summary>
    internal void AppendCapture(int index, ByteBuilder builder)
    {
        (int start, int length) = CaptureRange(index);
        if (length == PositionCapture)
        {
            builder.Append(start + 1.0);
        }
        else
        {
            builder.Append(_source.AsSpan(start, length));
        }
    }

    private (int Start, int Length) CaptureRange(int index)
    {
        if (index >= _level)
        {
            return index == 0 ? (Start, _position - Start) : throw new PatternException("invalid capture index");
        }
        int length = _lengths[index];
        return length == Unfinished ? throw new PatternException("unfinished capture") : (_starts[index], length);
    }

    private void Push(ChoiceKind kind, int source, int pattern, int extra)
    {
        if (_choiceCount == _choices.Length)
        {
            Array.Resize(ref _choices, _choiceCount * 2);
        }
        ref Choice choice = ref _choices[_choiceCount++];
        choice.Kind = kind;
        choice.Source = source;
        choice.Pattern = pattern;
        choice.Extra = extra;
    }

    /// <summary>Matches the next item of the pattern.</summary>
    private bool Advance(ref int steps)
    {
        switch (_pattern[_place])
        {
            case (byte)'(':
                return At(_place + 1) == ')' ? Open(_place + 2, PositionCapture) : Open(_place + 1, Unfinished);
            case (byte)')':
                return Close();
            case (byte)'$' when _place + 1 == _patternEnd:
                _place++;
                return _position == _source.Length;
            case (byte)'%':
                switch (At(_place + 1))
                {
                    case 'b':
                        return MatchBalance();
                    case 'f':
                        return MatchFrontier();
                    case >= '0' and <= '9':
                        return MatchReference(At(_place + 1));
                }
                break;
        }
        return AdvanceSingle(ref steps);
    }

    private int At(int place) => place < _patternEnd ? _pattern[place] : -1;

    private bool AdvanceSingle(ref int steps)
    {
        int end = EndOfClass(_place);
        switch (At(end))
        {
            case '?':
                if (MatchesHere(end))
                {
                    Push(ChoiceKind.Optional, _position, end + 1, 0);
                    _position++;
                }
                _place = end + 1;
                return true;
            case '*':
                TakeLongest(end, ref steps);
                return true;
            case '+':
                if (!MatchesHere(end))
                {
                    return false;
                }
                _position++;
                TakeLongest(end, ref steps);
                return true;
            case '-':
                Push(ChoiceKind.Shortest, _position, _place, end);
                _place = end + 1;
                return true;
            default:
                if (!MatchesHere(end))
                {
                    return false;
                }
                _position++;
                _place = end;
                return true;
        }
    }

    private bool MatchesHere(int end) => _position < _source.Length && MatchesSingle(_source[_position], _place, end);

    private void TakeLongest(int end, ref int steps)
    {
        int start = _position;
        int count = 0;
        if (_pattern[_place] == '.')
        {
            count = _source.Length - start;
        }
        else
        {
            while (start + count < _source.Length && MatchesSingle(_source[start + count], _place, end))
            {
                count++;
            }
        }
        steps += count >> 2;
        if (count > 0)
        {
            Push(ChoiceKind.Longest, start, end + 1, count);
        }
        _position = start + count;
        _place = end + 1;
    }

    /// <summary>Goes back to the last choice that has another way.</summary>
    private bool Retreat()
    {
        while (_choiceCount > 0)
        {
            ref Choice choice = ref _choices[_choiceCount - 1];
            switch (choice.Kind)
            {
                case ChoiceKind.Opened:
                    _level--;
                    break;
                case ChoiceKind.Closed:
                    _lengths[choice.Source] = Unfinished;
                    break;
                case ChoiceKind.Optional:
                    _position = choice.Source;
                    _place = choice.Pattern;
                    _choiceCount--;
                    return true;
                case ChoiceKind.Longest:
                    _position = choice.Source + --choice.Extra;
                    _place = choice.Pattern;
                    _choiceCount -= choice.Extra == 0 ? 1 : 0;
                    return true;
                default:
                    if (choice.Source < _source.Length && MatchesSingle(_source[choice.Source], choice.Pattern, choice.Extra))
                    {
                        _position = ++choice.Source;
                        _place = choice.Extra + 1;
                        return true;
                    }
                    break;
            }
            _choiceCount--;
        }
        return false;
    }

    private bool Open(int place, int length)
    {
        if (_level >= MaxCaptures)
        {
            throw new PatternException("too many captures");
        }
        _starts[_level] = _position;
        _lengths[_level] = length;
        _level++;
        Push(ChoiceKind.Opened, 0, 0, 0);
        _place = place;
        return true;
    }

    private bool Close()
    {
        for (int index = _level - 1; index >= 0; index--)
        {
            if (_lengths[index] == Unfinished)
            {
                _lengths[index] = _position - _starts[index];
                Push(ChoiceKind.Closed, index, 0, 0);
                _place++;
                return true;
            }
        }
        throw new PatternException("invalid pattern capture");
    }

    private bool MatchBalance()
    {
        int open = At(_place + 2);
        int close = At(_place + 3);
        if (open < 0 || close < 0)
        {
            throw new PatternException("unbalanced pattern");
        }
        if (_position >= _source.Length || _source[_position] != open)
        {
            return false;
        }
        int depth = 1;
        for (int i = _position + 1; i < _source.Length; i++)
        {
            if (_source[i] == close)
            {
                if (--depth == 0)
                {
                    _position = i + 1;
                    _place += 4;
                    return true;
                }
            }
            else if (_source[i] == open)
            {
                depth++;
            }
        }
        return false;
    }

    private bool MatchFrontier()
    {
        int set = _place + 2;
        if (At(set) != '[')
        {
            throw new PatternException("missing '[' after '%f' in pattern");
        }
        int end = EndOfClass(set);
        byte previous = _position == 0 ? (byte)0 : _source[_position - 1];
        byte current = _position < _source.Length ? _source[_position] : (byte)0;
        if (MatchesSet(previous, set, end - 1) || !MatchesSet(current, set, end - 1))
        {
            return false;
        }
        _place = end;
        return true;
    }

    private bool MatchReference(int digit)
    {
        int index = digit - '1';
        if (index < 0 || index >= _level || _lengths[index] == Unfinished)
        {
            throw new PatternException("invalid capture index");
        }
        int length = Math.Max(_lengths[index], 0);
        if (_lengths[index] == PositionCapture
            || _source.Length - _position < length
            || !_source.AsSpan(_starts[index], length).SequenceEqual(_source.AsSpan(_position, length)))
        {
            return false;
        }
        _position += length;
        _place += 2;
        return true;
    }

    /// <summary>The end of the item that begins here, without its repetition.</summary>
    private int EndOfClass(int place)
    {
        switch (_pattern[place++])
        {
            case (byte)'%':
                return place < _patternEnd ? place + 1 : throw new PatternException("malformed pattern (ends with '%')");
            case (byte)'[':
                if (At(place) == '^')
                {
                    place++;
                }
                do
                {
                    if (place >= _patternEnd)
                    {
                        throw new PatternException("malformed pattern (missing ']')");
                    }
                    if (_pattern[place++] == '%' && place < _patternEnd)
                    {
                        place++;
                    }
                }
                while (At(place) != ']');
                return place + 1;
            default:
                return place;
        }
    }

    private bool MatchesSingle(byte value, int place, int end) => _pattern[place] switch
    {
        (byte)'.' => true,
        (byte)'%' => PatternClass.Matches(value, _pattern[place + 1]),
        (byte)'[' => MatchesSet(value, place, end - 1),
        byte literal => literal == value,
    };

    /// <summary>Whether a set, from its bracket to its closing bracket, has a character.</summary>
    private bool MatchesSet(byte value, int place, int last)
    {
        bool found = true;
        if (_pattern[place + 1] == '^')
        {
            found = false;
            place++;
        }
        while (++place < last)
        {
            if (_pattern[place] == '%')
            {
                place++;
                if (PatternClass.Matches(value, _pattern[place]))
                {
                    return found;
                }
            }
            else if (_pattern[place + 1] == '-' && place + 2 < last)
            {
                place += 2;
                if (_pattern[place - 2] <= value && value <= _pattern[place])
                {
                    return found;
                }
            }
            else if (_pattern[place] == value)
            {
                return found;
            }
        }
        return !found;
    }
}

/// <summary>A pattern that is wrong; the function that uses it adds where.</summary>
internal sealed class PatternException(string message) : Exception(message);
