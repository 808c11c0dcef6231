"""Rows of the tables as records, and back; the one place where a job's row is changed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    insert,
    literal_column,
    null,
    select,
    update,
)

from quickml.errors import JobNotFoundError
from quickml.events import Event, Status
from quickml.jobs import counters, feed, lifecycle, turns
from quickml.jobs.ids import job_id_of
from quickml.jobs.job import Artifact, Attempt, Job, StoredEvent
from quickml.jobs.values import LARGEST, MANY, text_of, time_of
from quickml.storage.database.tables import artifacts, deleted_files, events, jobs

_TIMES = ("created_at", "updated_at", "started_at", "finished_at", "begun_at", "files_deleted_at")
_FIXED = ("id", "owner", "name", "document", "plan", "created_at", "max_seconds", "cost_s", "needs")


def owner_lock(owner: str) -> str:
    """The lock of what is counted and then added to: jobs and files of an owner."""
    return f"owner {owner}"


def job_row(job: Job) -> dict[str, Any]:
    """All columns of a job but its key."""
    times = {name: text_of(getattr(job, name)) for name in _TIMES}
    return {**vars(job), **times, "status": job.status.value, "metrics": metrics_text(job.metrics)}


def metrics_text(metrics: Mapping[str, float]) -> str:
    """Metrics as stored: JSON has no NaN."""
    return json.dumps({name: value if math.isfinite(value) else None for name, value in metrics.items()})


def job_changes(job: Job) -> dict[str, Any]:
    """The columns that ever change."""
    return {name: value for name, value in job_row(job).items() if name not in _FIXED}


def job_of(row: Row[Any]) -> Job:
    """A row of `jobs` as the record that it was."""
    values = dict(row._mapping)
    del values["idempotency_key"]
    metrics = json.loads(values["metrics"])
    values["metrics"] = {name: math.nan if value is None else value for name, value in metrics.items()}
    values["status"] = Status(values["status"])
    return Job(**{**values, **{name: time_of(values[name]) for name in _TIMES}})


_CHANGE = update(jobs).where(jobs.c.id == bindparam("of"))
_BY_ID = select(jobs).where(jobs.c.id == bindparam("job_id"))
"""Made once, since to make it takes longer than to run it."""
_ADD = insert(events).inline()  # without RETURNING, which would read the position
_BRIEF_BY_ID: Select[Any] = select(
    *(column for column in jobs.c if column.name not in ("document", "plan")),
    literal_column("''").label("document"),
    null().label("plan"),
).where(jobs.c.id == bindparam("job_id"))


def find(
    connection: Connection,
    wanted: str | ColumnElement[bool],
    *,
    for_update: bool = True,
    is_brief: bool = False,
) -> Job | None:
    """The job with an id, or one that meets a condition.

    With `for_update`, others cannot change it before the transaction ends. If the job of an id `is_brief`, it
    lacks its document and plan, which are long and never change.
    """
    found: Select[Any]
    if isinstance(wanted, str):
        found, values = _BRIEF_BY_ID if is_brief else _BY_ID, {"job_id": wanted}
    else:
        found, values = select(jobs).where(wanted).limit(1), {}
    row = connection.execute(found.with_for_update() if for_update else found, values).first()
    return None if row is None else job_of(row)


def owned(connection: Connection, job_id: str, owner: str | None, *, for_update: bool = True) -> Job:
    """A job of an owner, or of any if it is None. Raises JobNotFoundError."""
    job = find(connection, job_id_of(job_id), for_update=for_update)
    if job is None or owner not in (None, job.owner):
        raise JobNotFoundError(job_id)
    return job


def held(connection: Connection, attempt: Attempt) -> Job:
    """The job that an attempt holds, without document and plan. Raises FencedError."""
    return lifecycle.check_fence(find(connection, attempt.job_id, is_brief=True), attempt)


def write(connection: Connection, before: Job, job: Job, news: Sequence[Event], now: datetime) -> Job:
    """Change the row of a job, which was `before`, and store events that follow those it has."""
    told = lifecycle.told(job, news, now)
    connection.execute(_CHANGE, {**job_changes(told), "of": job.id})
    turns.follow(connection, before.status, job)
    if news:
        position = feed.advanced(connection, job.owner, len(news)) - len(news)
        rows: list[dict[str, Any]] = [
            {
                "job_id": job.id,
                "sequence": job.last_event + number,
                "type": event.type,
                "body": event.to_json(),
                "owner": job.owner,
                "owner_position": position + number,
            }
            for number, event in enumerate(news, start=1)
        ]
        connection.execute(_ADD, rows if len(rows) > 1 else rows[0])
        counters.count(connection, news)
    return told


def event_of(row: Row[Any]) -> StoredEvent:
    """A row of `events` as a record."""
    return StoredEvent(job_id=row.job_id, sequence=row.sequence, type=row.type, body=row.body)


def last_events(connection: Connection, job_ids: Sequence[str]) -> dict[str, int]:
    """The sequence number of the newest event of each job that exists."""
    found: dict[str, int] = {}
    for start in range(0, len(job_ids), MANY):
        some = jobs.c.id.in_(job_ids[start : start + MANY])
        found |= {
            row.id: row.last_event
            for row in connection.execute(select(jobs.c.id, jobs.c.last_event).where(some))
        }
    return found


def events_after(connection: Connection, job_id: str, after: int, limit: int) -> list[StoredEvent]:
    """A job's events whose sequence number is above `after`."""
    wanted = and_(events.c.job_id == job_id, events.c.sequence > min(after, LARGEST))
    found = select(events).where(wanted).order_by(events.c.sequence).limit(limit)
    return [event_of(row) for row in connection.execute(found)]


