using System.Runtime.InteropServices;

namespace Valkey.Turbo.Native;

/// <summary>Signals of the process.</summary>
public static partial class ProcessSignal
{
    private const int HangUp = 1;
    private const int Interrupt = 2;
    private const int User2 = 12;
    private const int Alarm = 14;
    private const int Terminate = 15;
    private const int Stop = 19;
    private const nint Default = 0;
    private const nint Ignore = 1;

    /// <summary>
    /// Lets the process outlive its terminal (SIGHUP) and SIGUSR2, and all that it starts from here. What the server
    /// obeys can be handled afterwards: a shell that starts something in the background has SIGINT ignored, scripts may have others ignored as well, and
    /// the runtime leaves what is ignored alone.
    /// </summary>
    public static void SettleInherited()
    {
        SetHandler(HangUp, Ignore);
        SetHandler(User2, Ignore);
        SetHandler(Interrupt, Default);
        SetHandler(Alarm, Default);
        SetHandler(Terminate, Default);
    }

    /// <summary>Stops the process until it is told to continue: how upstart is told that a service is ready.</summary>
    public static void StopSelf() => Kill(Environment.ProcessId, Stop);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetHandler(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
