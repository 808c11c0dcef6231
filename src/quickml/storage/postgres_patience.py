"""Connections to PostgreSQL that do not wait for ever. Loaded with psycopg.

A server that is frozen ends none of its connections: the kernel of its machine confirms what it receives, and
its own limits do not pass. So whoever waits for an answer counts the time.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection, OperationalError
from psycopg.errors import _WaitTimeout

ANSWER_S = 25.0
"""How long an answer may take; longer than the limits that the server is given for statements and locks."""


class BoundedConnection(Connection):  # type: ignore[misc]  # mypy does not read psycopg, an extra
    """A connection that is closed when an answer takes too long."""

    answer_s: float | None = ANSWER_S

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for an answer; psycopg's own calls come by here.

        Raises:
            OperationalError: it took too long, and the connection is closed.
        """
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_s)
        except _WaitTimeout:
            self.pgconn.finish()  # the answer may still come, and must not be taken for that of another call
            raise OperationalError(f"no answer within {self.answer_s:g} s") from None
