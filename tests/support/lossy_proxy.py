"""A TCP proxy on loopback that loses, spoils and holds up what a server sends; by chance, from a seed."""

import re
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from random import Random

HEAD_BYTES = 2048
"""The beginning of each connection arrives: an answer's head is not the file."""
CHUNK_BYTES = 1 << 17
PATIENCE_S = 240.0
_RANGE = re.compile(rb"\r\nrange: bytes=(\d+)-(\d*)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How many bytes there are between two faults of a kind, on average; 0 is none."""

    cut: int = 0
    """The connection ends, in order or by a reset."""
    stall: int = 0
    """Nothing comes any more, until the client leaves."""
    corrupt: int = 0
    """A byte is another one."""
    lose: int = 0
    """Some bytes are missing, and soon after the connection breaks."""
    drop: float = 0.0
    """The share of connections that are dropped before a byte has come."""
    rate: float = 0.0
    """At most so many bytes per second; 0 is as fast as it goes."""


class LossyProxy:
    """A context. `faults` may be changed while it runs, and count for connections from then on."""

    def __init__(self, port, faults=Faults(), seed=1):
        self.faults, self._seed, self._port = faults, seed, port
        self.sent_bytes = self.connections = 0
        self.happened = dict.fromkeys(("cut", "stall", "corrupt", "lose", "drop"), 0)
        self.ranges = []
        """(first, last) of each request that asked for some; last is None to the end."""
        self._lock, self._open = threading.Lock(), set()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)  # little is lost by a reset
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        self.cut_all()

    def cut_all(self):
        """End every connection."""
        with self._lock:
            for one in self._open:
                _shut(one)

    def _accept(self):
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            random = Random(f"{self._seed} {self.connections}")
            if random.random() < self.faults.drop:
                self._happens("drop")
                _reset(client)
                continue
            threading.Thread(target=self._connect, args=(client, random), daemon=True).start()

    def _connect(self, client, random):
        try:
            server = socket.create_connection(("127.0.0.1", self._port))
        except OSError:
            _reset(client)
            return
        with client, server:
            with self._lock:
                self._open |= {client, server}
            up = threading.Thread(target=self._up, args=(client, server), daemon=True)
            up.start()
            with suppress(OSError):  # one of the two has left
                self._down(server, client, random, up)
            _shut(server)
            _shut(client)
            up.join()
            with self._lock:
                self._open -= {client, server}

    def _up(self, client, server):
        """Requests arrive as they are."""
        try:
            while content := client.recv(CHUNK_BYTES):
                self.ranges += [
                    (int(first), int(last) if last else None) for first, last in _RANGE.findall(content)
                ]
                server.sendall(content)
        except OSError:
            pass
        _shut(server)

    def _down(self, server, client, random, up):
        plan = {name: self._draw(random, name, HEAD_BYTES) for name in ("cut", "stall", "corrupt", "lose")}
        at = 0
        while content := bytearray(server.recv(CHUNK_BYTES)):
            end = at + len(content)
            while plan["corrupt"] < end:
                content[max(0, plan["corrupt"] - at)] ^= random.randrange(1, 256)
                self._happens("corrupt")
                plan["corrupt"] = self._draw(random, "corrupt", plan["corrupt"] + 1)
            if plan["lose"] < end:
                del content[plan["lose"] - at : plan["lose"] - at + random.randrange(1, 5000)]
                self._happens("lose")
                plan["cut"] = min(plan["cut"], end + random.randrange(1 << 18))
                plan["lose"] = end + (1 << 62)
            last = min(plan["cut"], plan["stall"])
            self._send(client, content[: max(0, last - at)] if last < end else content)
            if last < end:
                self._break_off(client, random, up, "cut" if plan["cut"] == last else "stall")
                return
            at = end

    def _draw(self, random, name, after):
        mean = getattr(self.faults, name)
        return after + int(random.expovariate(1 / mean)) if mean else 1 << 62

    def _send(self, client, content):
        client.sendall(content)
        with self._lock:
            self.sent_bytes += len(content)
        if self.faults.rate:
            time.sleep(len(content) / self.faults.rate)

    def _break_off(self, client, random, up, how):
        self._happens(how)
        if how == "stall":
            up.join(PATIENCE_S)
        elif random.random() < 0.5:
            client.shutdown(socket.SHUT_RD)  # nothing is reset while somebody reads from it
            up.join()
            _reset(client)

    def _happens(self, name):
        with self._lock:
            self.happened[name] += 1


def _shut(one):
    with suppress(OSError):  # it is already
        one.shutdown(socket.SHUT_RDWR)


def _reset(one):
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()
