#!/usr/bin/env python3
"""Server CPU time of commands on collections, servers side by side on the same data.

usage: types.py [--only NAME] NAME=CMD NAME=CMD ...     (CMD has {port}; the first server is the reference)

Every server is pinned to CPU 0 and this client to CPU 1. Each command runs in pipelines of up to 200 for a while; the figure is
user and system time of the server process per command, the median of five rounds after a warm-up.
"""
import argparse, contextlib, os, random, statistics, time
from servers import Client as PlainClient, LOAD_CPU, WARM_UP_SECONDS, cpu_seconds, named, resp, started


class Client(PlainClient):
    """Skips replies: parsing them would take the load's CPU longer than the server's."""

    marks = 0

    def run(self, commands):
        """Sends commands followed by a mark, and reads until the mark comes back."""
        self.marks += 1
        mark = b"mark-%d-%s" % (self.marks, os.urandom(8).hex().encode())
        self.socket.sendall(b"".join(commands) + resp("ECHO", mark))
        tail = b""
        while not tail.endswith(mark + b"\r\n"):
            data = self.socket.recv(1 << 20)
            if not data:
                raise SystemExit("the server closed the connection")
            tail = (tail + data)[-len(mark) - 2:]


R = random.Random(7)
MEMBERS = [b"member:%07d" % i for i in range(1_000_000)]


def zset(n=1_000_000): return (resp("ZADD", "z", R.random() * 1e6, MEMBERS[i]) for i in range(n))
def two_zsets(): return (resp("ZADD", "za" if i % 2 else "zb", R.random() * 1e6, b"m:%06d" % R.randrange(150_000)) for i in range(300_000))
def two_sets(): return (resp("SADD", "sa" if i % 2 else "sb", b"m:%06d" % R.randrange(150_000)) for i in range(300_000))
def points(): return (resp("GEOADD", "geo", R.uniform(-180, 180), R.uniform(-80, 80), MEMBERS[i]) for i in range(1_000_000))
def entries(): return [resp("DEL", "x"), *(resp("XADD", "x", "*", "field", "v" * 16) for _ in range(200_000)), resp("XGROUP", "CREATE", "x", "g", 0)]


CASES = {  # name: (data, the command, how many a round)
    "zrank": (zset, lambda: resp("ZRANK", "z", R.choice(MEMBERS)), 20_000),
    "zrangebyscore of 100": (None, lambda: (lambda s: resp("ZRANGEBYSCORE", "z", s, s + 100))(R.random() * 999_000), 5_000),
    "zunionstore 2 x 100k": (two_zsets, lambda: resp("ZUNIONSTORE", "zu", 2, "za", "zb"), 8),
    "sinter 2 x 100k": (two_sets, lambda: resp("SINTER", "sa", "sb"), 16),
    "hgetall of 1000": (lambda: [resp("HSET", "h", *[w for i in range(1000) for w in (b"field:%04d" % i, "v" * 16)])], lambda: resp("HGETALL", "h"), 2_000),
    "lrange of 600": (lambda: [resp("RPUSH", "l", *["v" * 16] * 1000)], lambda: resp("LRANGE", "l", 100, 699), 5_000),
    "xadd": (None, lambda: resp("XADD", "xs", "*", "field", "v" * 16), 50_000),
    "xreadgroup of 100": (entries, lambda: resp("XREADGROUP", "GROUP", "g", "c", "COUNT", 100, "STREAMS", "x", ">"), 500),
    "geosearch in 1M": (points, lambda: resp("GEOSEARCH", "geo", "FROMLONLAT", R.uniform(-170, 170), R.uniform(-70, 70), "BYRADIUS", 100, "km", "ASC"), 2_000),
    "sort of 100k": (lambda: (resp("RPUSH", "nums", *[R.randrange(10**9) for _ in range(1000)]) for _ in range(100)), lambda: resp("SORT", "nums", "LIMIT", 0, 10), 8),
    "pfcount of 5": (lambda: (resp("PFADD", "p%d" % (i % 5), R.random()) for i in range(100_000)), lambda: resp("PFCOUNT", "p0", "p1", "p2", "p3", "p4"), 2_000),
    "bitcount of 64 MiB": (lambda: [resp("SETBIT", "b1", (64 << 23) - 1, 1), resp("SETBIT", "b2", (64 << 23) - 1, 1)], lambda: resp("BITCOUNT", "b1"), 16),
    "bitop and of 64 MiB": (None, lambda: resp("BITOP", "AND", "b3", "b1", "b2"), 8),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("server", nargs="+")
    options = parser.parse_args()
    os.sched_setaffinity(0, {LOAD_CPU})
    with contextlib.ExitStack() as running:
        servers = []
        for port, (name, command) in enumerate(named(options.server), 7250):
            process = running.enter_context(started(command, port))
            servers.append((process, Client(port)))
        print(f"{'CPU us per command':24}" + "".join(f"{name:>14}" for name, _ in named(options.server)) + "   share of the first")
        for case, (data, command, count) in CASES.items():
            if options.only and options.only not in case:
                continue
            figures = [measure(process, client, case, data, command, count, options.rounds) for process, client in servers]
            print(f"{case:24}" + "".join(f"{figure:14.1f}" for figure in figures) + "   " + " ".join(f"{figure / figures[0]:.2f}" for figure in figures[1:] if figures[0]), flush=True)


def measure(process, client, case, data, command, count, wanted):
    R.seed(11)
    client.fill(data() if data else [])
    rounds = []
    warm_until = time.time() + WARM_UP_SECONDS
    while len(rounds) < wanted or time.time() < warm_until:
        if time.time() < warm_until:
            rounds.clear()
        if case == "xreadgroup of 100":
            client.run([resp("XGROUP", "DESTROY", "x", "g"), resp("XGROUP", "CREATE", "x", "g", 0)])
        before = cpu_seconds(process.pid)
        client.fill((command() for _ in range(count)), 200)
        rounds.append((cpu_seconds(process.pid) - before) / count * 1e6)
    return statistics.median(rounds)


if __name__ == "__main__":
    main()
