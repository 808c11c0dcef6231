"""A TCP proxy on loopback that can be closed and opened again: a network that is gone for a while."""

import socket
import threading
from contextlib import suppress

from tcp_proxy import TcpProxy, shut


class ClosingProxy(TcpProxy):
    """A context. `close` ends all connections and refuses new ones, until `open`."""

    def __init__(self, port):
        super().__init__(port)
        self.port = self._socket.getsockname()[1]
        self._is_open, self._pairs, self._lock = True, set(), threading.Lock()

    def close(self):
        with self._lock:
            self._is_open = False
            for pair in self._pairs:
                for one in pair:
                    shut(one)

    def open(self):
        self._is_open = True

    def _connect(self, client, _):
        with self._lock:
            if not self._is_open:
                client.close()
                return
            server = self._server()
            self._pairs.add(pair := (client, server))
        back = threading.Thread(target=self._forward, args=(server, client), daemon=True)
        back.start()
        self._forward(client, server)
        back.join()
        with self._lock:
            self._pairs.discard(pair)
        for one in pair:
            one.close()

    @staticmethod
    def _forward(source: socket.socket, target: socket.socket):
        with suppress(OSError):
            while piece := source.recv(1 << 15):
                target.sendall(piece)
        shut(source)
        shut(target)
