"""What is tried until it is done: what comes of each try, without the trying."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from quickml.client.backoff import FIRST_S, Backoff
from quickml.client.endpoints import Call
from quickml.client.problems import refusal
from quickml.errors import QuickMLError, ServiceError, UnreachableError

T = TypeVar("T")

OnRetry = Callable[[ServiceError, float], None]
"""Is told what went wrong, and in how many seconds it is tried again."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case are found."""
    content: bytes


class Contact:
    """What a client knows of its server, and how patient it is with it.

    A server that has answered once may be restarting, and is waited for. One that never has is more likely
    named wrongly, and is not.
    """

    def __init__(self, patience_s: float, on_retry: OnRetry | None = None) -> None:
        self.patience_s, self.on_retry = patience_s, on_retry
        self.has_answered = False


class Attempts:
    """What went wrong with something that is tried until it is over, and when to try again."""

    _base_s = FIRST_S

    def __init__(self, contact: Contact) -> None:
        self._contact, self._patience = contact, Backoff(contact.patience_s)
        self._error: QuickMLError | None = None
        self.is_over = False

    def lose(self, error: UnreachableError) -> None:
        """The connection broke, or never was."""
        self._error = error

    def refuse(self, answer: Answer) -> None:
        """The server answered something else than was hoped for."""
        self._contact.has_answered = True
        self._error = refusal(answer.status, answer.headers, answer.content)

    def pause_s(self) -> float:
        """How many seconds to wait before the next try; none when there is nothing left to try.

        Raises:
            QuickMLError: what went wrong, where another try is of no use or patience is at its end.
        """
        error, self._error = self._error, None
        if self.is_over or error is None:
            return 0.0
        if not isinstance(error, ServiceError):
            raise error
        if isinstance(error, UnreachableError) and not self._contact.has_answered:
            raise error
        pause_s = self._patience.pause_s(error, base_s=self._base_s)
        if self._contact.on_retry is not None:
            self._contact.on_retry(error, pause_s)
        return pause_s


class Exchange(Attempts, Generic[T]):
    """A call and its answer. `result` is there once it is over."""

    result: T

    def __init__(self, call: Call[T], contact: Contact) -> None:
        super().__init__(contact)
        self._call = call
        self._may_be_done = False

    def lose(self, error: UnreachableError) -> None:
        """See `Attempts`."""
        self._may_be_done |= error.was_sent
        super().lose(error)

    def accept(self, answer: Answer) -> None:
        """The server answered.

        Raises:
            ServiceError: what nobody understands.
        """
        if not 200 <= answer.status < 300 and not self._is_gone(answer):
            self.refuse(answer)
            return
        self._contact.has_answered = True
        self.result = self._call.result(answer.content)
        self.is_over = True

    def _is_gone(self, answer: Answer) -> bool:
        """Whether a removal went well before, and only its answer was lost."""
        return self._call.method == "DELETE" and answer.status == 404 and self._may_be_done
