#!/usr/bin/env python3
"""Latency of GETs beside clients that ask for much, servers side by side.

usage: neighbours.py [--bench PATH] [--seconds N] [--only NAME] NAME=CMD NAME=CMD ...     (CMD has {port})

Every server is pinned to CPU 0; valkey-benchmark's GETs (20 connections, no pipelining, among a million keys) and the neighbour run on
CPU 1. The figures are the 99th percentile and the maximum in milliseconds, medians of three runs: alone, and beside a client
that reads a string of 500 MiB again and again, one that runs KEYS over five million keys again and again, and a subscriber that
never reads while 5,000 messages of 10 KB are published a second.
"""
import argparse, csv, io, multiprocessing, os, socket, statistics, subprocess, time
from servers import Client, LOAD_CPU, named, resp, started

BIG, KEYS = 500 << 20, 5_000_000


def ask_again_and_again(port, size, *words):
    """Asks for a reply of a known size and throws it away in the kernel, which costs the CPU that the benchmark needs little."""
    client, request, trash = Client(port), resp(*words), bytearray(1 << 20)
    while True:
        client.socket.sendall(request)
        left = size
        while left > 0:
            left -= client.socket.recv_into(trash, min(left, len(trash)), socket.MSG_TRUNC)


def publish_to_the_deaf(port):
    deaf, publisher = Client(port), Client(port)
    deaf.socket.sendall(resp("SUBSCRIBE", "news"))
    message = resp("PUBLISH", "news", b"m" * 10_000)
    while True:
        if publisher.run([message] * 10)[-1] == b"0":
            # It was cut off at its limit: another one.
            deaf = Client(port)
            deaf.socket.sendall(resp("SUBSCRIBE", "news"))
        time.sleep(0.002)


CASES = {
    "alone": None,
    "500 MiB reply": lambda port: ask_again_and_again(port, len(b"$%d\r\n\r\n" % BIG) + BIG, "GET", "big"),
    "KEYS over 5M": lambda port: ask_again_and_again(port, len(b"*%d\r\n" % (KEYS + 1)) + KEYS * 23 + 9, "KEYS", "*"),
    "deaf subscriber": publish_to_the_deaf,
}


def neighbour(case, port):
    os.sched_setaffinity(0, {LOAD_CPU})
    case(port)


def latencies(bench, port, seconds):
    """p99 and maximum in milliseconds."""
    rate = 30_000
    output = subprocess.run(
        ["taskset", "-c", str(LOAD_CPU), bench, "-p", str(port), "-t", "get", "-r", "1000000", "-n", str(rate * seconds), "-c", "20", "-d", "16", "--csv"],
        capture_output=True, text=True, check=True).stdout
    row = next(csv.DictReader(io.StringIO(output)))
    return float(row["p99_latency_ms"]), float(row["max_latency_ms"])


def measure(bench, command, port, seconds, cases):
    figures = {}
    with started(command, port):
        client = Client(port)
        client.fill((resp("SET", "key:%012d" % i, "v" * 16) for i in range(KEYS)), 2000)
        client.run([resp("SETRANGE", "big", BIG - 1, "x")])
        latencies(bench, port, 4)
        for name, case in cases:
            process = None
            if case:
                process = multiprocessing.Process(target=neighbour, args=(case, port), daemon=True)
                process.start()
                time.sleep(1)
            figures[name] = [statistics.median(column) for column in zip(*(latencies(bench, port, seconds) for _ in range(3)))]
            if process:
                process.terminate()
                process.join()
    return figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench", default="valkey-benchmark")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--only")
    parser.add_argument("server", nargs="+")
    options = parser.parse_args()
    os.sched_setaffinity(0, {LOAD_CPU})
    cases = [(name, case) for name, case in CASES.items() if case is None or not options.only or options.only in name]
    print("%-10s" % "GET, ms" + "".join("%28s" % name for name, _ in cases))
    for port, (name, command) in enumerate(named(options.server), 17900):
        figures = measure(options.bench, command, port, options.seconds, cases)
        alone = figures["alone"][0]
        print("%-10s" % name + "".join("%10.3f (%4.1fx) max %6.1f" % (p99, p99 / alone, longest) for p99, longest in figures.values()), flush=True)


if __name__ == "__main__":
    main()
