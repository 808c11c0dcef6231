"""Which files of their owner jobs use. The rows of a job are removed together with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from quickml.errors import UploadNotFoundError
from quickml.jobs.job import Job
from quickml.jobs.values import text_of
from quickml.storage.database.tables import files, job_files, uploads


def use(connection: Connection, job: Job, sha256: Sequence[str], now: datetime) -> None:
    """Note that a new job uses files of its owner. They cannot be deleted before it is finished.

    Raises:
        UploadNotFoundError: the owner has no such file any more.
    """
    for one in dict.fromkeys(sha256):
        mine = files.c.owner == job.owner, files.c.sha256 == one
        if not connection.execute(update(files).where(*mine).values(used_at=text_of(now))).rowcount:
            raise UploadNotFoundError(one)
        connection.execute(insert(job_files).values(job_id=job.id, sha256=one))


def remove(connection: Connection, job_id: str) -> None:
    """Remove the rows of a job."""
    connection.execute(delete(job_files).where(job_files.c.job_id == job_id))


def contents(connection: Connection) -> set[str]:
    """The sha256 of all files of users, and of uploads that are just becoming files."""
    arriving = select(uploads.c.content).where(uploads.c.content.is_not(None))
    stored = connection.scalars(select(files.c.sha256).distinct())
    return {*stored, *(sha256 for sha256 in connection.scalars(arriving) if sha256)}
