"""Server-Sent Events: those of a job, and all changes of an owner, over as many connections as it takes.

The format is that of the WHATWG HTML standard, section 9.2.6 "Interpreting an event stream".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar, get_args

from quickml.api.jobs import ChangeMessage
from quickml.client import endpoints
from quickml.client.call import call
from quickml.client.flow import Emit, Flow, ResponseHead, receive, receive_body
from quickml.client.problems import refusal
from quickml.client.request import Call
from quickml.client.retry import Contact, Retry
from quickml.errors import InputError, ServiceError, UnreachableError
from quickml.events import Event, from_another_version, meaning

T = TypeVar("T")

STEADY_S = 5.0
"""A connection that lasted this long counts as progress even without an event: jobs may queue for hours."""
NO_CONTENT = 204
"""Of an event stream: there are no more events, do not reconnect."""
MAX_EVENT_BYTES = 8 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class _Subscription(Generic[T]):
    """Receives a stream over as many connections as it takes. No item is emitted twice or left out."""

    what: str
    """Names the stream in error messages."""
    cut_off = "the stream ended"
    """The error message for a stream that ended before its last item."""

    def __init__(self, contact: Contact) -> None:
        self._retry = Retry(contact)

    def run(self) -> Flow[T | None]:
        """Emit every item, reconnecting as often as necessary.

        Raises:
            ServiceError: the server refuses, or sends something else than events.
        """
        return self._retry.until_done(self._connect)

    def _call(self) -> Call[None]:
        """The request for what follows."""
        raise NotImplementedError

    def _next(self, message: ServerSentEvent) -> T | None:
        """The item of a message; None for one that is not for the user."""
        raise NotImplementedError

    def _is_last(self, item: T) -> bool:
        raise NotImplementedError

    def _connect(self) -> Flow[T | None]:
        call = self._call()
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
        """Emit the items of one connection; return after the last one."""
        parser = SseParser()
        while chunk := (yield from receive()):
            messages = parser.feed(chunk)
            self._retry.backoff.first_s = parser.retry_s or self._retry.backoff.first_s
            for message in messages:
                item = self._next(message)
                if item is None:
                    continue
                yield Emit(item=item)
                if self._is_last(item):
                    return
        raise self._broken(self.cut_off)

    def _broken(self, problem: str) -> UnreachableError:
        return UnreachableError(f"{self.what}: {problem}", was_sent=True)


class EventSubscription(_Subscription[Event]):
    """Follows a job to its last event."""

    cut_off = "the stream ended before the job"

    def __init__(self, job_id: str, after: int, contact: Contact) -> None:
        """Begin behind event number `after`. Raises InputError where it is negative."""
        super().__init__(contact)
        _check_number(after)
        self._job_id, self._last = job_id, after
        self.what = f"events of {job_id}"

    def _call(self) -> Call[None]:
        return endpoints.events(self._job_id, self._last)

    def _is_last(self, item: Event) -> bool:
        return meaning(item.type).is_last

    def _next(self, message: ServerSentEvent) -> Event | None:
        """None for an event that was received before, or whose type only a newer QuickML knows."""
        try:
            sequence, event = int(message.id), from_another_version(message.data)
        except ValueError as error:
            raise ServiceError(f"{self.what}: {error}") from None
        if sequence <= self._last:
            return None
        if sequence != self._last + 1:  # reconnecting asks for the missing ones
            raise self._broken(f"expected event number {self._last + 1}, found {sequence}")
        self._last = sequence
        self._retry.backoff.renew()
        return event


class ChangeSubscription(_Subscription[ChangeMessage]):
    """Follows all changes of the owner's jobs. It has no end."""

    what = "changes"

    def __init__(self, after: int | None, contact: Contact) -> None:
        """Begin behind the position `after`; None begins with what happens from now on.

        Raises:
            InputError: it is negative.
        """
        super().__init__(contact)
        _check_number(after or 0)
        self._contact, self._after, self._last = contact, after, after or 0

    def run(self) -> Flow[ChangeMessage | None]:
        """As of a job. The stream begins when this is called."""
        if self._after is None:
            self._last = (yield from call(endpoints.changes_page(None), self._contact)).position
        return (yield from super().run())

    def _call(self) -> Call[None]:
        return endpoints.changes(self._last)

    def _is_last(self, item: ChangeMessage) -> bool:  # noqa: ARG002
        return False

    def _next(self, message: ServerSentEvent) -> ChangeMessage | None:
        """None for a change that was received before, or that only a newer QuickML knows."""
        try:
            position, found = int(message.id), _change(message.data)
        except ValueError as error:
            raise ServiceError(f"{self.what}: {error}") from None
        if position <= self._last:
            return None
        self._last = position
        self._retry.backoff.renew()
        return found


def _check_number(after: int) -> None:
    if after < 0:
        raise InputError(f"after: expected a number of at least 0, found {after}")


def _change(data: str) -> ChangeMessage | None:
    """None if it is of a kind, or about an event, that this version does not know.

    Raises:
        ValueError: it is not a change of any version.
    """
    fields = json.loads(data)
    if not isinstance(fields, dict):
        raise ValueError(f"expected a change, found {data[:80]!r}")
    if fields.get("change") not in get_args(ChangeMessage.model_fields["change"].annotation):
        return None
    if fields["change"] == "event":
        event = from_another_version(json.dumps(fields.get("event")))
        if event is None:
            return None
        fields["event"] = event
    return ChangeMessage.model_validate(fields)


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
