"""The base of TCP proxies on loopback, which do something to connections between clients and a server."""

import socket
import threading
from contextlib import suppress


class TcpProxy:
    """A context. Subclasses do something with each connection in `_connect`, in a thread of its own."""

    def __init__(self, port):
        self._port = port
        self.sent_bytes = self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _accept(self):
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._connect, args=(client, self.connections), daemon=True).start()

    def _connect(self, client, number):
        """Serve a client; connections are numbered from 1."""
        raise NotImplementedError

    def _server(self):
        return socket.create_connection(("127.0.0.1", self._port))


def shut(one):
    """End a connection in order, if it is still there."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
