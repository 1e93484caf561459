using System.Text;
using Valkey.Turbo.Lua.Compiler;

namespace Valkey.Turbo.Lua;

/// <content>Listing the calls that are going on.</content>
internal sealed partial class Interpreter
{
    private const int FirstLevels = 12;
    private const int LastLevels = 10;

    /// <summary>The calls of a coroutine, as Lua's debug.traceback writes them.</summary>
    /// <param name="thread">The coroutine.</param>
    /// <param name="level">The first level that is listed.</param>
    internal static string Traceback(LuaThread thread, int level)
    {
        StringBuilder text = new("stack traceback:");
        bool skipped = false;
        for (; FindLevel(thread, thread.FrameCount - 1, level, out int index); level++)
        {
            if (level > FirstLevels && !skipped)
            {
                skipped = true;
                if (FindLevel(thread, thread.FrameCount - 1, level + LastLevels, out _))
                {
                    text.Append("\n\t...");
                    while (FindLevel(thread, thread.FrameCount - 1, level + LastLevels, out _))
                    {
                        level++;
                    }
                    level--;
                    continue;
                }
            }
            text.Append("\n\t").Append(DescribeLevel(thread, index));
        }
        return text.ToString();
    }

    private static string DescribeLevel(LuaThread thread, int index)
    {
        if (index < 0)
        {
            return "(tail call): ?";
        }
        ref CallFrame frame = ref thread.Frames[index];
        OperandName? name = frame.TailCalls > 0 ? null : CalledName(thread, index - 1);
        if (frame.Closure is not { } closure)
        {
            return name is { } native ? $"[C]: in function '{native.Name}'" : "[C]: ?";
        }
        string position = $"{closure.Prototype.Chunk}:{CurrentLine(in frame)}:";
        if (name is { } known)
        {
            return $"{position} in function '{known.Name}'";
        }
        return closure.Prototype.LineDefined == 0
            ? $"{position} in main chunk"
            : $"{position} in function <{closure.Prototype.Chunk}:{closure.Prototype.LineDefined}>";
    }
}
