"""Totals of the events of all jobs: the same on every server of a database.

Each event is counted in the transaction that stores it, so nothing is counted twice or missed, however many
servers there are, and deleted jobs stay counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select, text

from quickml.events import Event, Stage, Status, meaning
from quickml.storage.database.tables import counters

STAGE_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, float("inf"))
"""Upper bounds of the histogram of each stage's duration."""

FINISHED = "finished"
"""Jobs by their last status."""
INTERRUPTED = "interrupted"
"""Interrupted attempts; the label is empty."""
STAGE_SECONDS = "stage_seconds"
"""Sum of the durations by stage."""

_ADD = text(
    "INSERT INTO counters (name, label, value) VALUES (:name, :label, :value)"
    " ON CONFLICT (name, label) DO UPDATE SET value = counters.value + excluded.value"
)  # the same in SQLite and PostgreSQL

Totals = dict[tuple[str, str], float]
"""Values by name and label; what was never counted is missing."""


def count(connection: Connection, events: Sequence[Event]) -> None:
    """Add events to the totals."""
    totals: Counter[tuple[str, str]] = Counter()
    for event in events:
        for name, label, amount in _amounts(event):
            totals[name, label] += amount  # type: ignore[assignment]  # a Counter adds up floats as well
    # Sorted: two transactions that update the same rows in different orders would wait for each other.
    rows = [{"name": name, "label": label, "value": value} for (name, label), value in sorted(totals.items())]
    if rows:
        connection.execute(_ADD, rows)


def has_any(events: Sequence[Event]) -> bool:
    """Whether one of the events is counted."""
    return any(True for event in events for _ in _amounts(event))


def totals(connection: Connection) -> Totals:
    """All totals."""
    return {(row.name, row.label): row.value for row in connection.execute(select(counters))}


def bucket(stage: Stage, bound_s: float) -> tuple[str, str]:
    """Name and label of the number of durations up to `bound_s`, and above the next smaller bound."""
    return f"stage_{stage.value}", f"{bound_s:g}"


def _amounts(event: Event) -> Iterator[tuple[str, str, float]]:
    says = meaning(event.type)
    seconds = getattr(event, "seconds", None)
    if says.ends_stage and says.stage and seconds is not None:
        yield STAGE_SECONDS, says.stage.value, seconds
        yield *bucket(says.stage, next(bound for bound in STAGE_BUCKETS_S if seconds <= bound)), 1
    if says.is_last and says.status:
        yield FINISHED, says.status.value, 1
    elif says.status is Status.QUEUED:
        yield INTERRUPTED, "", 1
