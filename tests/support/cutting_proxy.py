"""A TCP proxy on loopback that breaks connections after so many bytes from the client, and counts these."""

import socket
import threading
from contextlib import suppress


class CuttingProxy:
    """A context. `cuts` are the numbers of bytes after which the next connections with so many break."""

    def __init__(self, port, cuts=()):
        self._port, self.cuts = port, list(cuts)
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
            server = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
            threading.Thread(target=self._return, args=(server, client), daemon=True).start()

    def _forward(self, client, server):
        forwarded = 0
        with suppress(OSError):
            while piece := client.recv(1 << 15):
                if self.cuts and forwarded + len(piece) >= self.cuts[0]:
                    piece = piece[: self.cuts.pop(0) - forwarded]
                    server.sendall(piece)
                    self.sent_bytes += len(piece)
                    break
                server.sendall(piece)
                forwarded += len(piece)
                self.sent_bytes += len(piece)
        for one in (client, server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    @staticmethod
    def _return(server, client):
        with suppress(OSError):
            while piece := server.recv(1 << 15):
                client.sendall(piece)