IS_STORED = artifacts.c.composition.is_(None)
"""The condition for artifacts that are stored files, not composed of others."""


def select_artifacts(
    connection: Connection, wanted: ColumnElement[bool], limit: int | None = None
) -> list[Artifact]:
    """Artifacts, each job's in their order."""
    found = select(artifacts).where(wanted).order_by(artifacts.c.job_id, artifacts.c.place).limit(limit)
    return [_artifact_of(row) for row in connection.execute(found)]


def artifact_of(connection: Connection, sha256: str, name: str | None, owner: str | None) -> Artifact:
    """The file with a content and, if given, a name, of any job of the owner.

    Raises:
        JobNotFoundError: there was never such a file, or its job was deleted.
        FilesDeletedError: the files of its job were deleted.
    """
    # A lone surrogate cannot be part of a query.
    plain = None if name is None else name.encode(errors="backslashreplace").decode()

    def wanted(table: Table) -> ColumnElement[bool]:
        found = table.c.sha256 == sha256
        if owner is not None:
            found &= table.c.job_id.in_(select(jobs.c.id).where(jobs.c.owner == owner))
        return found if plain is None else found & (table.c.name == plain)

    if found := select_artifacts(connection, wanted(artifacts), limit=1):
        return found[0]
    gone = select(deleted_files.c.job_id).where(wanted(deleted_files)).limit(1)
    if (job := find(connection, jobs.c.id == gone.scalar_subquery(), for_update=False)) is not None:
        lifecycle.check_files(job)
    raise JobNotFoundError(name or sha256)


def names_of(connection: Connection, job_id: str, sha256: str) -> set[str]:
    """The names of a job's files with this content, including deleted files."""
    return {
        name
        for table in (artifacts, deleted_files)
        for name in connection.scalars(
            select(table.c.name).where(table.c.job_id == job_id, table.c.sha256 == sha256)
        )
    }


def insert_artifacts(connection: Connection, delivered: Sequence[Artifact]) -> None:
    """Store the artifacts of a job in this order."""
    if delivered:
        rows = [{**vars(file), "place": place} for place, file in enumerate(delivered)]
        connection.execute(insert(artifacts), rows)


def _artifact_of(row: Row[Any]) -> Artifact:
    return Artifact(**{name: value for name, value in row._mapping.items() if name != "place"})
