"""Files and uploads in a database. Every call is atomic, and safe from several processes.

All that writes names of files uses `Database.erase`, so that a deleted name is nowhere in the database.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, exists, func, insert, or_, select, update

from quickml.errors import (
    FileInUseError,
    FileTooLargeError,
    Problem,
    QuotaError,
    RequestError,
    TooManyFilesError,
    TooManyUploadsError,
    UploadLengthError,
    UploadNotFoundError,
)
from quickml.jobs.ids import new_id
from quickml.jobs.rows import owner_lock
from quickml.jobs.values import text_of
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import artifacts, file_names, files, job_files, jobs, uploads
from quickml.uploads import rows
from quickml.uploads.record import FileLimits, NewUpload, Upload, UserFile, composed

_CURSOR = re.compile(r"([0-9T:.+-]{32})_([0-9a-f]{64})")


@dataclass(frozen=True, kw_only=True)
class UploadTotals:
    """What all owners together have."""

    open_uploads: int
    files: int
    file_bytes: int


class UploadStore:
    """Files of users, and their uploads.

    A call that takes an owner raises `UploadNotFoundError` when there is no such upload or file, or another
    owner has it. Any call may raise `StoreError`.
    """

    def __init__(
        self, database: Database, limits: FileLimits, clock: Callable[[], datetime] | None = None
    ) -> None:
        self._database, self.limits, self._clock = database, limits, clock or database.now

    # Uploads

    def begin(self, owner: str, new: NewUpload, *, resumes: bool = False) -> Upload:
        """Store an upload; where it may resume one, an open one of the same digest is returned instead.

        Raises:
            FileTooLargeError: the file is larger than a file may be.
            QuotaError: the owner's files would be larger than they may be.
            TooManyUploadsError, TooManyFilesError: the owner has too many open ones, or files.
        """
        now = self._clock()
        with self._database.erase(owner_lock(owner)) as connection:
            if resumes and (same := self._same(connection, owner, new)) is not None:
                return same
            mine = uploads.c.owner == owner, uploads.c.is_complete.is_(False)
            count = connection.scalar(select(func.count()).select_from(uploads).where(*mine)) or 0
            if count >= self.limits.uploads_per_owner:
                raise TooManyUploadsError(self.limits.uploads_per_owner)
            if count + rows.number_of_files(connection, owner) >= self.limits.files_per_owner:
                raise TooManyFilesError(self.limits.files_per_owner)
            reserved = new.size_bytes or 0
            self._check_room(connection, owner, reserved)
            upload = Upload(id=new_id("upl", now), owner=owner, **vars(new), created_at=now)
            row = {**vars(upload), "created_at": text_of(now), "reserved_bytes": reserved}
            connection.execute(insert(uploads).values(row))
        return upload

    def _same(self, connection: Connection, owner: str, new: NewUpload) -> Upload | None:
        if new.sha256 is None:
            return None
        wanted = and_(
            uploads.c.owner == owner,
            uploads.c.name == new.name,
            uploads.c.size_bytes == new.size_bytes,
            uploads.c.sha256 == new.sha256,
            uploads.c.is_complete.is_(False),
        )
        row = connection.execute(select(uploads).where(wanted).limit(1)).first()
        return None if row is None else rows.upload_of(row)

    def _check_room(self, connection: Connection, owner: str, size_bytes: int, *, but: str = "") -> None:
        limits = self.limits
        if size_bytes > limits.max_file_bytes:
            raise FileTooLargeError(allowed_bytes=limits.max_file_bytes)
        room = limits.files_per_owner_bytes - rows.taken_bytes(connection, owner, but=but)
        if size_bytes > room:
            raise QuotaError(allowed_bytes=limits.files_per_owner_bytes, free_bytes=room)

    def upload(self, upload_id: str, owner: str) -> Upload:
        """One upload, also one that is complete."""
        with self._database.read() as connection:
            return _owned(connection, upload_id, owner, for_update=False)

    def open_uploads(self, owner: str) -> list[Upload]:
        """The owner's uploads that are not complete, the newest first."""
        mine = uploads.c.owner == owner, uploads.c.is_complete.is_(False)
        wanted = select(uploads).where(*mine).order_by(uploads.c.created_at.desc())
        with self._database.read() as connection:
            return [rows.upload_of(row) for row in connection.execute(wanted)]

    def set_length(self, upload: Upload, size_bytes: int) -> Upload:
        """Note the length of an upload, which does not change any more.

        Raises:
            UploadLengthError: it has another one.
            FileTooLargeError, QuotaError: see `begin`.
        """
        if upload.size_bytes == size_bytes:
            return upload
        with self._database.erase(owner_lock(upload.owner)) as connection:
            known = _owned(connection, upload.id, upload.owner)
            if known.size_bytes is None:
                self._check_room(connection, upload.owner, size_bytes, but=upload.id)
                values = {"size_bytes": size_bytes, "reserved_bytes": size_bytes}
                connection.execute(update(uploads).where(uploads.c.id == upload.id).values(values))
            elif known.size_bytes != size_bytes:
                raise UploadLengthError(expected=known.size_bytes, found=size_bytes)
            return _owned(connection, upload.id, upload.owner)

    def reserve(self, upload: Upload, size_bytes: int) -> None:
        """Reserve room for an upload whose length is not known, so that it may become so large.

        Raises:
            FileTooLargeError, QuotaError: see `begin`.
        """
        with self._database.erase(owner_lock(upload.owner)) as connection:
            _owned(connection, upload.id, upload.owner)
            self._check_room(connection, upload.owner, size_bytes, but=upload.id)
            values = {"reserved_bytes": size_bytes}
            connection.execute(update(uploads).where(uploads.c.id == upload.id).values(values))

    def note_content(self, upload: Upload, sha256: str) -> None:
        """Note what an upload was found to contain, before its content moves to the artifact store."""
        with self._database.erase(owner_lock(upload.owner)) as connection:
            _owned(connection, upload.id, upload.owner)
            connection.execute(update(uploads).where(uploads.c.id == upload.id).values(content=sha256))

    def complete(self, upload: Upload, *, sha256: str, size_bytes: int) -> UserFile:
        """The content of an upload is in the artifact store: it is a file of the owner from now on."""
        with self._database.erase(owner_lock(upload.owner)) as connection:
            found = _owned(connection, upload.id, upload.owner)
            if not found.is_complete:
                _put(connection, found, sha256, size_bytes, self._clock())
                values = {"content": sha256, "size_bytes": size_bytes, "is_complete": True}
                connection.execute(update(uploads).where(uploads.c.id == upload.id).values(values))
            return _file(connection, sha256, upload.owner)

    def remove(self, upload_id: str, owner: str) -> None:
        """Remove an upload; a file that it has become stays."""
        with self._database.erase(owner_lock(owner)) as connection:
            _owned(connection, upload_id, owner)
            connection.execute(delete(uploads).where(uploads.c.id == upload_id))

    def ids(self) -> set[str]:
        """The ids of all uploads."""
        with self._database.read() as connection:
            return set(connection.scalars(select(uploads.c.id)))

    def expired(self) -> list[Upload]:
        """Uploads that have taken too long, and those that were complete long ago."""
        before = text_of(self._clock() - timedelta(seconds=self.limits.keep_uploads_s))
        with self._database.read() as connection:
            found = connection.execute(select(uploads).where(uploads.c.created_at < before))
            return [rows.upload_of(row) for row in found]

    # Files

    def known(self, owner: str, sha256: str, name: str) -> UserFile | None:
        """A file that the owner has already; the name is its newest one from now on."""
        with self._database.erase(owner_lock(owner)) as connection:
            mine = and_(files.c.owner == owner, files.c.sha256 == sha256)
            size_bytes = connection.scalar(select(files.c.size_bytes).where(mine))
            if size_bytes is None:
                return None
            rows.put_file(
                connection, owner=owner, sha256=sha256, size_bytes=size_bytes, name=name, now=self._clock()
            )
            return _file(connection, sha256, owner)

    def file(self, sha256: str, owner: str) -> UserFile:
        """One file."""
        with self._database.read() as connection:
            return _file(connection, sha256, owner)

    def newest(self, name: str, owner: str) -> UserFile | None:
        """The owner's newest file of a name, however its umlauts are written."""
        named = (
            select(file_names.c.sha256)
            .where(file_names.c.owner == owner, file_names.c.name == composed(name))
            .order_by(file_names.c.named_at.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            sha256 = connection.scalar(named)
            return None if sha256 is None else _file(connection, sha256, owner)

    def files(self, owner: str, limit: int, after: str | None = None) -> tuple[list[UserFile], str | None]:
        """The owner's files, the newest first; and the `after` of the next page, None on the last one.

        Raises:
            RequestError: `after` is not what an earlier call returned.
        """
        wanted = files.c.owner == owner
        if after is not None:
            if not (cursor := _CURSOR.fullmatch(after)):
                problem = Problem(pointer="?cursor", expected="`next` of a page", found=ascii(after)[:80])
                raise RequestError([problem])
            same_time = and_(files.c.created_at == cursor[1], files.c.sha256 > cursor[2])
            wanted &= or_(files.c.created_at < cursor[1], same_time)
        with self._database.read() as connection:
            found = rows.select_files(connection, wanted, limit + 1)
        page = found[:limit]
        last = f"{text_of(page[-1].created_at)}_{page[-1].sha256}" if len(found) > limit else None
        return page, last

    def jobs_with(self, file: UserFile) -> list[str]:
        """Ids of the jobs that use a file, the newest first."""
        with self._database.read() as connection:
            return rows.jobs_with(connection, file.owner, file.sha256)

    def delete(self, sha256: str, owner: str) -> list[str]:
        """Remove a file with all of its names and uploads. Their contents are the caller's task.

        Returns:
            The ids of the uploads.

        Raises:
            FileInUseError: a job needs it that is queued or runs.
        """
        with self._database.erase(owner_lock(owner)) as connection:
            _file(connection, sha256, owner)
            if needed := rows.jobs_with(connection, owner, sha256, unfinished=True):
                raise FileInUseError(needed)
            return rows.delete_file(connection, owner, sha256)

    def is_referenced(self, sha256: str) -> bool:
        """Whether anything refers to a content: a file, an upload, an artifact or a checkpoint."""
        places = (
            (files, files.c.sha256), (uploads, uploads.c.content), (artifacts, artifacts.c.sha256),
            (jobs, jobs.c.checkpoint),
        )  # fmt: skip
        with self._database.read() as connection:
            return any(
                connection.scalar(select(exists().select_from(table).where(column == sha256)))
                for table, column in places
            )

    def unused(self) -> list[UserFile]:
        """Files that nobody has used for long, except those that a queued or running job needs."""
        if self.limits.keep_unused_files_s is None:
            return []
        before = text_of(self._clock() - timedelta(seconds=self.limits.keep_unused_files_s))
        needed = (
            exists()
            .where(job_files.c.sha256 == files.c.sha256, job_files.c.job_id == jobs.c.id)
            .where(jobs.c.owner == files.c.owner, jobs.c.status.in_(rows.UNFINISHED))
        )
        with self._database.read() as connection:
            return rows.select_files(connection, and_(files.c.used_at < before, ~needed), None)

    # Operations

    def owned(self) -> set[tuple[str, str]]:
        """All owners with the SHA-256 of each of their files."""
        with self._database.read() as connection:
            return {
                (row.owner, row.sha256) for row in connection.execute(select(files.c.owner, files.c.sha256))
            }

    def purge(self) -> bool:
        """Remove what the database's journals still have of deleted rows; see `Database.purge`."""
        return self._database.purge()

    def totals(self) -> UploadTotals:
        """What all owners together have."""
        counted = select(func.count(), func.coalesce(func.sum(files.c.size_bytes), 0)).select_from(files)
        with self._database.read() as connection:
            number, size_bytes = connection.execute(counted).one()
            open_ones = select(func.count()).select_from(uploads).where(uploads.c.is_complete.is_(False))
            return UploadTotals(
                open_uploads=connection.scalar(open_ones) or 0, files=number, file_bytes=int(size_bytes)
            )


def _put(connection: Connection, upload: Upload, sha256: str, size_bytes: int, now: datetime) -> None:
    values = {"owner": upload.owner, "name": upload.name, "sha256": sha256}
    rows.put_file(connection, **values, size_bytes=size_bytes, now=now)


def _owned(connection: Connection, upload_id: str, owner: str, *, for_update: bool = True) -> Upload:
    upload = rows.select_upload(connection, upload_id, owner, for_update=for_update)
    if upload is None:
        raise UploadNotFoundError(upload_id)
    return upload


def _file(connection: Connection, sha256: str, owner: str) -> UserFile:
    found = rows.select_files(connection, and_(files.c.owner == owner, files.c.sha256 == sha256), 1)
    if not found:
        raise UploadNotFoundError(sha256)
    return found[0]
