#!/usr/bin/env python3
"""Resident bytes per element, everything included: how much a fresh server grows by, over how many elements it got.

usage: perf/memory.py [--only hash] NAME=CMD ...        (`{port}` in CMD is filled in)
"""
import argparse, re, time

from servers import Client, named, resp, started

VALUE16, VALUE64 = b"v" * 16, b"v" * 64
MILLION = 1_000_000


def key(i):
    return b"key:%012d" % i


def member(i):
    return b"member:%09d" % i


# name: (elements, commands that add them)
CASES = {
    "string, 16-byte key and value": (MILLION, lambda n: (resp("SET", key(i), VALUE16) for i in range(n))),
    "string, 64-byte value": (MILLION, lambda n: (resp("SET", key(i), VALUE64) for i in range(n))),
    "the same with an expiry": (MILLION, lambda n: (resp("SET", key(i), VALUE64, "EX", 100_000) for i in range(n))),
    "counter": (MILLION, lambda n: (resp("SET", key(i), 1_000_000 + i) for i in range(n))),
    "hash of 10, per field": (MILLION, lambda n: (
        resp("HSET", key(i), *[word for j in range(10) for word in (b"field:%02d" % j, VALUE16)]) for i in range(n // 10))),
    "large hash, per field": (MILLION, lambda n: (resp("HSET", "h", member(i), VALUE16) for i in range(n))),
    "large sorted set, per member": (MILLION, lambda n: (resp("ZADD", "z", i * 1.5, member(i)) for i in range(n))),
    "large set, per member": (MILLION, lambda n: (resp("SADD", "s", member(i)) for i in range(n))),
    "large list, per item": (MILLION, lambda n: (resp("RPUSH", "l", member(i)) for i in range(n))),
    "stream, per entry": (MILLION, lambda n: (resp("XADD", "x", "*", "temp", b"%05d" % (i % 99_999)) for i in range(n))),
}


def resident_bytes(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", open("/proc/%d/status" % pid).read()).group(1)) * 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("server", nargs="+")
    options = parser.parse_args()
    servers = named(options.server)
    print(f"{'bytes per element':32}" + "".join(f"{name:>12}" for name, _ in servers))
    for case, (elements, commands) in CASES.items():
        if options.only not in case:
            continue
        print(f"{case:32}", end="", flush=True)
        for _, command in servers:
            with started(command, 7280) as process:
                client = Client(7280)
                time.sleep(0.5)
                before = resident_bytes(process.pid)
                client.fill(commands(elements))
                time.sleep(1.5)
                print(f"{(resident_bytes(process.pid) - before) / elements:12.1f}", end="", flush=True)
        print()


if __name__ == "__main__":
    main()
