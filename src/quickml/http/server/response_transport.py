"""The transport of one response: its head leaves together with the first piece of its body.

uvicorn writes them one after the other. Each would be a system call and a packet of its own, since nothing is
buffered in the process (`protocol.WRITE_LIMITS`). Parts of files are sent without copying them; uvicorn has
no message for that, and uvloop no `sendfile`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from quickml.service import FilePart

EXTENSION = "quickml.files"
"""Key in the extensions of a request's scope, where a body may have parts of files."""


def sends_files(scope: Scope) -> bool:
    """Whether a response to this request may have a `FilePart` as a body: the kernel cannot encrypt it."""
    return EXTENSION in scope.get("extensions", {})


class ResponseTransport:
    """What a response needs of a transport."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        """Wrap the transport of a response that has not begun."""
        self._cycle, self._transport = cycle, cycle.transport
        self._head: bytes | None = None
        if hasattr(os, "sendfile") and self._transport.get_extra_info("sslcontext") is None:
            cycle.scope.setdefault("extensions", {})[EXTENSION] = {}
        self._is_begun = cycle.scope["method"] == "HEAD"  # nothing comes after the head

    def write(self, data: bytes | FilePart) -> None:
        """Send a piece; the head when the next piece comes."""
        if isinstance(data, FilePart):
            data = self._rest(data)
        if self._is_begun or self._cycle.waiting_for_100_continue:  # `100 Continue` comes before the head
            self._transport.write(data)
        elif self._head is None:
            self._head = data
        else:
            self._is_begun = True
            self._transport.writelines([self._head, data])

    def _rest(self, part: FilePart) -> bytes:
        """Send what the socket takes at once, without copying it; the other bytes, read from the file."""
        file, sent = part.file.fileno(), 0
        may_begin = self._is_begun and not self._transport.is_closing()
        if may_begin and not self._transport.get_write_buffer_size():
            with suppress(OSError):  # it takes nothing, or has an error, which the transport will find, too
                target = self._transport.get_extra_info("socket").fileno()
                sent = os.sendfile(target, file, part.offset, len(part))
        rest = os.pread(file, len(part) - sent, part.offset + sent)
        if sent + len(rest) < len(part):
            raise EOFError(f"{part.file.name}: expected {len(part)} bytes at {part.offset}, found fewer")
        return rest

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
