using System.Runtime.InteropServices;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>A seccomp filter that kills who makes certain system calls, as systemd installs it for services.</summary>
internal static unsafe partial class SystemCallKiller
{
    internal const int IoUringSetup = 425;
    internal static readonly int SchedSetAffinity = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 203 : 122;
    internal static readonly int Mbind = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 237 : 235;

    private const int SetSeccomp = 22;
    private const int SetNoNewPrivileges = 38;
    private const int Filter = 2;

    // struct sock_filter
    [StructLayout(LayoutKind.Sequential)]
    private record struct Instruction(ushort Code, byte IfTrue, byte IfFalse, uint Operand);

    // struct sock_fprog
    [StructLayout(LayoutKind.Sequential)]
    private struct Code
    {
        internal ushort Length;
        internal Instruction* First;
    }

    /// <summary>Installs it for the calling thread and what it starts.</summary>
    internal static void Install(params int[] calls)
    {
        const ushort loadWord = 0x20, jumpIfEqual = 0x15, give = 0x06;
        const uint allow = 0x7FFF0000, killProcess = 0x80000000;
        Instruction[] code =
        [
            new(loadWord, 0, 0, 0),
            .. calls.Select((call, i) => new Instruction(jumpIfEqual, (byte)(calls.Length - i), 0, (uint)call)),
            new(give, 0, 0, allow),
            new(give, 0, 0, killProcess),
        ];
        fixed (Instruction* first = code)
        {
            Code program = new() { Length = (ushort)code.Length, First = first };
            Assert.Equal(0, Control(SetNoNewPrivileges, 1, 0, 0, 0));
            Assert.Equal(0, Control(SetSeccomp, Filter, (nint)(&program), 0, 0));
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, nint a, nint b, nint c, nint d);
}
