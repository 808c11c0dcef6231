"""Server-Sent Events: bytes to messages, wherever they are cut.

The format is the WHATWG HTML standard's, section 9.2.6 "Interpreting an event stream".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from quickml.errors import ServiceError

MAX_MESSAGE_BYTES = 8 << 20
"""A message larger than this is not waited for."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A message of a stream."""

    id: str
    """The last one that was given, by this message or an earlier one."""
    event: str
    data: str


class SseParser:
    """Takes a stream in pieces, and gives its messages as they become whole.

    What is cut off by the end of the stream is no message.
    """

    def __init__(self) -> None:
        self.retry_s: float | None = None
        """How long to wait before coming back, where the server says so."""
        self._line = bytearray()
        """The beginning of a line whose end has not come."""
        self._ended_with_cr = False
        self._is_first = True
        self._id, self._event, self._data = "", "", list[str]()
        self._size_bytes = 0

    def feed(self, content: bytes) -> list[Message]:
        """The messages that are whole with these bytes.

        Raises:
            ServiceError: a message has no end.
        """
        interpreted = [self._interpret(line) for line in self._lines(content)]
        return [message for message in interpreted if message is not None]

    def _lines(self, content: bytes) -> Iterator[str]:
        """Whole lines; they end with CR LF, LF or CR, of which the first may be cut in two."""
        if self._ended_with_cr and content:
            content = content.removeprefix(b"\n")
            self._ended_with_cr = False  # even where nothing is left of it
        for part in content.splitlines(keepends=True):
            self._size_bytes += len(part)
            if self._size_bytes > MAX_MESSAGE_BYTES:
                raise ServiceError(f"events: expected at most {MAX_MESSAGE_BYTES:,} bytes each, found more")
            self._line += part
            self._ended_with_cr = part.endswith(b"\r")
            if not part.endswith((b"\n", b"\r")):
                return
            line, self._line = bytes(self._line.rstrip(b"\r\n")), bytearray()
            if self._is_first:
                line = line.removeprefix(_BYTE_ORDER_MARK)
                self._is_first = False
            yield line.decode(errors="replace")

    def _interpret(self, line: str) -> Message | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "data":
                self._data.append(value)
            case "event":
                self._event = value
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdecimal():
                self.retry_s = int(value[:9]) / 1000
        return None  # and a comment, which begins with a colon, has no name

    def _dispatch(self) -> Message | None:
        self._size_bytes = 0
        data, event = self._data, self._event
        self._data, self._event = [], ""
        if not data:
            return None
        return Message(id=self._id, event=event or "message", data="\n".join(data))
