#!/usr/bin/env python3
"""Servers side by side under the stock benchmark program, in turn, round by round; server on CPU 0, load on CPU 1.

usage: perf/requests.py [--rounds 3] [--bench valkey-benchmark] [--loads get@1,set@16,...] [--scale 1] NAME=CMD ...
A load is a test of the benchmark program at a depth of pipeline; `{port}` in CMD is filled in. The first server is the one that the others
are compared with. Medians: requests a second, microseconds of server CPU per request and the share of the first's, 99th percentile
and maximum in milliseconds.
"""
import argparse, contextlib, csv, shutil, statistics, subprocess

from servers import LOAD_CPU, cpu_seconds, named, started

REQUESTS = {1: 200_000, 16: 1_500_000, 64: 4_000_000}
FEWER = {"mset": 5, "lrange_100": 15}  # These tests' requests are so many times the work.


def measure(bench, port, process, test, depth, requests):
    before = cpu_seconds(process.pid)
    out = subprocess.run(
        ["taskset", "-c", str(LOAD_CPU), bench, "-p", str(port), "-t", test, "-n", str(requests), "-P", str(depth), "-c", "50", "-d", "64",
         "-r", "1000000", "--csv"], capture_output=True, text=True, check=True).stdout
    cpu = (cpu_seconds(process.pid) - before) / requests * 1e6
    row = list(csv.DictReader(out.splitlines()))[-1]
    return float(row["rps"]), cpu, float(row["p99_latency_ms"]), float(row["max_latency_ms"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bench", default=shutil.which("valkey-benchmark") or "redis-benchmark")
    parser.add_argument("--loads", default="get@1,set@1,get@16,set@16,get@64,set@64")
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("server", nargs="+")
    options = parser.parse_args()
    with contextlib.ExitStack() as running:
        servers = [(name, port, running.enter_context(started(command, port))) for port, (name, command) in enumerate(named(options.server), 7270)]
        print(f"{'load':12} {'server':12} {'requests/s':>12} {'CPU us':>8} {'share':>6} {'p99 ms':>8} {'max ms':>8}")
        for load in options.loads.split(","):
            test, depth = load.split("@")
            requests = int(REQUESTS[int(depth)] / FEWER.get(test, 1) * options.scale)
            rounds = [[measure(options.bench, port, process, test, int(depth), requests) for _, port, process in servers] for _ in range(options.rounds)]
            medians = [[statistics.median(figures) for figures in zip(*of_server)] for of_server in zip(*rounds)]
            for (name, _, _), (rate, cpu, p99, longest) in zip(servers, medians):
                print(f"{load:12} {name:12} {rate:12.0f} {cpu:8.2f} {cpu / medians[0][1]:6.2f} {p99:8.2f} {longest:8.1f}", flush=True)


if __name__ == "__main__":
    main()
