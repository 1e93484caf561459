using System.Runtime.InteropServices;
using System.Text;
using static Tmds.Linux.LibC;

namespace Valkey.Turbo.Native;

/// <summary>The group that a file belongs to.</summary>
public static unsafe partial class FileGroup
{
    // struct group: name, password, number.
    [StructLayout(LayoutKind.Sequential)]
    private struct Group
    {
        private readonly nint _name;
        private readonly nint _password;
        internal readonly uint Number;
    }

    private const uint SameOwner = uint.MaxValue;

    /// <summary>Gives a file to a group. 0, or the error number; ENOENT where there is no such group.</summary>
    public static int Set(string path, string group)
    {
        Group* found = Find(group);
        if (found is null)
        {
            return Errno.ENOENT;
        }
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            return chown(name, SameOwner, found->Number) < 0 ? Errno.Last : 0;
        }
    }

    [LibraryImport("libc", EntryPoint = "getgrnam", StringMarshalling = StringMarshalling.Utf8)]
    private static partial Group* Find(string name);
}
