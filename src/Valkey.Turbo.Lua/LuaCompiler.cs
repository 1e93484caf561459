using Valkey.Turbo.Lua.Compiler;

namespace Valkey.Turbo.Lua;

/// <summary>A compiled chunk: immutable, so that any number of interpreters on any threads may run it.</summary>
public sealed class LuaChunk
{
    internal LuaChunk(Prototype main)
    {
        Main = main;
        SizeBytes = SizeOf(main);
    }

    /// <summary>Bytes of the managed heap that the code takes.</summary>
    public long SizeBytes { get; }

    internal Prototype Main { get; }

    private static long SizeOf(Prototype prototype)
    {
        long size = prototype.HeapBytes;
        foreach (Prototype inner in prototype.Prototypes)
        {
            size += SizeOf(inner);
        }
        return size;
    }
}

/// <summary>Compiles Lua 5.1. Only source text is taken: what begins like a compiled chunk is a syntax error.</summary>
public static class LuaCompiler
{
    /// <summary>Compiles a chunk that interpreters share.</summary>
    /// <param name="source">The source.</param>
    /// <param name="name">The chunk's name: a text, or <c>=name</c> or <c>@file</c>.</param>
    /// <param name="traceLines">Whether interpreters stop at each line when the host asks for it.</param>
    /// <exception cref="LuaException">The source is not Lua.</exception>
    public static LuaChunk Compile(ReadOnlySpan<byte> source, LuaString name, bool traceLines = false)
    {
        Prototype main = CompileMain(source.ToArray(), name, traceLines, 0);
        Share(main);
        return new LuaChunk(main);
    }

    /// <summary>Compiles a chunk that one interpreter makes for itself.</summary>
    /// <param name="source">The source.</param>
    /// <param name="name">The chunk's name.</param>
    /// <param name="traceLines">Whether to stop at lines.</param>
    /// <param name="levels">Levels of C's stack that are taken when the parser begins.</param>
    internal static Prototype CompileMain(byte[] source, LuaString name, bool traceLines, int levels)
    {
        FunctionBody body = Parser.Parse(new Lexer(source, ChunkName.Display(name, ChunkName.SourceSize)), levels);
        return CodeGenerator.Generate(body, ChunkName.Display(name, ChunkName.RunningSize), name, traceLines);
    }

    private static void Share(Prototype prototype)
    {
        prototype.MeasuredIn = LuaString.Shared;
        foreach (Prototype inner in prototype.Prototypes)
        {
            Share(inner);
        }
    }
}
