"""A job's events as Server-Sent Events, over as many connections as it takes.

The format is that of the WHATWG HTML standard, section 9.2.6 "Interpreting an event stream".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

from quickml.client import endpoints
from quickml.client.flow import Emit, Flow, ResponseHead, receive, receive_body
from quickml.client.problems import refusal
from quickml.client.retry import Contact, Retry
from quickml.errors import ServiceError, UnreachableError
from quickml.events import Event, from_another_version, meaning

STEADY_S = 5.0
"""A connection that lasted this long counts as progress even without an event: jobs may queue for hours."""
NO_CONTENT = 204
"""Of an event stream: there are no more events, do not reconnect."""
MAX_EVENT_BYTES = 8 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventSubscription:
    """Follows a job to its last event. No event is emitted twice or left out."""

    def __init__(self, job_id: str, after: int, contact: Contact) -> None:
        """Begin behind event number `after`."""
        self._job_id, self._last = job_id, after
        self._retry = Retry(contact)

    def run(self) -> Flow[Event | None]:
        """Emit every event, reconnecting as often as necessary.

        Raises:
            ServiceError: the server refuses, or sends something else than events.
        """
        return self._retry.until_done(self._connect)

    def _connect(self) -> Flow[Event | None]:
        call = endpoints.events(self._job_id, self._last)
        head = yield from self._retry.send(call, is_event_stream=True)
        if not _is_event_stream(head):
            body = yield from receive_body(head, call)
            if head.status == NO_CONTENT:
                return None
            raise refusal(head.status, head.headers, body)
        opened_s = monotonic()
        try:
            yield from self._receive()
        finally:
            if monotonic() - opened_s > STEADY_S:
                self._retry.backoff.renew()
        return None

    def _receive(self) -> Flow[None]:
        """Emit the events of one connection; return after the job's last one."""
        parser = SseParser()
        while chunk := (yield from receive()):
            messages = parser.feed(chunk)
            self._retry.backoff.first_s = parser.retry_s or self._retry.backoff.first_s
            for message in messages:
                event = self._next(message)
                if event is None:
                    continue
                yield Emit(item=event)
                if meaning(event.type).is_last:
                    return
        raise self._broken("the stream ended before the job")

    def _next(self, message: ServerSentEvent) -> Event | None:
        """None for an event that was received before, or whose type only a newer QuickML knows."""
        try:
            sequence, event = int(message.id), from_another_version(message.data)
        except ValueError as error:
            raise ServiceError(f"events of {self._job_id}: {error}") from None
        if sequence <= self._last:
            return None
        if sequence != self._last + 1:  # reconnecting asks for the missing ones
            raise self._broken(f"expected event number {self._last + 1}, found {sequence}")
        self._last = sequence
        self._retry.backoff.renew()
        return event

    def _broken(self, what: str) -> UnreachableError:
        return UnreachableError(f"events of {self._job_id}: {what}", was_sent=True)


def _is_event_stream(head: ResponseHead) -> bool:
    media_type = head.headers.get("content-type", "").partition(";")[0].strip().lower()
    return head.status == 200 and media_type == "text/event-stream"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSentEvent:
    """One message of a stream."""

    id: str
    """The latest one that was set, by this message or an earlier one."""
    event: str
    data: str


class SseParser:
    """Parses a stream that arrives in chunks. A message that the end of the stream cuts off is dropped."""

    def __init__(self) -> None:
        self.retry_s: float | None = None
        """How long to wait before reconnecting, if the server has said so."""
        self._line = bytearray()
        """The beginning of an incomplete line."""
        self._ended_with_cr = False
        self._is_first = True
        self._id, self._event, self._data = "", "", list[str]()
        self._size_bytes = 0

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The messages that this chunk completes.

        Raises:
            ServiceError: a message is larger than `MAX_EVENT_BYTES`.
        """
        interpreted = [self._interpret(line) for line in self._lines(chunk)]
        return [message for message in interpreted if message is not None]

    def _lines(self, chunk: bytes) -> Iterator[str]:
        """Complete lines. They end with CR LF, LF or CR, and a chunk may end between CR and LF."""
        if self._ended_with_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._ended_with_cr = False  # even if nothing is left of the chunk
        for part in chunk.splitlines(keepends=True):
            self._size_bytes += len(part)
            if self._size_bytes > MAX_EVENT_BYTES:
                raise ServiceError(f"events: expected at most {MAX_EVENT_BYTES:,} bytes each, found more")
            self._line += part
            self._ended_with_cr = part.endswith(b"\r")
            if not part.endswith((b"\n", b"\r")):
                return
            line, self._line = bytes(self._line.rstrip(b"\r\n")), bytearray()
            if self._is_first:
                line = line.removeprefix(_BYTE_ORDER_MARK)
                self._is_first = False
            yield line.decode(errors="replace")

    def _interpret(self, line: str) -> ServerSentEvent | None:
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
        return None  # also of a comment, whose name is empty

    def _dispatch(self) -> ServerSentEvent | None:
        self._size_bytes = 0
        data, event = self._data, self._event
        self._data, self._event = [], ""
        if not data:
            return None
        return ServerSentEvent(id=self._id, event=event or "message", data="\n".join(data))
