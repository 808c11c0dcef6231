"""The transport of one response: its head leaves together with the first piece of its body.

uvicorn writes them one after the other. Each would be a system call and a packet of its own, since nothing is
buffered in the process (`protocol.WRITE_LIMITS`).
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class ResponseTransport:
    """What a response needs of a transport."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        """Wrap the transport of a response that has not begun."""
        self._cycle, self._transport = cycle, cycle.transport
        self._head: bytes | None = None
        self._is_begun = cycle.scope["method"] == "HEAD"  # nothing comes after the head

    def write(self, data: bytes) -> None:
        """Send a piece; the head when the next piece comes."""
        if self._is_begun or self._cycle.waiting_for_100_continue:  # `100 Continue` comes before the head
            self._transport.write(data)
        elif self._head is None:
            self._head = data
        else:
            self._is_begun = True
            self._transport.writelines([self._head, data])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
