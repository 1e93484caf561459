namespace Valkey.Turbo.Engine;

/// <summary>
/// Settings that the server can't obey yet, and of which somebody's security or data may depend: who asks for encryption, users or copies on
/// other machines must not get a server that lacks them.
/// </summary>
internal static class ConfigRefusals
{
    private const string Encryption = "TLS is not supported yet, and clients would talk to the server without it";
    private const string Replication = "Replication is not supported yet";

    internal static void Attach(ServerConfig config)
    {
        foreach (string name in (string[])["tls-port", "tls-replication", "tls-cluster"])
        {
            Refuse(config, name, Encryption);
        }
        Refuse(config, "aclfile", DefaultUser.Unsupported);
        Refuse(config, "replicaof", $"{Replication}: the server would be empty, and take writes");
        Refuse(config, "min-replicas-to-write", $"{Replication}: writes would be on this machine only");
        Refuse(config, "cluster-enabled", "Clusters are not supported yet");
    }

    /// <summary>Refuses all but the default.</summary>
    private static void Refuse(ServerConfig config, string name, string reason)
    {
        Directive directive = config.Find(name)!;
        directive.Refuse = () => directive.Value == directive.Default ? null : reason;
    }
}
