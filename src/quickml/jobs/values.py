"""Values in rows and queries: times as text, and what a query may contain."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload

LARGEST = 2**63 - 1
"""The largest number that a database compares with; one from outside may be larger."""
MANY = 500
"""Values in one query."""


@overload
def text_of(time: datetime) -> str: ...


@overload
def text_of(time: datetime | None) -> str | None: ...


def text_of(time: datetime | None) -> str | None:
    """A time as stored."""
    return None if time is None else time.astimezone(UTC).isoformat(timespec="microseconds")


def time_of(text: str | None) -> datetime | None:
    """A stored time."""
    return None if text is None else datetime.fromisoformat(text)
