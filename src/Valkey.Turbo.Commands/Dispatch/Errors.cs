namespace Valkey.Turbo.Commands;

/// <summary>Error replies that several commands share, in Valkey's words.</summary>
public static class Errors
{
    public const string WrongType = "WRONGTYPE Operation against a key holding the wrong kind of value";
    public const string Syntax = "ERR syntax error";
    public const string NotInteger = "ERR value is not an integer or out of range";
    public const string NotPositive = "ERR value is out of range, must be positive";
    public const string NotFloat = "ERR value is not a valid float";
    public const string NoSuchKey = "ERR no such key";
    public const string Overflow = "ERR increment or decrement would overflow";
    public const string InvalidCursor = "ERR invalid cursor";
    public const string DatabaseOutOfRange = "ERR DB index is out of range";
    public const string SameObject = "ERR source and destination objects are the same";
    public const string StringTooLong = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    public const string OutOfMemory = "OOM command not allowed when used memory > 'maxmemory'.";
    public const string NoAuth = "NOAUTH Authentication required.";
    public const string WrongPass = "WRONGPASS invalid username-password pair or user is disabled.";

    /// <summary>An expiry that is not positive or too large.</summary>
    public static string InvalidExpire(string command) => $"ERR invalid expire time in '{command}' command";

    /// <summary>The append-only log can't be written.</summary>
    public static string LogFailure(string reason) => $"MISCONF Errors writing to the AOF file: {reason}";

    /// <summary>The data can't be saved.</summary>
    public static string SaveFailure(bool actsAsRedis)
    {
        string name = actsAsRedis ? "Redis" : "Valkey";
        return $"MISCONF {name} is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the "
            + "data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails "
            + $"(stop-writes-on-bgsave-error option). Please check the {name} logs for details about the RDB error.";
    }

    /// <summary>A command that a subscriber in RESP2 may not use.</summary>
    public static string OnlyForSubscribers(string command) => $"ERR Can't execute '{command}': only (P|S)SUBSCRIBE / "
        + "(P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";

    /// <summary>The wrong number of arguments.</summary>
    public static string Arity(string command) => $"ERR wrong number of arguments for '{command}' command";
}
