namespace Valkey.Turbo.Lua.Libraries;

/// <summary><c>string.gsub</c>, which can be left in the middle of a match and while a replacement is computed.</summary>
internal sealed class Substitution : LuaContinuation
{
    private enum Phase
    {
        Matching,
        Replacing,
    }

    private readonly LuaString _source;
    private readonly LuaValue _replacement;
    private readonly PatternMatcher _matcher;
    private readonly ByteBuilder _result;
    private readonly bool _isAnchored;
    private readonly int _most;
    private int _position;
    private int _count;
    private Phase _phase;

    private Substitution(ref LuaCall call, LuaString source, LuaString pattern, LuaValue replacement, int most)
    {
        _source = source;
        _replacement = replacement;
        _most = most;
        _isAnchored = pattern.Length > 0 && pattern.Span[0] == '^';
        _matcher = call.Interpreter.TakeMatcher();
        _matcher.Set(source, pattern);
        _result = call.Interpreter.TakeBuilder();
    }

    internal static int Begin(ref LuaCall call)
    {
        LuaString source = call.CheckString(1);
        LuaString pattern = call.CheckString(2);
        LuaValue replacement = call[3];
        if (replacement.Type is not (LuaType.Number or LuaType.String or LuaType.Function or LuaType.Table))
        {
            throw call.ArgumentError(3, "string/function/table expected");
        }
        if (replacement.IsNumber)
        {
            replacement = call.CheckString(3);
        }
        int most = call.OptionalInteger(4, source.Length + 1);
        Substitution substitution = new(ref call, source, pattern, replacement, most);
        return most > 0 ? substitution.BeginMatch(ref call) : substitution.Complete(ref call);
    }

    public override int Resume(ref LuaCall call)
    {
        if (_phase == Phase.Matching)
        {
            return Run(ref call);
        }
        call.ClearPushed();
        Append(ref call, call.Result(1));
        return AfterMatch() ? BeginMatch(ref call) : Complete(ref call);
    }

    private int BeginMatch(ref LuaCall call)
    {
        _matcher.Begin(_position, _isAnchored ? 1 : 0);
        return Run(ref call);
    }

    private int Run(ref LuaCall call)
    {
        try
        {
            while (true)
            {
                bool goesOn;
                switch (_matcher.Run(call.Interpreter))
                {
                    case MatchOutcome.Paused:
                        _phase = Phase.Matching;
                        return call.Pause(this);
                    case MatchOutcome.Matched:
                        _count++;
                        if (Replace(ref call, out int signal))
                        {
                            return signal;
                        }
                        goesOn = AfterMatch();
                        break;
                    default:
                        goesOn = Skip();
                        break;
                }
                if (!goesOn)
                {
                    return Complete(ref call);
                }
                _matcher.Begin(_position, _isAnchored ? 1 : 0);
            }
        }
        catch (PatternException problem)
        {
            throw call.Error(problem.Message);
        }
    }

    /// <summary>Goes behind a match.</summary>
    /// <returns>Whether to look for another one.</returns>
    private bool AfterMatch()
    {
        if (_matcher.End > _position)
        {
            _position = _matcher.End;
            return _count < _most && !_isAnchored;
        }
        return Skip() && _count < _most;
    }

    /// <summary>Keeps a character.</summary>
    /// <returns>Whether to look for a match behind it.</returns>
    private bool Skip()
    {
        if (_position >= _source.Length)
        {
            return false;
        }
        _result.Append(_source.Bytes[_position++]);
        return !_isAnchored;
    }

    private int Complete(ref LuaCall call)
    {
        _result.Append(_source.Span[_position..]);
        LuaString result = _result.ToLuaString();
        call.Interpreter.GiveBack(_result);
        call.Interpreter.GiveBack(_matcher);
        return call.Return(result, (double)_count);
    }

    /// <summary>Appends the replacement of a match.</summary>
    /// <returns>Whether a function has to be called for it.</returns>
    private bool Replace(ref LuaCall call, out int signal)
    {
        signal = 0;
        if (_replacement.Reference is LuaString template)
        {
            Expand(template.Span);
            return false;
        }
        _phase = Phase.Replacing;
        if (_replacement.Reference is LuaTable)
        {
            LuaValue key = _matcher.Capture(0, call.Interpreter);
            LuaValue handler = call.Interpreter.Get(_replacement, in key, out LuaValue owner, out LuaValue value);
            if (handler.IsNil)
            {
                Append(ref call, value);
                return false;
            }
            signal = call.Invoke(in handler, [owner, key], this);
            return true;
        }
        call.Push(in _replacement);
        PatternFunctions.PushCaptures(ref call, _matcher);
        signal = call.InvokePushed(Math.Max(_matcher.CaptureCount, 1), this);
        return true;
    }

    /// <summary>Appends a text in which a percent sign and a digit stand for a capture.</summary>
    private void Expand(ReadOnlySpan<byte> template)
    {
        while (true)
        {
            int mark = template.IndexOf((byte)'%');
            if (mark < 0)
            {
                _result.Append(template);
                return;
            }
            _result.Append(template[..mark]);
            byte next = mark + 1 < template.Length ? template[mark + 1] : (byte)0;
            if (next is < (byte)'0' or > (byte)'9')
            {
                _result.Append(next);
            }
            else if (next == '0')
            {
                _result.Append(_source.Span[_matcher.Start.._matcher.End]);
            }
            else
            {
                _matcher.AppendCapture(next - '1', _result);
            }
            template = template[Math.Min(mark + 2, template.Length)..];
        }
    }

    private void Append(ref LuaCall call, LuaValue value)
    {
        if (value.IsFalsy)
        {
            _result.Append(_source.Span[_matcher.Start.._matcher.End]);
        }
        else if (value.Reference is LuaString text)
        {
            _result.Append(text.Span);
        }
        else if (value.IsNumber)
        {
            _result.Append(value.Number);
        }
        else
        {
            throw call.Error($"invalid replacement value (a {value.TypeName})");
        }
    }
}
