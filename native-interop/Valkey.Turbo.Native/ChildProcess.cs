using System.Runtime.InteropServices;
using System.Text;
using static Tmds.Linux.LibC;

namespace Valkey.Turbo.Native;

/// <summary>
/// Another process of this executable, with the same arguments and the same environment, but for one variable that says what it is for. A
/// runtime with threads can't fork; what has to be another process is begun anew.
/// </summary>
public static unsafe partial class ChildProcess
{
    private const string RoleVariable = "VALKEY_TURBO_ROLE";
    // Enough for posix_spawnattr_t, posix_spawn_file_actions_t and sigset_t of any C library.
    private const int StructBytes = 1024;
    private const short SetSignalMask = 0x08;
    private const short NewSession = 0x80;
    private const uint CloseOnExec = 1;

    /// <summary>What this process was started for by its like, or null.</summary>
    public static string? Role => Environment.GetEnvironmentVariable(RoleVariable);

    /// <summary>
    /// Starts a process in a session of its own, without a terminal, with nothing on its standard output. 0, or the error number.
    /// </summary>
    /// <param name="role">What it will find as <see cref="Role"/>.</param>
    /// <param name="input">What it will find on its standard input.</param>
    public static int StartDetached(string role, ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return Start(role, NewSession, -1, out _);
        }
        int descriptor = CreateInput(input);
        if (descriptor < 0)
        {
            return Errno.Last;
        }
        int error = Start(role, NewSession, descriptor, out _);
        close(descriptor);
        return error;
    }

    /// <summary>Lets go of what the process was given on its standard input, once that is read.</summary>
    public static void DropInput()
    {
        fixed (byte* nowhere = "/dev/null\0"u8)
        {
            int descriptor = open(nowhere, O_RDWR);
            dup2(descriptor, 0);
            close(descriptor);
        }
    }

    /// <summary>Runs a process to its end; true where it ended by itself, with success.</summary>
    public static bool TryRun(string role)
    {
        if (Start(role, 0, -1, out int process) != 0)
        {
            return false;
        }
        int status;
        while (Wait(process, &status, 0) < 0)
        {
            if (Errno.Last != Errno.EINTR)
            {
                return false;
            }
        }
        return status == 0;
    }

    private static int Start(string role, short flags, int input, out int process)
    {
        byte* attributes = stackalloc byte[StructBytes], actions = stackalloc byte[StructBytes], noSignals = stackalloc byte[StructBytes];
        new Span<byte>(noSignals, StructBytes).Clear();
        InitializeAttributes(attributes);
        InitializeActions(actions);
        SetFlags(attributes, (short)(flags | SetSignalMask));
        SetMask(attributes, noSignals);
        fixed (byte* nowhere = "/dev/null\0"u8)
        {
            Open(actions, 0, nowhere, O_RDWR, 0);
            Open(actions, 1, nowhere, O_RDWR, 0);
            Open(actions, 2, nowhere, O_RDWR, 0);
        }
        if (input >= 0)
        {
            Duplicate(actions, input, 0);
        }
        byte[] arguments = File.ReadAllBytes("/proc/self/cmdline");
        byte[] environment =
        [
            .. Encoding.UTF8.GetBytes($"{RoleVariable}={role}\0"),
            .. WithoutRole(File.ReadAllBytes("/proc/self/environ")),
        ];
        int result, started = 0;
        fixed (byte* executable = "/proc/self/exe\0"u8, argumentBytes = arguments, environmentBytes = environment)
        {
            fixed (nint* argv = Pointers(argumentBytes, arguments), envp = Pointers(environmentBytes, environment))
            {
                result = Spawn(&started, executable, actions, attributes, argv, envp);
            }
        }
        process = started;
        DestroyActions(actions);
        DestroyAttributes(attributes);
        return result;
    }

    private static byte[] WithoutRole(byte[] environment)
    {
        int start = environment.AsSpan().IndexOf(Encoding.UTF8.GetBytes(RoleVariable + "="));
        if (start < 0 || (start > 0 && environment[start - 1] != 0))
        {
            return environment;
        }
        int end = Array.IndexOf(environment, (byte)0, start);
        return [.. environment[..start], .. environment[(end + 1)..]];
    }

    /// <summary>The addresses of texts that lie one behind the other, each ended by NUL, and 0.</summary>
    private static nint[] Pointers(byte* memory, byte[] texts)
    {
        List<nint> pointers = [];
        for (int at = 0; at < texts.Length; at = Array.IndexOf(texts, (byte)0, at) + 1)
        {
            pointers.Add((nint)(memory + at));
        }
        return [.. pointers, 0];
    }

    /// <summary>A file in memory with the bytes, to be read from the start.</summary>
    private static int CreateInput(ReadOnlySpan<byte> bytes)
    {
        int descriptor;
        fixed (byte* name = "input\0"u8)
        {
            descriptor = CreateMemoryFile(name, CloseOnExec);
        }
        if (descriptor < 0)
        {
            return descriptor;
        }
        using FileStream file = new(new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptor, ownsHandle: false), FileAccess.ReadWrite, 0);
        file.Write(bytes);
        file.Position = 0;
        return descriptor;
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    private static partial int Spawn(int* process, byte* path, byte* actions, byte* attributes, nint* arguments, nint* environment);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int InitializeAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int DestroyAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetMask(byte* attributes, byte* mask);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int InitializeActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int DestroyActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int Duplicate(byte* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen")]
    private static partial int Open(byte* actions, int descriptor, byte* path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int Wait(int process, int* status, int options);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true)]
    private static partial int CreateMemoryFile(byte* name, uint flags);
}
