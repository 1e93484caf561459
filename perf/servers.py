"""What the load scripts beside this file share: RESP, a plain client, and starting servers on one CPU."""
import contextlib, os, shlex, socket, subprocess, time

SERVER_CPU, LOAD_CPU = 0, 1
WARM_UP_SECONDS = 4


def resp(*words):
    out = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word if isinstance(word, bytes) else str(word).encode()
        out.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(out)


class Client:
    """A blocking client that reads replies as simple values: bytes, None, or a list of these."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb", 1 << 16)

    def reply(self):
        line = self.file.readline()
        if not line:
            raise SystemExit("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind in (b"*", b"~", b">"):
            return None if rest == b"-1" else [self.reply() for _ in range(int(rest))]
        return rest

    def run(self, commands):
        """Sends encoded commands in one piece and reads a reply for each."""
        self.socket.sendall(b"".join(commands))
        return [self.reply() for _ in commands]

    def fill(self, commands, size=500):
        """Runs any number of commands, some at a time."""
        batch = []
        for command in commands:
            batch.append(command)
            if len(batch) == size:
                self.run(batch)
                batch = []
        self.run(batch)


def cpu_seconds(pid):
    """Time that the threads of a process have run, in the kernel or not; to the nanosecond, unlike /proc/PID/stat."""
    nanoseconds = 0
    for thread in os.listdir("/proc/%d/task" % pid):
        with contextlib.suppress(FileNotFoundError):
            nanoseconds += int(open("/proc/%d/task/%s/schedstat" % (pid, thread)).read().split()[0])
    return nanoseconds / 1e9


@contextlib.contextmanager
def started(command, port):
    """A server, pinned to its CPU, that listens; ended afterwards. `command` has {port}."""
    server = subprocess.Popen(
        ["taskset", "-c", str(SERVER_CPU), *shlex.split(command.format(port=port))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise SystemExit("the server did not start")
        yield server
    finally:
        server.terminate()
        server.wait()


def named(entries):
    """NAME=CMD arguments as pairs."""
    return [entry.split("=", 1) for entry in entries]
