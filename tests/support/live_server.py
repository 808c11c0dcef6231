"""The application of `served` behind a real uvicorn with our protocol, on loopback: for what `TestClient` cannot do."""

import asyncio
import socket
import threading
from contextlib import contextmanager

from quickml.http.server.run import Server, listen
from served import Served
from waiting import until


class LiveServer(Served):
    def __init__(self, tmp_path, **options):
        super().__init__(tmp_path, **options)
        self._listener = listen("127.0.0.1", 0)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = Server(self.app)
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        asyncio.run(self._server.serve(sockets=[self._listener]))

    def connect(self):
        """A connection, and a way to read its response."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def start(self):
        self._thread.start()
        until(lambda: self._server.started, "a server")

    def close(self):
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()


@contextmanager
def live(tmp_path, **options):
    server = LiveServer(tmp_path, **options)
    server.start()
    try:
        yield server
    finally:
        server.close()
