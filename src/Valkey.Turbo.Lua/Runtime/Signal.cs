namespace Valkey.Turbo.Lua;

/// <summary>What the interpreter needs next.</summary>
internal enum Signal
{
    /// <summary>The frame on top goes on.</summary>
    Continue,

    /// <summary>What the host started has returned.</summary>
    Completed,

    /// <summary>An error was raised.</summary>
    Error,

    /// <summary>The budget is used up.</summary>
    OutOfBudget,

    /// <summary>A function of the host waits for something.</summary>
    Suspended,

    /// <summary>A line begins that the host wants to see.</summary>
    Line,
}

/// <summary>What functions of the host return instead of a count of results.</summary>
internal static class NativeSignal
{
    /// <summary>Call a function, then the continuation.</summary>
    internal const int Call = -1;

    /// <summary>Raise an error.</summary>
    internal const int Error = -2;

    /// <summary>Yield the arguments to who has resumed the coroutine.</summary>
    internal const int Yield = -3;

    /// <summary>Resume a coroutine, then the continuation.</summary>
    internal const int Resume = -4;

    /// <summary>Leave the interpreter, then the continuation.</summary>
    internal const int Suspend = -5;

    /// <summary>Leave the interpreter because the budget is used up, then the continuation.</summary>
    internal const int OutOfBudget = -6;
}
