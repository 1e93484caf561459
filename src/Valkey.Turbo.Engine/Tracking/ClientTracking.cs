namespace Valkey.Turbo.Engine.Tracking;

/// <summary>How one client wants to hear of keys that it may have cached (CLIENT TRACKING). Changed by the session's thread.</summary>
public sealed class ClientTracking(Session session)
{
    private Session? _session = session;

    /// <summary>The client, or null once it is gone.</summary>
    public Session? Session => Volatile.Read(ref _session);

    /// <summary>The thread that owns the client.</summary>
    public int Thread { get; } = session.Thread;

    /// <summary>Whether tracking is on.</summary>
    public bool IsOn { get; set; }

    /// <summary>BCAST: hears of all keys with its prefixes, whether it has read them or not.</summary>
    public bool IsBroadcast { get; set; }

    /// <summary>OPTIN: only what is read right after CLIENT CACHING YES is remembered.</summary>
    public bool IsOptIn { get; set; }

    /// <summary>OPTOUT: what is read right after CLIENT CACHING NO is not remembered.</summary>
    public bool IsOptOut { get; set; }

    /// <summary>NOLOOP: does not hear of its own changes.</summary>
    public bool IsNoLoop { get; set; }

    /// <summary>Whether the client that messages go to is gone.</summary>
    public bool IsRedirectBroken { get; set; }

    /// <summary>The client that messages go to instead, or 0.</summary>
    public long RedirectId { get; set; }

    /// <summary>Whether CLIENT CACHING has spoken for the next command.</summary>
    public bool HasCachingWord { get; set; }

    /// <summary>The prefixes of a broadcast client; the empty one stands for all keys.</summary>
    public List<byte[]> Prefixes { get; } = [];

    /// <summary>Whether keys that the client reads now are to be remembered.</summary>
    public bool RemembersReads => IsOn && !IsBroadcast && !(IsOptIn && !HasCachingWord) && !(IsOptOut && HasCachingWord);

    internal void Forget() => Volatile.Write(ref _session, null);
}
