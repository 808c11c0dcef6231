"""Retries: which failures are worth another attempt, and how long to wait before it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from quickml.client import flow
from quickml.client.flow import Flow, ResponseHead, Sleep
from quickml.client.request import Call
from quickml.errors import ServiceError, UnreachableError

T = TypeVar("T")

LONGEST_S = 5.0
MAX_DOUBLINGS = 64
"""More would exceed the largest float after an hour of failures."""
TRANSIENT = frozenset({502, 503, 504})
"""Statuses of a server that is starting, stopping or overloaded, and of the proxy in front of it."""

OnRetry = Callable[[ServiceError, float], None]
"""Called with the error and the seconds until the next attempt."""


class Backoff:
    """Exponential backoff with jitter: clients that lost a server together do not return together."""

    first_s = 0.25
    """Longest first pause."""

    def __init__(
        self,
        limit_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Give up `limit_s` after the first of a series of failures. `draw` returns numbers from 0 to 1."""
        self._limit_s, self._clock, self._draw = limit_s, clock, draw
        self._since_s: float | None = None
        self._failures = 0

    def renew(self) -> None:
        """End the series: there was progress."""
        self._since_s, self._failures = None, 0

    def pause_s(self, error: ServiceError) -> float:
        """How long to wait before the next attempt; at least as long as `Retry-After` says.

        Raises:
            ServiceError: `error` itself, if it is permanent or the limit is reached.
        """
        if not _is_transient(error):
            raise error
        now_s = self._clock()
        since_s = self._since_s = now_s if self._since_s is None else self._since_s
        doubled_s = self.first_s * 2.0 ** min(self._failures, MAX_DOUBLINGS)
        longest_s = min(doubled_s, max(LONGEST_S, self.first_s))
        self._failures += 1
        pause_s = (error.retry_after_s or 0.0) + longest_s * (0.5 + self._draw() / 2)
        if now_s + pause_s - since_s > self._limit_s:
            raise error
        return pause_s


def _is_transient(error: ServiceError) -> bool:
    if isinstance(error, UnreachableError):
        return True
    if error.kind == flow.OVERSIZED:
        return False
    return error.status in TRANSIENT or (error.status in (408, 429) and error.retry_after_s is not None)


class Contact:
    """What a client knows about its server, shared by all of its calls.

    A server that has answered before is probably restarting: calls are retried. One that never has is
    probably the wrong address: they are not.
    """

    def __init__(self, patience_s: float, on_retry: OnRetry | None = None) -> None:
        self.patience_s, self.on_retry = patience_s, on_retry
        self.has_answered = False


class Retry:
    """Repeats the attempts of one operation until one succeeds."""

    def __init__(self, contact: Contact) -> None:
        self._contact = contact
        self.backoff = Backoff(contact.patience_s)

    def send(
        self, call: Call[Any], *, is_event_stream: bool = False, body: flow.Outgoing | None = None
    ) -> Flow[ResponseHead]:
        """See `flow.Send`; also notes that the server has answered."""
        head = yield from flow.send(call, is_event_stream=is_event_stream, body=body)
        self._contact.has_answered = True
        return head

    def until_done(self, attempt: Callable[[], Flow[T]]) -> Flow[T]:
        """Run `attempt` until it raises no transient error.

        Raises:
            QuickMLError: a permanent error, or a transient one after `patience_s`.
        """
        while True:
            try:
                return (yield from attempt())
            except ServiceError as error:
                pause_s = self._pause_s(error)
            yield Sleep(pause_s=pause_s)

    def _pause_s(self, error: ServiceError) -> float:
        if isinstance(error, UnreachableError) and not self._contact.has_answered:
            raise error
        pause_s = self.backoff.pause_s(error)
        if self._contact.on_retry is not None:
            self._contact.on_retry(error, pause_s)
        return pause_s
