"""Exceptions that the client raises about a server."""

from __future__ import annotations

from collections.abc import Sequence

from quickml.errors.base import QuickMLError
from quickml.problems import Problem


class ServiceError(QuickMLError):
    """A server refused a request, or sent a response that the client cannot interpret.

    `status` is the HTTP status, or None if the response was not valid. `kind` is the last part of the problem
    document's type, such as `not-found` or `queue-full`. `retry_after_s` says when to try again.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        kind: str = "",
        problems: Sequence[Problem] = (),
        retry_after_s: float | None = None,
    ) -> None:
        self.status, self.kind, self.problems = status, kind, tuple(problems)
        self.retry_after_s = retry_after_s
        super().__init__(message)


class UnreachableError(ServiceError):
    """The server cannot be reached, or the connection broke.

    `was_sent` is False if the server certainly has not received the request.
    """

    def __init__(self, message: str, *, was_sent: bool) -> None:
        self.was_sent = was_sent
        super().__init__(message)
