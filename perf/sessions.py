#!/usr/bin/env python3
"""Server CPU time of what spans commands and connections, servers side by side.

usage: sessions.py [--only NAME] NAME=CMD NAME=CMD ...     (CMD has {port}; the first server is the reference)

Every server is pinned to CPU 0 and this client to CPU 1. The figure is user and system time of the server process per
operation, the median of five rounds after a warm-up. An operation is: a transaction of ten commands; a message published
(to 1, 100 or 1,000 subscribers); an element that goes from a pusher to a client blocked for it; a change of a key that another
client has cached, with the message about it and the read that caches it anew; a GET while ten thousand clients are blocked.
"""
import argparse, os, statistics, time
from servers import Client as PlainClient, LOAD_CPU, WARM_UP_SECONDS, cpu_seconds, named, resp, started


class Client(PlainClient):
    """Reads by the byte: what is to come is known, and parsing it would take the load's CPU longer than the server's."""

    def send(self, data):
        self.socket.sendall(data)

    def read(self, size):
        """Reads exactly that many bytes."""
        parts, left = [], size
        while left > 0:
            data = self.socket.recv(min(left, 1 << 20))
            if not data:
                raise SystemExit("the server closed the connection")
            parts.append(data)
            left -= len(data)
        return b"".join(parts)

    def ask(self, data, reply):
        self.send(data)
        got = self.read(len(reply))
        if got != reply:
            raise SystemExit("expected %r, got %r" % (reply[:80], got[:80]))


class Transactions:
    operations = 20_000

    def __init__(self, port):
        self.client = Client(port)
        commands = b"".join(resp("SET", "{tx}%d" % i, "value") for i in range(10))
        self.one = resp("MULTI") + commands + resp("EXEC")
        self.reply = b"+OK\r\n" + b"+QUEUED\r\n" * 10 + b"*10\r\n" + b"+OK\r\n" * 10

    def run(self):
        for _ in range(self.operations // 50):
            self.client.ask(self.one * 50, self.reply * 50)


class Publishing:
    def __init__(self, port, count):
        self.operations = max(60, 20_000 // count)
        self.message = resp("PUBLISH", "news", "m" * 64)
        self.delivery = b"*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$64\r\n" + b"m" * 64 + b"\r\n"
        self.count = count
        self.publisher = Client(port)
        self.subscribers = []
        for _ in range(count):
            subscriber = Client(port)
            subscriber.ask(resp("SUBSCRIBE", "news"), b"*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n")
            self.subscribers.append(subscriber)

    def run(self):
        # Ten messages at a time, as a busy publisher's pipeline would have them.
        batch = 10
        for _ in range(self.operations // batch):
            self.publisher.ask(self.message * batch, (b":%d\r\n" % self.count) * batch)
            for subscriber in self.subscribers:
                subscriber.read(len(self.delivery) * batch)


class HandOff:
    operations = 20_000
    pairs = 50

    def __init__(self, port):
        self.poppers = [Client(port) for _ in range(self.pairs)]
        self.pusher = Client(port)

    def run(self):
        for _ in range(self.operations // self.pairs):
            for i, popper in enumerate(self.poppers):
                popper.send(resp("BLPOP", "queue:%02d" % i, 0))
            self.pusher.ask(b"".join(resp("LPUSH", "queue:%02d" % i, "element") for i in range(self.pairs)), b":1\r\n" * self.pairs)
            for i, popper in enumerate(self.poppers):
                popper.ask(b"", b"*2\r\n$8\r\nqueue:%02d\r\n$7\r\nelement\r\n" % i)


class Tracking:
    operations = 20_000
    keys = 50

    def __init__(self, port):
        self.cache, self.writer = Client(port), Client(port)
        self.cache.send(resp("HELLO", 3))
        time.sleep(0.2)
        self.cache.socket.recv(1 << 16)
        self.cache.ask(resp("CLIENT", "TRACKING", "ON"), b"+OK\r\n")
        names = [b"key:%02d" % i for i in range(self.keys)]
        self.sets = b"".join(resp("SET", name, "value") for name in names)
        self.gets = b"".join(resp("GET", name) for name in names)
        self.messages = b"".join(b">2\r\n$10\r\ninvalidate\r\n*1\r\n$6\r\n" + name + b"\r\n" for name in names)
        self.writer.ask(self.sets, b"+OK\r\n" * self.keys)

    def run(self):
        for _ in range(self.operations // self.keys):
            self.cache.ask(self.gets, b"$5\r\nvalue\r\n" * self.keys)
            self.writer.ask(self.sets, b"+OK\r\n" * self.keys)
            self.cache.read(len(self.messages))


class GetBesideBlocked:
    operations = 100_000

    def __init__(self, port, blocked):
        self.waiting = [Client(port) for _ in range(blocked)]
        for i, client in enumerate(self.waiting):
            client.send(resp("BLPOP", "nothing:%d" % i, 0))
        self.client = Client(port)
        self.client.ask(resp("SET", "k", "value"), b"+OK\r\n")

    def run(self):
        for _ in range(self.operations // 100):
            self.client.ask(resp("GET", "k") * 100, b"$5\r\nvalue\r\n" * 100)


CASES = {
    "transaction of ten": Transactions,
    "publish to 1": lambda port: Publishing(port, 1),
    "publish to 100": lambda port: Publishing(port, 100),
    "publish to 1000": lambda port: Publishing(port, 1000),
    "blpop hand-off": HandOff,
    "tracked key changed": Tracking,
    "get, nobody blocked": lambda port: GetBesideBlocked(port, 0),
    "get, 10000 blocked": lambda port: GetBesideBlocked(port, 10_000),
}


def measure(command, port, make):
    with started(command, port) as server:
        case = make(port)
        end = time.time() + WARM_UP_SECONDS
        while time.time() < end:
            case.run()
        figures = []
        for _ in range(5):
            before = cpu_seconds(server.pid)
            runs = 0
            while cpu_seconds(server.pid) - before < 0.3 or runs < 2:
                case.run()
                runs += 1
            figures.append((cpu_seconds(server.pid) - before) / (runs * case.operations) * 1e6)
        return statistics.median(figures)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only")
    parser.add_argument("server", nargs="+")
    options = parser.parse_args()
    os.sched_setaffinity(0, {LOAD_CPU})
    servers = named(options.server)
    print("%-22s" % "us of server CPU" + "".join("%12s" % name for name, _ in servers) + "%10s" % "share")
    port = 17800
    for name, make in CASES.items():
        if options.only and options.only not in name:
            continue
        figures = []
        for _, command in servers:
            port += 1
            figures.append(measure(command, port, make))
        print("%-22s" % name + "".join("%12.2f" % figure for figure in figures) + "%10.2f" % (figures[-1] / figures[0]), flush=True)


if __name__ == "__main__":
    main()
