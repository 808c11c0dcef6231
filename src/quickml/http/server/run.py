"""uvicorn, listening, and with an end that is orderly."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from quickml.http.server.protocol import LimitedProtocol
from quickml.http.state import state_of

NOTSENT_LOWAT_BYTES = 128 << 10
"""What the system keeps of a connection before it is sent. Without it, of slow clients, megabytes."""
DRAIN_S = 5.0
"""For requests under way, when the server is asked to end."""
BACKLOG = 2048


class Server(uvicorn.Server):
    """Ends with exit code 0 when it is asked to, streams first."""

    def __init__(self, app: FastAPI) -> None:
        """Serve `app` on the sockets that `run` is called with, over HTTPS where there is a certificate."""
        self._state = state_of(app)
        super().__init__(
            uvicorn.Config(
                app,
                http=LimitedProtocol,
                loop="auto",
                ws="none",
                lifespan="on",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=int(DRAIN_S),
                ssl_certfile=self._state.settings.tls_cert,
                ssl_keyfile=self._state.settings.tls_key,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Over TLS, the last of an answer lies where no protocol sees it, and is waited for when closing."""
        loop = asyncio.get_running_loop()
        original = loop.create_server
        if self.config.is_ssl:
            patient = partial(original, ssl_shutdown_timeout=self._state.settings.stall_s)
            loop.create_server = patient  # type: ignore[method-assign]  # uvicorn passes nothing on
        try:
            await super().startup(sockets)
        finally:
            loop.create_server = original  # type: ignore[method-assign]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let streams end, which would last for ever, and workers go, while requests are finished."""
        self._state.watchers.close()
        closing = asyncio.create_task(run_in_threadpool(self._state.service.close))
        await super().shutdown(sockets)
        await closing

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, which raises the signals anew in the end: nobody is left to hear them."""
        if threading.current_thread() is not threading.main_thread():
            yield  # Python hears signals in the main thread alone
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _signals()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _signals() -> list[signal.Signals]:
    """Those that end it, a closed terminal's among them; not what `nohup` or a shell had it ignore."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    found = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return [number for number in found if signal.getsignal(number) is not signal.SIG_IGN]


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address; port 0 takes a free one.

    Raises:
        OSError: nobody can listen there.
    """
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    if sys.platform == "linux":
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES)
    return listener
