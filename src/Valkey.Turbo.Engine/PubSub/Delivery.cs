namespace Valkey.Turbo.Engine.PubSub;

/// <summary>Something that one thread has for the clients of another. Posted with <see cref="Worker.Post"/>.</summary>
public abstract class Delivery
{
    /// <summary>Hands it to the clients of <paramref name="worker"/>, on that worker's thread. Called once for every post.</summary>
    public abstract void Deliver(Worker worker);
}
