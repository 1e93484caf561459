#!/usr/bin/env python3
"""How the cost of commands grows with the size of a collection.

usage: curves.py [--largest N] [--only NAME] "CMD"     (CMD has {port})

The server is pinned to CPU 0 and this client to CPU 1. One collection of each type grows from a hundred elements to the largest size,
tenfold each time; at every size each command runs in pipelines of 200 on elements drawn at random. The figure is user and system
time of the server process per command in microseconds, the median of three rounds.
"""
import argparse, itertools, os, random, statistics
from servers import Client, LOAD_CPU, cpu_seconds, resp, started

R = random.Random(5)


def element(i):
    return b"element:%08d" % i


def list_of(client, begin, end):
    client.fill((resp("RPUSH", "l", *map(element, part)) for part in parts(begin, end)), 10)


def set_of(client, begin, end):
    client.fill((resp("SADD", "s", *map(element, part)) for part in parts(begin, end)), 10)


def hash_of(client, begin, end):
    client.fill((resp("HSET", "h", *itertools.chain.from_iterable((element(i), b"value") for i in part)) for part in parts(begin, end)), 10)


def sorted_set_of(client, begin, end):
    client.fill((resp("ZADD", "z", *itertools.chain.from_iterable((b"%d" % (i * 7919 % 10_000_019), element(i)) for i in part))
                 for part in parts(begin, end)), 10)


def stream_of(client, begin, end):
    client.fill((resp("XADD", "x", b"%d-1" % (i + 1), b"field", b"value") for i in range(begin, end)), 2000)


def parts(begin, end, size=1000):
    for start in range(begin, end, size):
        yield range(start, min(end, start + size))


CASES = {  # type: (how to grow it, {command: (documented cost, the command for a collection of n)})
    "list": (list_of, {
        "LPUSH + LPOP": ("O(1)", lambda n: [resp("LPUSH", "l", "new"), resp("LPOP", "l")]),
        "LRANGE of 10, tail": ("O(10)", lambda n: [resp("LRANGE", "l", -10, -1)]),
    }),
    "set": (set_of, {
        "SADD + SREM": ("O(1)", lambda n: [resp("SADD", "s", "new"), resp("SREM", "s", "new")]),
        "SISMEMBER": ("O(1)", lambda n: [resp("SISMEMBER", "s", element(R.randrange(n)))]),
    }),
    "hash": (hash_of, {
        "HSET": ("O(1)", lambda n: [resp("HSET", "h", element(R.randrange(n)), "other")]),
        "HGET": ("O(1)", lambda n: [resp("HGET", "h", element(R.randrange(n)))]),
    }),
    "sorted set": (sorted_set_of, {
        "ZADD": ("O(log N)", lambda n: [resp("ZADD", "z", R.randrange(10_000_019), element(R.randrange(n)))]),
        "ZRANK": ("O(log N)", lambda n: [resp("ZRANK", "z", element(R.randrange(n)))]),
        "ZRANGE of 10": ("O(log N + 10)", lambda n: [(lambda at: resp("ZRANGE", "z", at, at + 9))(R.randrange(n))]),
    }),
    "stream": (stream_of, {
        # IDs that the next growth goes on behind.
        "XADD + XTRIM": ("O(1)", lambda n: [resp("XADD", "x", b"%d-*" % n, "f", "v"), resp("XTRIM", "x", "MAXLEN", n)]),
        "XRANGE of 10": ("O(10)", lambda n: [resp("XRANGE", "x", b"%d-1" % R.randrange(1, n), "+", "COUNT", 10)]),
    }),
}


def cost(server, client, command, size, count=20_000):
    # A command may be two requests in a row, so that the size stays.
    replies = len(command(size))
    pieces = [b"".join(command(size)) for _ in range(count)]
    figures = []
    for _ in range(3):
        before = cpu_seconds(server.pid)
        for start in range(0, count, 200):
            batch = pieces[start:start + 200]
            client.socket.sendall(b"".join(batch))
            for _ in range(len(batch) * replies):
                client.reply()
        figures.append((cpu_seconds(server.pid) - before) / count * 1e6)
    return statistics.median(figures)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--largest", type=int, default=10_000_000)
    parser.add_argument("--only", default="")
    parser.add_argument("server")
    options = parser.parse_args()
    os.sched_setaffinity(0, {LOAD_CPU})
    sizes = [10 ** power for power in range(2, 8) if 10 ** power <= options.largest]
    print("%-34s" % "us of server CPU" + "".join("%10s" % ("1e%d" % (len(str(size)) - 1)) for size in sizes))
    for name, (grow, commands) in CASES.items():
        if options.only not in name:
            continue
        figures = {command: [] for command in commands}
        with started(options.server, 17700) as server:
            client, grown = Client(17700), 0
            grow(client, 0, 100)
            for _, make in commands.values():
                cost(server, client, make, 100, 40_000)
            for size in sizes:
                grow(client, max(grown, 100), size)
                grown = size
                for command, (_, make) in commands.items():
                    figures[command].append(cost(server, client, make, size))
        for command, (documented, _) in commands.items():
            print("%-34s" % f"{command}, {documented}" + "".join("%10.2f" % figure for figure in figures[command]), flush=True)


if __name__ == "__main__":
    main()
