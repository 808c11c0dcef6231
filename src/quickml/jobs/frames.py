"""The films of jobs while they are recorded: a row for each frame, and one for the head.

The bytes are those of the format in `film/`, which nothing here looks into. The rows of a job are removed in
the transaction that makes it ready, because its film is a file then. Those of a job that failed or was
cancelled are kept as long as files of jobs are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, select, text

from quickml.jobs.job import Job
from quickml.jobs.values import LARGEST, MANY
from quickml.storage.database.tables import frames

HEAD = -1
"""Number of the row with the head: magic and header. Frames are numbered from 0."""
PAGE = 64
"""Number of frames that are read at a time."""
PAGE_BYTES = 1 << 20
"""Bytes of a page: a frame that reaches them is its last one."""

_PUT = text(
    "INSERT INTO frames (job_id, number, body) VALUES (:job_id, :number, :body)"
    " ON CONFLICT (job_id, number) DO UPDATE SET body = excluded.body"
)  # the same in SQLite and PostgreSQL


@dataclass(frozen=True, kw_only=True)
class FilmChange:
    """What has happened to a film since it was stored. Storing it twice is the same as storing it once."""

    head: bytes | None = None
    """Magic and header of a new film, which replaces the stored one; None continues that one."""
    added: Mapping[int, bytes] = field(default_factory=dict)
    """Bodies of new frames, by number; each stands alone. `HEAD`: another head of the same film."""
    dropped: frozenset[int] = frozenset()
    """Numbers of frames that are not part of the film any more."""

    def then(self, later: FilmChange) -> FilmChange:
        """This change and a later one as one change."""
        if later.head is not None:
            return later
        kept = {number: body for number, body in self.added.items() if number not in later.dropped}
        return FilmChange(
            head=self.head,
            added={**kept, **later.added},
            dropped=(self.dropped | later.dropped) - later.added.keys(),
        )

    def __bool__(self) -> bool:
        """Whether there is anything to store."""
        return self.head is not None or bool(self.added or self.dropped)


UNCHANGED = FilmChange()


@dataclass(frozen=True, kw_only=True)
class StoredFrames:
    """A page of the stored film of a job, and the job at the same moment."""

    job: Job
    head: bytes | None
    """Magic and header; None without a stored film."""
    frames: Mapping[int, bytes]
    """Bodies by number, in their order; each stands alone."""


def store(connection: Connection, job_id: str, change: FilmChange) -> None:
    """Change the rows of a job."""
    if change.head is not None:
        remove(connection, job_id)
    dropped = sorted(change.dropped)
    for start in range(0, len(dropped), MANY):
        some = frames.c.number.in_(dropped[start : start + MANY])
        connection.execute(delete(frames).where(frames.c.job_id == job_id, some))
    head = {} if change.head is None else {HEAD: change.head}
    rows = [
        {"job_id": job_id, "number": number, "body": body}
        for number, body in sorted({**head, **change.added}.items())
    ]
    if rows:
        connection.execute(_PUT, rows)


def remove(connection: Connection, job_id: str) -> None:
    """Remove the rows of a job."""
    connection.execute(delete(frames).where(frames.c.job_id == job_id))


def page(connection: Connection, job: Job, after: int) -> StoredFrames:
    """The first frames of a job whose numbers are above `after`: `PAGE` at most, and about `PAGE_BYTES`."""
    this = frames.c.job_id == job.id
    head = connection.scalar(select(frames.c.body).where(this, frames.c.number == HEAD))
    later = frames.c.number > min(max(after, HEAD), LARGEST)
    found = connection.execute(
        select(frames.c.number, frames.c.body).where(this, later).order_by(frames.c.number).limit(PAGE)
    )
    bodies, size_bytes = {}, 0
    for row in found:
        bodies[row.number] = row.body
        size_bytes += len(row.body)
        if size_bytes >= PAGE_BYTES:
            break
    return StoredFrames(job=job, head=head, frames=bodies)
