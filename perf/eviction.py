#!/usr/bin/env python3
"""Hit ratio of a cache that evicts, servers side by side on the same trace.

usage: eviction.py [--requests N] [--policies A,B] NAME=CMD NAME=CMD ...     (CMD has {port})

Every server gets the same reads: keys drawn from a zipf distribution
(exponent 0.99), each set when it is not there. The figures are hits among the second half of the reads, and user and system
time of the server process per read. As servers need different memory for a key, the limit is what makes each of them hold
the same number of keys, found by filling it first.
"""
import argparse, bisect, itertools, os, random
from servers import Client, LOAD_CPU, cpu_seconds, named, resp, started

KEYS, KEPT, VALUE = 1_000_000, 100_000, b"v" * 64


def trace(count):
    weights = list(itertools.accumulate(1 / (i + 1) ** 0.99 for i in range(KEYS)))
    source = random.Random(11)
    names = list(range(KEYS))
    source.shuffle(names)
    return [names[bisect.bisect_left(weights, source.random() * weights[-1])] for _ in range(count)]


def used(client):
    return int([line for line in client.run([resp("INFO", "memory")])[0].split(b"\r\n") if line.startswith(b"used_memory:")][0][12:])


def measure(command, port, policy, reads):
    with started(command, port) as server:
        client = Client(port)
        client.fill(resp("SET", "fill:%07d" % i, VALUE) for i in range(KEPT))
        limit = used(client)
        client.run([resp("FLUSHALL", "SYNC"), resp("CONFIG", "SET", "maxmemory-policy", policy), resp("CONFIG", "SET", "maxmemory", limit)])
        hits = asked = 0
        for start in range(0, len(reads), 100):
            if start == len(reads) // 2:
                hits, asked, before = 0, 0, cpu_seconds(server.pid)
            batch = [b"key:%08d" % key for key in reads[start:start + 100]]
            found = client.run([resp("GET", key) for key in batch])
            missed = [resp("SET", key, VALUE) for key, value in zip(batch, found) if value is None]
            hits += len(batch) - len(missed)
            asked += len(batch)
            if missed:
                client.run(missed)
        return hits / asked, (cpu_seconds(server.pid) - before) / asked * 1e6, int(client.run([resp("DBSIZE")])[0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=2_000_000)
    parser.add_argument("--policies", default="allkeys-lru,allkeys-lfu,allkeys-random")
    parser.add_argument("server", nargs="+")
    options = parser.parse_args()
    os.sched_setaffinity(0, {LOAD_CPU})
    reads = trace(options.requests)
    print("%-16s%-12s%10s%12s%10s" % ("policy", "server", "hits %", "us of CPU", "keys"))
    port = 17900
    for policy in options.policies.split(","):
        for name, command in named(options.server):
            port += 1
            ratio, cost, keys = measure(command, port, policy, reads)
            print("%-16s%-12s%10.2f%12.2f%10d" % (policy, name, ratio * 100, cost, keys), flush=True)


if __name__ == "__main__":
    main()
