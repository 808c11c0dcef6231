"""uvicorn, with an end to everything that a client could draw out, and one that is orderly."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from quickml.http.stalls import Waiting

HEADERS_TIMEOUT_S = 15.0
"""From the first byte of a connection or request to the end of its headers."""
MAX_HEADERS_BYTES = 64 << 10
WRITE_LIMITS = {"high": 1, "low": 0}
"""Bytes in the process at which an answer is halted, and goes on. What a client does not take stays on the
disk, and every wait for a client is seen as one."""
NOTSENT_LOWAT_BYTES = 128 << 10
"""What the system keeps of a connection before it is sent. Without it, of slow clients, megabytes."""
DRAIN_S = 5.0
"""For requests under way, when the server is asked to end."""
BACKLOG = 2048
_ACKED_AT = 120
"""Where `tcpi_bytes_acked` lies in Linux' `struct tcp_info`, since 4.1."""


class Protocol(HttpToolsProtocol):
    """uvicorn's, which by itself waits for headers of any length, and for readers, for ever."""

    _timer: asyncio.TimerHandle | None = None
    _next_look: asyncio.TimerHandle | None = None
    _waiting: Waiting
    _headers_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The clock starts with the connection."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(**WRITE_LIMITS)
        state = self.config.app.state  # type: ignore[union-attr]  # it is ours
        self._waiting = Waiting(stall_s=state.stall_s, min_rate_bytes=state.min_rate_bytes)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more to wait for."""
        self._headers_came()
        if self._next_look is not None:
            self._next_look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what may be headers."""
        if self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._await_headers()  # the next request of a connection that was kept
        if self._timer is not None:
            self._headers_bytes += len(data)
        super().data_received(data)
        if self._timer is not None and self._headers_bytes > MAX_HEADERS_BYTES:
            self._give_up()

    def on_headers_complete(self) -> None:
        """In time."""
        self._headers_came()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """What was sent is not being read."""
        super().pause_writing()
        self._waiting.begin(_taken(self.transport))
        if self._next_look is None:
            self._next_look = self.loop.call_later(self._waiting.next_look_s, self._look)

    def resume_writing(self) -> None:
        """It is. The next look stays where it is: with a fast client, there would be one for each piece."""
        if self._waiting.end(_taken(self.transport)):
            self.transport.abort()
        super().resume_writing()

    def _look(self) -> None:
        self._next_look = None
        if not self.flow.write_paused:
            return
        if self._waiting.look(_taken(self.transport)):
            self.transport.abort()
        else:
            self._next_look = self.loop.call_later(self._waiting.next_look_s, self._look)

    def _await_headers(self) -> None:
        self._headers_bytes = 0
        self._timer = self.loop.call_later(HEADERS_TIMEOUT_S, self._give_up)

    def _headers_came(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._headers_came()
        if not self.transport.is_closing():
            self.transport.close()


def _taken(transport: asyncio.Transport) -> int:
    """Bytes that the client's system has acknowledged; where ours does not say, those that have left here."""
    if sys.platform == "linux":
        with suppress(OSError):
            info = transport.get_extra_info("socket").getsockopt(
                socket.IPPROTO_TCP, socket.TCP_INFO, _ACKED_AT + 8
            )
            if len(info) == _ACKED_AT + 8:
                return int.from_bytes(info[_ACKED_AT:], sys.byteorder)
    return -transport.get_write_buffer_size()


class Server(uvicorn.Server):
    """Ends with exit code 0 when it is asked to, streams first."""

    def __init__(self, app: FastAPI, *, tls_cert: Path | None = None, tls_key: Path | None = None) -> None:
        """Serve `app` once `run` is called with sockets; by https where there is a certificate."""
        self._app = app
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                loop="auto",
                ws="none",
                lifespan="on",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=int(DRAIN_S),
                ssl_certfile=tls_cert,
                ssl_keyfile=tls_key,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let streams end, which would last for ever, and workers go, while requests are finished."""
        self._app.state.watchers.close()
        closing = asyncio.create_task(run_in_threadpool(self._app.state.service.close))
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
