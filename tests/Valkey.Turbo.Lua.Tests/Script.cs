using System.Text;

namespace Valkey.Turbo.Lua.Tests;

/// <summary>Runs pieces of Lua and writes down what they give.</summary>
internal static class Script
{
    internal static readonly LuaString ChunkName = LuaString.Constant("=t");

    /// <summary>An interpreter with all libraries.</summary>
    internal static LuaState NewState(long memoryLimitBytes = long.MaxValue)
    {
        LuaState state = new(new LuaOptions { MemoryLimitBytes = memoryLimitBytes });
        LuaLibraries.OpenAll(state);
        return state;
    }

    internal static LuaChunk Compile(string source) => LuaCompiler.Compile(Encoding.Latin1.GetBytes(source), ChunkName);

    /// <summary>Runs a chunk to its end, whatever budget it takes.</summary>
    internal static LuaRunStatus Finish(LuaState state, long budget = long.MaxValue)
    {
        LuaRunStatus status;
        do
        {
            status = state.Run(budget);
        }
        while (status == LuaRunStatus.OutOfBudget);
        return status;
    }

    /// <summary>The results of a chunk, separated by bars, or its error.</summary>
    internal static string Evaluate(string source) => Evaluate(NewState(), source);

    /// <summary>The results of a chunk, separated by bars, or its error.</summary>
    internal static string Evaluate(LuaState state, string source, long budget = long.MaxValue)
    {
        try
        {
            state.Start(state.Load(Compile(source)));
        }
        catch (LuaException exception)
        {
            return "syntax: " + exception.Value;
        }
        LuaRunStatus status = Finish(state, budget);
        return status switch
        {
            LuaRunStatus.Completed => Describe(state),
            LuaRunStatus.Failed => "error: " + state.Error,
            _ => status.ToString(),
        };
    }

    private static string Describe(LuaState state)
    {
        StringBuilder text = new();
        for (int i = 0; i < state.Results.Length; i++)
        {
            text.Append(i > 0 ? "|" : "").Append(state.ToLuaString(in state.Results[i]));
        }
        return text.ToString();
    }
}
