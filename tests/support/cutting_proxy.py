"""A TCP proxy on loopback that breaks connections after so many bytes from the client, and counts these.

A server gets all that was counted, however busy the machine is: the client sees the end only after the server has.
"""

import socket
import threading
from contextlib import suppress

from tcp_proxy import TcpProxy, shut


class CuttingProxy(TcpProxy):
    """A context. `cuts` are the numbers of bytes after which the next connections with so many break."""

    def __init__(self, port, cuts=()):
        super().__init__(port)
        self.cuts = list(cuts)

    def _connect(self, client, _):
        server = self._server()
        back = threading.Thread(target=self._return, args=(server, client), daemon=True)
        back.start()
        with suppress(OSError):
            self._forward(client, server)
            server.shutdown(socket.SHUT_WR)
            back.join()
        for one in (client, server):
            shut(one)
            one.close()

    def _forward(self, client, server):
        forwarded = 0
        while piece := client.recv(1 << 15):
            if self.cuts and forwarded + len(piece) >= self.cuts[0]:
                piece = piece[: self.cuts.pop(0) - forwarded]
                server.sendall(piece)
                self.sent_bytes += len(piece)
                return
            server.sendall(piece)
            forwarded += len(piece)
            self.sent_bytes += len(piece)

    @staticmethod
    def _return(server, client):
        with suppress(OSError):
            while piece := server.recv(1 << 15):
                client.sendall(piece)
