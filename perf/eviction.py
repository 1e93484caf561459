#!/usr/bin/env python3
"""Hit ratio of a cache that evicts, servers side by side on the same trace.

usage: eviction.py [--requests N] [--policies A,B] NAME=CMD NAME=CMD ...     (CMD has {port})

Every server gets the same reads: keys drawn from a zipf distribution
(exponent 0.99), each set when it is not there. The figures are hits among the second half of the reads, and user and system
time of the server process per read. As servers need different memory for a key, the limit is what makes each of them hold
the same number of keys, found by filling it first.
"""
import argparse, bisect, itertools, os, random, shlex, socket, subprocess, time

KEYS, KEPT, VALUE = 1_000_000, 100_000, b"v" * 64


def resp(*words):
    out = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word if isinstance(word, bytes) else str(word).encode()
        out.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(out)


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb", 1 << 16)

    def reply(self):
        line = self.file.readline()
        if line[:1] == b"$" and line != b"$-1\r\n":
            return self.file.read(int(line[1:]) + 2)[:-2]
        return None if line == b"$-1\r\n" else line[1:-2]

    def run(self, commands):
        self.socket.sendall(b"".join(commands))
        return [self.reply() for _ in commands]


def trace(count):
    weights = list(itertools.accumulate(1 / (i + 1) ** 0.99 for i in range(KEYS)))
    source = random.Random(11)
    names = list(range(KEYS))
    source.shuffle(names)
    return [names[bisect.bisect_left(weights, source.random() * weights[-1])] for _ in range(count)]


def cpu_seconds(pid):
    fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def used(client):
    return int([line for line in client.run([resp("INFO", "memory")])[0].split(b"\r\n") if line.startswith(b"used_memory:")][0][12:])


def measure(command, port, policy, reads):
    server = subprocess.Popen(["taskset", "-c", "0", *shlex.split(command.format(port=port))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                client = Client(port)
                break
            except OSError:
                time.sleep(0.1)
        for start in range(0, KEPT, 500):
            client.run([resp("SET", "fill:%07d" % i, VALUE) for i in range(start, start + 500)])
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
    finally:
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=2_000_000)
    parser.add_argument("--policies", default="allkeys-lru,allkeys-lfu,allkeys-random")
    parser.add_argument("server", nargs="+")
    options = parser.parse_args()
    os.sched_setaffinity(0, {1})
    reads = trace(options.requests)
    print("%-16s%-12s%10s%12s%10s" % ("policy", "server", "hits %", "us of CPU", "keys"))
    port = 17900
    for policy in options.policies.split(","):
        for entry in options.server:
            name, command = entry.split("=", 1)
            port += 1
            ratio, cost, keys = measure(command, port, policy, reads)
            print("%-16s%-12s%10.2f%12.2f%10d" % (policy, name, ratio * 100, cost, keys), flush=True)


if __name__ == "__main__":
    main()
