"""HTTP/1.1 on one connection: uvicorn's protocol, with limits on time and memory that a client can take."""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from quickml.http import problems
from quickml.http.server.access_log import HEADERS
from quickml.http.server.connections import most_connections
from quickml.http.server.interim import offer_interim
from quickml.http.server.response_transport import ResponseTransport
from quickml.http.server.slow_clients import StallDetector
from quickml.http.state import state_of

HEADERS_TIMEOUT_S = 15.0
"""Time from the start of a connection or request to the end of its headers."""
MAX_HEADERS_BYTES = 64 << 10
"""Size limit of the headers of one request, trailers included."""
FIELD_BYTES = 32
"""Added to the size of each header: many short ones take more memory than a long one."""
MAX_PIPELINED = 8
"""Number of requests that may wait for the responses to earlier ones."""
WRITE_LIMITS = {"high": 1, "low": 0}
"""Buffered bytes at which a response pauses and continues. What a client does not receive is not read from
storage, and every wait for a client is noticed."""
_ACKED_AT = 120
"""Offset of `tcpi_bytes_acked` in `struct tcp_info` of Linux 4.1 and later."""


class LimitedProtocol(HttpToolsProtocol):
    """Limits headers, pipelined requests and slow clients, which uvicorn does not."""

    _timer: asyncio.TimerHandle | None = None
    _next_check: asyncio.TimerHandle | None = None
    _stall: StallDetector
    _idle_since = 0.0
    """When the connection was opened, or its last response was complete."""
    _responding: RequestResponseCycle | None = None
    """The request that is responded to now or was last; uvicorn keeps the one received last."""
    _headers_bytes = 0
    """Size of the headers of the request received last."""
    _unread_bytes = 0
    """Bytes received that the parser has not reported; it buffers at most this many."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit on headers. Of too many connections, the longest idle one is closed."""
        super().connection_made(transport)
        self._idle_since = self.loop.time()
        self._make_room()
        settings = state_of(self.config.app).settings  # type: ignore[arg-type]  # it is ours
        self._stall = StallDetector(stall_s=settings.stall_s, min_rate_bytes=settings.min_rate_bytes)
        self._start_headers_timer()
        transport.set_write_buffer_limits(**WRITE_LIMITS)  # may pause at once, if TLS has data to send

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers, and tell the current response."""
        self._stop_headers_timer()
        if self._next_check is not None:
            self._next_check.cancel()
        super().connection_lost(exc)
        self.pipeline.clear()
        if self._responding is not None:
            self._responding.disconnected = True
            self._responding.message_event.set()

    def data_received(self, data: bytes) -> None:
        """Limit the bytes that the parser does not report."""
        if self._timer is None and not self._is_responding:
            self._start_headers_timer()  # the next request of a keep-alive connection
        self._unread_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            while data:
                data = self._parse(data)
        except HttpParserError as error:
            cause = error.__context__  # of an error in a callback
            self.send_400_response(str(cause if isinstance(cause, HttpParserError) else error))
        if self._unread_bytes > MAX_HEADERS_BYTES:
            self._drop()

    def _parse(self, data: bytes) -> bytes:
        """Parse a piece, and return what is still to be parsed.

        A request to change the protocol is served without changing it (RFC 9110, 7.8). The parser has left
        out its body, so another one parses the request again, without the header `Upgrade`.
        """
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            headers = b"".join(b"%b: %b\r\n" % field for field in self.headers if field[0] != b"upgrade")
            version = self.parser.get_http_version().encode()
            head = b"%b %b HTTP/%b\r\n%b\r\n" % (self.parser.get_method(), self.url, version, headers)
            self._unread_bytes += len(head)
            self.parser = HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
            return head + data[upgrade.args[0] :]
        return b""

    def on_message_begin(self) -> None:
        """See `HttpToolsProtocol`: a request begins."""
        self._headers_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """See `HttpToolsProtocol`: a part of the URL."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """See `HttpToolsProtocol`: a header or trailer."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Limit the requests that wait."""
        if self.parser.get_method() == b"CONNECT":
            raise HttpParserError("expected a request to this server, found CONNECT")
        if self.parser.should_upgrade():
            return  # it is parsed again
        self._stop_headers_timer()
        self._unread_bytes = 0
        if len(self.pipeline) >= MAX_PIPELINED:
            raise HttpParserError(
                f"pipelining: expected at most {MAX_PIPELINED} waiting requests, found more"
            )
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """See `HttpToolsProtocol`: a part of the body, which has limits of its own."""
        self._unread_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """See `HttpToolsProtocol`: a request ends."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """See `HttpToolsProtocol`: the connection may be idle from now on."""
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Respond to a malformed request, but not in the middle of another response."""
        if self._is_responding:
            self.transport.abort()
            return
        answer = problems.response(400, "bad-request", "Bad Request", msg, headers={"Connection": "close"})
        headers = b"".join(b"%b: %b\r\n" % field for field in (*answer.raw_headers, *HEADERS))
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[400], headers, bytes(answer.body)))
        self.transport.close()

    def pause_writing(self) -> None:
        """Start waiting for the client."""
        super().pause_writing()
        self._stall.begin(_received(self.transport))
        if self._next_check is None:
            self._next_check = self.loop.call_later(self._stall.next_check_s, self._check)

    def resume_writing(self) -> None:
        """End waiting for the client. The timer stays: otherwise every chunk would need one."""
        if self._stall.end(_received(self.transport)):
            self.transport.abort()
        super().resume_writing()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._responding = cycle
        offer_interim(cycle, self.transport)
        cycle.transport = ResponseTransport(cycle)  # type: ignore[assignment]  # it has what is used
        super()._start_asgi_task(cycle, app)

    @property
    def _is_responding(self) -> bool:
        return self._responding is not None and not self._responding.response_complete

    def _make_room(self) -> None:
        most = most_connections()
        if len(self.connections) <= most:
            return
        open_ones = [one for one in self.connections if not one.transport.is_closing()]
        if len(open_ones) > most:
            idle = [one for one in open_ones if isinstance(one, LimitedProtocol) and not one._is_responding]
            min(idle, key=lambda one: one._idle_since).transport.abort()  # this one at worst

    def _check(self) -> None:
        self._next_check = None
        if not self.flow.write_paused:
            return
        if self._stall.check(_received(self.transport)):
            self.transport.abort()
        else:
            self._next_check = self.loop.call_later(self._stall.next_check_s, self._check)

    def _count(self, size_bytes: int) -> None:
        self._unread_bytes -= size_bytes
        self._headers_bytes += size_bytes + FIELD_BYTES
        if self._headers_bytes > MAX_HEADERS_BYTES:
            raise HttpParserError(f"headers: expected at most {MAX_HEADERS_BYTES} bytes, found more")

    def _start_headers_timer(self) -> None:
        self._timer = self.loop.call_later(HEADERS_TIMEOUT_S, self._drop)

    def _stop_headers_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _drop(self) -> None:
        self._stop_headers_timer()
        if self._is_responding:
            self.transport.abort()
        elif not self.transport.is_closing():
            self.transport.close()


def _received(transport: asyncio.Transport) -> int:
    """Bytes that the client's system has acknowledged; where that is unknown, bytes that were sent."""
    if sys.platform == "linux":
        with suppress(OSError):
            info = transport.get_extra_info("socket").getsockopt(
                socket.IPPROTO_TCP, socket.TCP_INFO, _ACKED_AT + 8
            )
            if len(info) == _ACKED_AT + 8:
                return int.from_bytes(info[_ACKED_AT:], sys.byteorder)
    return -transport.get_write_buffer_size()
