"""Rows of files and uploads as records, and what several calls ask for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, or_, select, text, update

from quickml.events import RUNNING, Status
from quickml.jobs.values import text_of, time_of
from quickml.storage.database.tables import file_names, files, job_files, jobs, uploads
from quickml.uploads.record import Upload, UserFile

MAX_NAMES = 20
"""Names of one file that are kept."""
UNFINISHED = (Status.QUEUED, *RUNNING)
_NAME = text(
    "INSERT INTO file_names (owner, name, sha256, named_at) VALUES (:owner, :name, :sha256, :now)"
    " ON CONFLICT (owner, name, sha256) DO UPDATE SET named_at = excluded.named_at"
)  # these are the same in SQLite and PostgreSQL
_FILE = text(
    "INSERT INTO files (owner, sha256, size_bytes, created_at, used_at)"
    " VALUES (:owner, :sha256, :size_bytes, :now, :now)"
    " ON CONFLICT (owner, sha256) DO UPDATE SET used_at = excluded.used_at"
)


def select_upload(
    connection: Connection, upload_id: str, owner: str, *, for_update: bool = True
) -> Upload | None:
    """An upload of an owner. With `for_update`, others cannot change it before the transaction ends."""
    wanted = select(uploads).where(uploads.c.id == upload_id, uploads.c.owner == owner)
    row = connection.execute(wanted.with_for_update() if for_update else wanted).first()
    return None if row is None else upload_of(row)


def upload_of(row: Row[Any]) -> Upload:
    """A row of `uploads` as a record."""
    values = {name: value for name, value in row._mapping.items() if name != "reserved_bytes"}
    return Upload(**{**values, "created_at": time_of(values["created_at"])})


def select_files(connection: Connection, wanted: ColumnElement[bool], limit: int | None) -> list[UserFile]:
    """Files with their names, the newest first."""
    found = select(files).where(wanted).order_by(files.c.created_at.desc(), files.c.sha256).limit(limit)
    return [_file_of(connection, row) for row in connection.execute(found).all()]


def _file_of(connection: Connection, row: Row[Any]) -> UserFile:
    mine = file_names.c.owner == row.owner, file_names.c.sha256 == row.sha256
    named = select(file_names.c.name).where(*mine).order_by(file_names.c.named_at.desc(), file_names.c.name)
    values = dict(row._mapping)
    times = {name: time_of(values[name]) for name in ("created_at", "used_at")}
    return UserFile(**{**values, **times}, names=tuple(connection.scalars(named)))


def put_file(
    connection: Connection, *, owner: str, sha256: str, size_bytes: int, name: str, now: datetime
) -> None:
    """Store a file with a name, which is the newest of its names and the newest file of this name.

    Its oldest names are forgotten when there are too many: names take no room of the owner's quota.
    """
    values = {"owner": owner, "sha256": sha256, "now": text_of(now)}
    connection.execute(_FILE, {**values, "size_bytes": size_bytes})
    connection.execute(_NAME, {**values, "name": name})
    mine = file_names.c.owner == owner, file_names.c.sha256 == sha256
    newest = select(file_names.c.name).where(*mine)
    newest = newest.order_by(file_names.c.named_at.desc(), file_names.c.name).limit(MAX_NAMES)
    connection.execute(delete(file_names).where(*mine, file_names.c.name.not_in(newest)))


def delete_file(connection: Connection, owner: str, sha256: str) -> list[str]:
    """Remove a file with its names and its uploads, also open ones of the same content: the uploads' ids."""
    for table in (files, file_names):
        connection.execute(delete(table).where(table.c.owner == owner, table.c.sha256 == sha256))
    same = uploads.c.owner == owner, or_(uploads.c.content == sha256, uploads.c.sha256 == sha256)
    found = list(connection.scalars(select(uploads.c.id).where(*same)))
    connection.execute(delete(uploads).where(*same))
    return found


def touch(connection: Connection, owner: str, sha256: Sequence[str], now: datetime) -> None:
    """Files are used now."""
    mine = files.c.owner == owner, files.c.sha256.in_(sha256)
    connection.execute(update(files).where(*mine).values(used_at=text_of(now)))


def taken_bytes(connection: Connection, owner: str, *, but: str = "") -> int:
    """Bytes of an owner's files and of the open uploads, `but` one of them."""
    stored = select(func.coalesce(func.sum(files.c.size_bytes), 0)).where(files.c.owner == owner)
    others = uploads.c.owner == owner, uploads.c.id != but, uploads.c.is_complete.is_(False)
    arriving = select(func.coalesce(func.sum(uploads.c.reserved_bytes), 0)).where(*others)
    return int(connection.scalar(stored) or 0) + int(connection.scalar(arriving) or 0)


def number_of_files(connection: Connection, owner: str) -> int:
    """How many files an owner has."""
    counted = select(func.count()).select_from(files).where(files.c.owner == owner)
    return connection.scalar(counted) or 0


def jobs_with(connection: Connection, owner: str, sha256: str, *, unfinished: bool = False) -> list[str]:
    """Ids of the owner's jobs that use a file, the newest first."""
    wanted = (
        select(jobs.c.id)
        .join(job_files, job_files.c.job_id == jobs.c.id)
        .where(jobs.c.owner == owner, job_files.c.sha256 == sha256)
        .order_by(jobs.c.id.desc())
    )
    if unfinished:
        wanted = wanted.where(jobs.c.status.in_(UNFINISHED))
    return list(connection.scalars(wanted))
