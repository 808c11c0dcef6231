"""The events of a job, over as many connections as it takes: none twice, and none left out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from time import monotonic

from quickml.client import endpoints
from quickml.client.endpoints import Call
from quickml.client.event_stream import Message, SseParser
from quickml.client.retry import Answer, Attempts, Contact
from quickml.errors import ServiceError, UnreachableError
from quickml.events import Event, from_another_version, meaning

STEADY_S = 5.0
"""A stream that was open for so long went well, though it told nothing: a job may wait for hours."""
NO_CONTENT = 204
"""To an event stream: there will be no more, do not come back."""


class Following(Attempts):
    """What is known of a stream of events between two pieces of it; opens nothing and waits for nothing."""

    def __init__(self, job_id: str, after: int, contact: Contact) -> None:
        super().__init__(contact)
        self._job_id, self._last = job_id, after
        self.is_open = False

    def call(self) -> Call[None]:
        """The request for what has not come yet."""
        self._parser, self._opened_s = SseParser(), math.inf
        return endpoints.events(self._job_id, self._last)

    def accept(self, status: int, content_type: str) -> bool:
        """Whether this answer is a stream to feed from; otherwise it goes to `refuse`, once it is whole."""
        self.is_open = status == 200 and content_type.partition(";")[0].strip().lower() == "text/event-stream"
        if self.is_open:
            self._contact.has_answered, self._opened_s = True, monotonic()
            self.lose(self._broken("the stream ended before the job"))  # where nothing else comes of it
        return self.is_open

    def feed(self, content: bytes) -> Iterator[Event]:
        """The events that are whole with these bytes. `is_open` says whether more are worth reading.

        Raises:
            ServiceError: what came is no event.
        """
        for message in self._parser.feed(content):
            event = self._next(message)
            if event is not None:
                yield event
            if not self.is_open:
                break
        self._base_s = self._parser.retry_s or self._base_s

    def _next(self, message: Message) -> Event | None:
        """None of one that came before, as may be after a reconnection, of one that comes too early, and of a
        kind that only a newer QuickML knows."""
        try:
            sequence, event = int(message.id), from_another_version(message.data)
        except ValueError as error:
            raise ServiceError(f"events of {self._job_id}: {error}") from None
        if sequence <= self._last:
            return None
        if sequence != self._last + 1:
            self.lose(self._broken(f"expected number {self._last + 1}, found {sequence}"))
            self.is_open = False  # what is missing is asked for again
            return None
        self._last = sequence
        self._patience.renew()
        self.is_over = event is not None and meaning(event.type).is_last
        self.is_open = not self.is_over
        return event

    def refuse(self, answer: Answer) -> None:
        """See `Attempts`."""
        self.is_over = answer.status == NO_CONTENT
        super().refuse(answer)

    def pause_s(self) -> float:
        """See `Attempts`."""
        if monotonic() - self._opened_s > STEADY_S:
            self._patience.renew()
        return super().pause_s()

    def _broken(self, what: str) -> UnreachableError:
        return UnreachableError(f"events of {self._job_id}: {what}", was_sent=True)
