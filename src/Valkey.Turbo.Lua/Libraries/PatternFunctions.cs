namespace Valkey.Turbo.Lua.Libraries;

/// <summary>The functions of strings that use patterns, except <c>gsub</c>.</summary>
internal static class PatternFunctions
{
    private static ReadOnlySpan<byte> Specials => "^$*+?.([%-"u8;

    internal static int Find(ref LuaCall call) => Begin(ref call, true);

    internal static int Match(ref LuaCall call) => Begin(ref call, false);

    private static int Begin(ref LuaCall call, bool isFind)
    {
        LuaString source = call.CheckString(1);
        LuaString pattern = call.CheckString(2);
        int start = StringLibrary.Absolute(call.OptionalLong(3, 1), source.Length) - 1;
        start = Math.Clamp(start, 0, source.Length);
        if (isFind && (!call[4].IsFalsy || IsPlain(pattern)))
        {
            int found = PlainSearch.IndexOf(source.Span[start..], pattern.Span, call.Interpreter);
            return found < 0 ? call.Return(default(LuaValue)) : call.Return(start + found + 1.0, (double)(start + found + pattern.Length));
        }
        PatternMatcher matcher = call.Interpreter.TakeMatcher();
        matcher.Set(source, pattern);
        bool isAnchored = pattern.Length > 0 && pattern.Span[0] == '^';
        matcher.Begin(start, isAnchored ? 1 : 0);
        return Search(ref call, matcher, source.Length, isAnchored, isFind);
    }

    private static bool IsPlain(LuaString pattern)
    {
        ReadOnlySpan<byte> text = pattern.Span;
        int end = text.IndexOf((byte)0);
        return (end < 0 ? text : text[..end]).IndexOfAny(Specials) < 0;
    }

    /// <summary>Tries place after place.</summary>
    private static int Search(ref LuaCall call, PatternMatcher matcher, int length, bool isAnchored, bool isFind)
    {
        try
        {
            while (true)
            {
                switch (matcher.Run(call.Interpreter))
                {
                    case MatchOutcome.Paused:
                        return call.Pause(new Searching(matcher, length, isAnchored, isFind));
                    case MatchOutcome.Matched:
                        return ReturnMatch(ref call, matcher, isFind);
                }
                if (isAnchored || matcher.Start == length)
                {
                    call.Interpreter.GiveBack(matcher);
                    return call.Return(default(LuaValue));
                }
                matcher.Begin(matcher.Start + 1, 0);
            }
        }
        catch (PatternException problem)
        {
            throw call.Error(problem.Message);
        }
    }

    private static int ReturnMatch(ref LuaCall call, PatternMatcher matcher, bool isFind)
    {
        if (isFind)
        {
            call.Push(matcher.Start + 1.0);
            call.Push(matcher.End);
        }
        if (matcher.CaptureCount > 0 || !isFind)
        {
            PushCaptures(ref call, matcher);
        }
        call.Interpreter.GiveBack(matcher);
        return call.ReturnPushed();
    }

    /// <summary>Pushes the captures of a match, the match itself if it has none.</summary>
    internal static void PushCaptures(ref LuaCall call, PatternMatcher matcher)
    {
        int count = Math.Max(matcher.CaptureCount, 1);
        for (int i = 0; i < count; i++)
        {
            call.Push(matcher.Capture(i, call.Interpreter));
        }
    }

    private sealed class Searching(PatternMatcher matcher, int length, bool isAnchored, bool isFind) : LuaContinuation
    {
        public override int Resume(ref LuaCall call) => Search(ref call, matcher, length, isAnchored, isFind);
    }

    internal static int MatchAll(ref LuaCall call)
    {
        LuaString source = call.CheckString(1);
        LuaString pattern = call.CheckString(2);
        return call.Return(call.State.NewFunction("gmatch_aux", NextMatch, new MatchIterator(source, pattern)));
    }

    private static int NextMatch(ref LuaCall call) => ((MatchIterator)call.NativeState!).Begin(ref call);

    /// <summary>Goes from match to match.</summary>
    private sealed class MatchIterator : LuaContinuation
    {
        private readonly PatternMatcher _matcher = new();
        private readonly int _length;
        private int _next;

        internal MatchIterator(LuaString source, LuaString pattern)
        {
            _matcher.Set(source, pattern);
            _length = source.Length;
        }

        internal int Begin(ref LuaCall call)
        {
            if (_next > _length)
            {
                return call.Return(default(LuaValue));
            }
            _matcher.Begin(_next, 0);
            return Resume(ref call);
        }

        public override int Resume(ref LuaCall call)
        {
            try
            {
                while (true)
                {
                    switch (_matcher.Run(call.Interpreter))
                    {
                        case MatchOutcome.Paused:
                            return call.Pause(this);
                        case MatchOutcome.Matched:
                            _next = _matcher.End == _matcher.Start ? _matcher.End + 1 : _matcher.End;
                            PushCaptures(ref call, _matcher);
                            return call.ReturnPushed();
                    }
                    if (_matcher.Start == _length)
                    {
                        return call.Return();
                    }
                    _matcher.Begin(_matcher.Start + 1, 0);
                }
            }
            catch (PatternException problem)
            {
                throw call.Error(problem.Message);
            }
        }
    }
}
