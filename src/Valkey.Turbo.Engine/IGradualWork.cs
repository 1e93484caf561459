namespace Valkey.Turbo.Engine;

/// <summary>What a thread does bit by bit, between other clients' commands, for a client whose command waits for it.</summary>
public interface IGradualWork
{
    /// <summary>Goes on until a time, by one step at least if it can.</summary>
    /// <returns>Whether nothing is left to do.</returns>
    bool Advance(Worker worker, long endNs);

    /// <summary>To be called when nobody wants the result any more.</summary>
    void Cancel();
}
