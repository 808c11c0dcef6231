"""The events of an attempt, stored by one statement, in databases where one can write to several tables.

Workers append more often than they do anything else, and most of its cost is that of asking and answering.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from quickml.events import RUNNING, Event
from quickml.jobs import lifecycle
from quickml.jobs.job import Attempt
from quickml.jobs.rows import metrics_text
from quickml.jobs.values import text_of

_RUNNING = sorted(status.value for status in RUNNING)
_APPEND = text(
    "WITH held AS ("
    " UPDATE jobs SET last_event = last_event + :count, updated_at = greatest(updated_at, :now),"
    " epoch = coalesce(CAST(:epoch AS bigint), epoch), epochs = coalesce(CAST(:epochs AS bigint), epochs),"
    " progress = coalesce(CAST(:progress AS float), progress),"
    " metrics = coalesce(CAST(:metrics AS text), metrics),"
    " stopped_early = coalesce(CAST(:stopped_early AS boolean), stopped_early)"
    " WHERE id = :job_id AND attempt = :attempt AND last_event = :after"
    " AND status = ANY(CAST(:running AS text[]))"
    " RETURNING owner"
    "), fed AS ("
    " INSERT INTO feeds (owner, position) SELECT owner, :count FROM held"
    " ON CONFLICT (owner) DO UPDATE SET position = feeds.position + excluded.position"
    " RETURNING owner, position"
    ") INSERT INTO events (job_id, sequence, type, body, owner, owner_position)"
    " SELECT :job_id, :after + place, type, body, owner, position - :count + place"
    " FROM fed, unnest(CAST(:types AS text[]), CAST(:bodies AS text[]))"
    " WITH ORDINALITY AS of (type, body, place)"
)
_NOTHING = dict.fromkeys(("epoch", "epochs", "progress", "metrics", "stopped_early"))


def append(
    connection: Connection, attempt: Attempt, news: Sequence[Event], after: int, now: datetime
) -> int | None:
    """Store events that follow the event `after`; returns the number of the last one.

    None where nothing was stored: the attempt does not hold its job, or other events follow `after`.
    """
    found: dict[str, Any] = lifecycle.heard(news)
    if "metrics" in found:
        found["metrics"] = metrics_text(found["metrics"])
    values = {
        "job_id": attempt.job_id,
        "attempt": attempt.number,
        "running": _RUNNING,
        "after": after,
        "count": len(news),
        "now": text_of(now),
        "types": [event.type for event in news],
        "bodies": [event.to_json() for event in news],
    }
    stored = connection.execute(_APPEND, {**_NOTHING, **found, **values}).rowcount
    return after + stored if stored else None
