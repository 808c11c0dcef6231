"""One connection: uvicorn's protocol, with an end to everything that a client could draw out."""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress

from httptools import HttpParserError
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from quickml.http.server.slow_clients import Waiting
from quickml.http.state import state_of

HEADERS_TIMEOUT_S = 15.0
"""From the first byte of a connection or request to the end of its headers."""
MAX_HEADERS_BYTES = 64 << 10
"""Of one request, trailers among them."""
FIELD_BYTES = 32
"""What each field counts for besides its text: many short ones cost more memory than a long one."""
MAX_PIPELINED = 8
"""Requests that wait for the answers to earlier ones."""
WRITE_LIMITS = {"high": 1, "low": 0}
"""Bytes in the process at which an answer is halted, and goes on. What a client does not take stays on the
disk, and every wait for a client is seen as one."""
_ACKED_AT = 120
"""Where `tcpi_bytes_acked` lies in Linux' `struct tcp_info`, since 4.1."""


class Protocol(HttpToolsProtocol):
    """uvicorn's, which by itself takes headers and requests without end, and waits for readers for ever."""

    _timer: asyncio.TimerHandle | None = None
    _next_look: asyncio.TimerHandle | None = None
    _waiting: Waiting
    _answered: RequestResponseCycle | None = None
    """The request whose answer is under way, or was last; uvicorn knows the one that came last."""
    _headers_bytes = 0
    """Of the request that came last."""
    _unread_bytes = 0
    """That came, and that the parser told nothing of: at most so many does it hold itself."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The clock starts with the connection."""
        super().connection_made(transport)
        settings = state_of(self.config.app).settings  # type: ignore[arg-type]  # it is ours
        self._waiting = Waiting(stall_s=settings.stall_s, min_rate_bytes=settings.min_rate_bytes)
        self._await_headers()
        transport.set_write_buffer_limits(**WRITE_LIMITS)  # may pause at once: TLS has something to say

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more to wait for, which the answer under way has to know."""
        self._headers_came()
        if self._next_look is not None:
            self._next_look.cancel()
        super().connection_lost(exc)
        self.pipeline.clear()
        if self._answered is not None:
            self._answered.disconnected = True
            self._answered.message_event.set()

    def data_received(self, data: bytes) -> None:
        """Count what the parser makes nothing of."""
        if self._timer is None and not self._is_answering:
            self._await_headers()  # the next request of a connection that was kept
        self._unread_bytes += len(data)
        super().data_received(data)
        if self._unread_bytes > MAX_HEADERS_BYTES:
            self._give_up()

    def on_message_begin(self) -> None:
        """Another request."""
        self._headers_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field, also of trailers."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """In time."""
        self._headers_came()
        self._unread_bytes = 0
        if len(self.pipeline) >= MAX_PIPELINED:
            raise HttpParserError(f"expected at most {MAX_PIPELINED} requests to wait, found more")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """What a route takes or refuses."""
        self._unread_bytes = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Not into the middle of another answer."""
        if self._is_answering:
            self.transport.abort()
        else:
            super().send_400_response(msg)

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

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    @property
    def _is_answering(self) -> bool:
        return self._answered is not None and not self._answered.response_complete

    def _look(self) -> None:
        self._next_look = None
        if not self.flow.write_paused:
            return
        if self._waiting.look(_taken(self.transport)):
            self.transport.abort()
        else:
            self._next_look = self.loop.call_later(self._waiting.next_look_s, self._look)

    def _count(self, size_bytes: int) -> None:
        self._unread_bytes -= size_bytes
        self._headers_bytes += size_bytes + FIELD_BYTES
        if self._headers_bytes > MAX_HEADERS_BYTES:
            raise HttpParserError(f"expected headers of at most {MAX_HEADERS_BYTES} bytes, found more")

    def _await_headers(self) -> None:
        self._timer = self.loop.call_later(HEADERS_TIMEOUT_S, self._give_up)

    def _headers_came(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._headers_came()
        if self._is_answering:
            self.transport.abort()
        elif not self.transport.is_closing():
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
