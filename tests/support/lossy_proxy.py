"""A TCP proxy on loopback that loses, spoils and holds up what a server sends; by chance, from a seed."""

import re
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from tcp_proxy import TcpProxy, shut

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


class LossyProxy(TcpProxy):
    """A context. `faults` may be changed while it runs, and count for connections from then on."""

    def __init__(self, port, faults=Faults(), seed=1):
        super().__init__(port)
        self.faults, self._seed = faults, seed
        self.happened = dict.fromkeys(("cut", "stall", "corrupt", "lose", "drop"), 0)
        self.ranges = []
        """(first, last) of each request that asked for some; last is None to the end."""
        self._lock, self._open = threading.Lock(), set()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)  # little is lost by a reset

    def __exit__(self, *error):
        super().__exit__(*error)
        self.cut_all()

    def cut_all(self):
        """End every connection."""
        with self._lock:
            for one in self._open:
                shut(one)

    def _connect(self, client, number):
        random = Random(f"{self._seed} {number}")
        if random.random() < self.faults.drop:
            self._happens("drop")
            _reset(client)
            return
        try:
            server = self._server()
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
            shut(server)
            shut(client)
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
        shut(server)

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


def _reset(one):
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()
