"""uvicorn with a graceful shutdown."""

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

from quickml.http.server.protocol import HEADERS_TIMEOUT_S, LimitedProtocol
from quickml.http.state import state_of

NOTSENT_LOWAT_BYTES = 128 << 10
"""Unsent bytes per connection in the kernel. By default, those of slow clients may be megabytes."""
DRAIN_S = 5.0
"""Time allowed at shutdown for requests in progress."""
BACKLOG = 2048


class Server(uvicorn.Server):
    """Shuts down with exit code 0 on a signal."""

    def __init__(self, app: FastAPI) -> None:
        """Serve `app` on the sockets that are given to `run`, over HTTPS if there is a certificate."""
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
        """Start the service first: an error of it is raised here, and would be a traceback in the lifespan.

        Also set the timeouts of TLS: the end of a response may still be in its layer at close.
        """
        await run_in_threadpool(self._state.service.start)
        loop = asyncio.get_running_loop()
        original = loop.create_server
        if self.config.is_ssl:
            patient = partial(
                original,
                ssl_handshake_timeout=HEADERS_TIMEOUT_S,
                ssl_shutdown_timeout=self._state.settings.stall_s,
            )
            loop.create_server = patient  # type: ignore[method-assign]  # uvicorn has no option for it
        try:
            await super().startup(sockets)
        finally:
            loop.create_server = original  # type: ignore[method-assign]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close event streams, which would not end, and stop workers while other requests finish."""
        self._state.watchers.close()
        closing = asyncio.create_task(run_in_threadpool(self._state.service.close))
        await super().shutdown(sockets)
        await closing

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Like uvicorn's, which also raises the signals again after the shutdown, and so ends with another
        code."""
        if threading.current_thread() is not threading.main_thread():
            yield  # Python handles signals in the main thread only
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _signals()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _signals() -> list[signal.Signals]:
    """Signals that shut down the server, except those that are ignored, as by `nohup`."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    found = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return [number for number in found if signal.getsignal(number) is not signal.SIG_IGN]


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Port 0 selects a free port.

    Raises:
        OSError: the address cannot be used.
    """
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    if sys.platform == "linux":
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES)
    return listener
