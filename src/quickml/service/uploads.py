"""Files of users: uploads that can be resumed, and what has become of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from quickml.errors import (
    BusyUploadError,
    DigestError,
    FileInUseError,
    QuickMLError,
    UploadCompleteError,
    UploadLengthError,
    UploadNotFoundError,
)
from quickml.service.appending import ActiveAppend, Append, Appends
from quickml.storage.artifacts.store import ArtifactStore
from quickml.storage.partials.store import PartialStore
from quickml.storage.room import Room
from quickml.uploads.record import FileLimits, NewUpload, Upload, UserFile
from quickml.uploads.uploads import UploadStore, UploadTotals

log = logging.getLogger(__name__)

DELETION_S = 0.1
"""Duration of a deletion at least: it must not tell whether another owner has the same content."""


@dataclass(frozen=True, kw_only=True)
class UploadState:
    """An upload and how much of it has arrived."""

    upload: Upload
    offset: int
    max_age_s: int
    """For how many seconds it is kept."""


class Uploads:
    """The files of all owners, who see only their own. Calls may wait for the disk.

    A call that takes an owner raises `UploadNotFoundError` when there is no such upload or file, or another
    owner has it. The content of another owner's file is never used for an upload: nobody can find out what
    others have.
    """

    def __init__(
        self,
        store: UploadStore,
        partials: PartialStore,
        artifacts: ArtifactStore,
        *,
        limits: FileLimits,
        room: Room,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store, self._partials, self._artifacts = store, partials, artifacts
        self.limits, self._room, self._clock = limits, room, clock
        self._appends = Appends()
        self._must_purge = False
        self.on_deletion: Callable[[str, str], None] = lambda *_: None
        """Called with the owner and the SHA-256 of a deleted file."""
        self.received_bytes = 0
        """Bytes of uploads that this process has received."""

    # Uploads

    def known(self, owner: str, new: NewUpload) -> UserFile | None:
        """The file, if the owner has it already. It is called by the new name from now on.

        Raises:
            UploadLengthError: it has another length than the client says.
        """
        if new.sha256 is None:
            return None
        with suppress(UploadNotFoundError):
            size_bytes = self.store.file(new.sha256, owner).size_bytes
            if new.size_bytes not in (None, size_bytes):
                raise UploadLengthError(expected=size_bytes, found=new.size_bytes or 0)
            return self.store.known(owner, new.sha256, new.name)
        return None

    def begin(self, owner: str, new: NewUpload, *, resumes: bool = False) -> UploadState:
        """Begin an upload; or, where it may resume one, go on with an open one of the same file.

        Raises:
            FileTooLargeError, QuotaError, TooManyUploadsError, TooManyFilesError: the owner may not upload so
                much.
            DiskFullError: there is too little room.
        """
        upload = self.store.begin(owner, new, resumes=resumes)
        with suppress(UploadNotFoundError):  # it is new, or what had arrived was lost
            return self.state(upload.id, owner)
        try:
            self._check_disk(new.size_bytes or 0)
            self._partials.create(upload.id)
        except QuickMLError:
            self.store.remove(upload.id, owner)
            raise
        log.info("%s: begun by %s", upload.id, owner)
        return self.described(upload, 0)

    def _check_disk(self, size_bytes: int) -> None:
        if error := self._room.lack(size_bytes):
            raise error

    def state(self, upload_id: str, owner: str) -> UploadState:
        """How much of an upload has arrived. A request that still appends to it is ended first.

        Raises:
            BusyUploadError: all has arrived, and is being stored.
        """
        upload = self.store.upload(upload_id, owner)
        if upload.is_complete:
            return self.described(upload, upload.size_bytes or 0)
        if not self._appends.interrupt(upload_id):
            offset = self._partials.size(upload_id)
            raise BusyUploadError(expected=offset, found=offset)
        upload = self.store.upload(upload_id, owner)  # it may be complete now
        if upload.is_complete:
            return self.described(upload, upload.size_bytes or 0)
        return self.described(upload, self._offset(upload))

    def _offset(self, upload: Upload) -> int:
        """The length of the partial file, which alone decides. It may have been moved before a crash."""
        try:
            return self._partials.size(upload.id)
        except UploadNotFoundError:
            if upload.content is None or upload.size_bytes is None:
                raise
            self._artifacts.stat(upload.content)
            self.store.complete(upload, sha256=upload.content, size_bytes=upload.size_bytes)
            return upload.size_bytes

    def described(self, upload: Upload, offset: int) -> UploadState:
        """An upload of which so much has arrived."""
        ends_at = upload.created_at + timedelta(seconds=self.limits.keep_uploads_s)
        left_s = max(0, int((ends_at - self._clock()).total_seconds()))
        return UploadState(upload=upload, offset=offset, max_age_s=left_s)

    def open_uploads(self, owner: str) -> list[UploadState]:
        """The owner's uploads that are not complete. Requests that append to them go on."""
        found = []
        for upload in self.store.open_uploads(owner):
            with suppress(UploadNotFoundError):
                found.append(self.described(upload, self._partials.size(upload.id)))
        return found

    def beginning(self, upload_id: str, owner: str, most_bytes: int) -> tuple[Upload, bytes, int]:
        """An upload, the first bytes that have arrived, and how many have; none of one that is complete, or
        that becomes a file just now.

        A request that appends goes on.
        """
        upload = self.store.upload(upload_id, owner)
        if not upload.is_complete:
            with suppress(UploadNotFoundError):
                return upload, *self._partials.beginning(upload_id, most_bytes)
            upload = self.store.upload(upload_id, owner)  # it may have been cancelled
        return upload, b"", 0

    @contextmanager
    def appending(
        self, upload_id: str, owner: str, *, offset: int, length: int | None
    ) -> Iterator[tuple[Append, ActiveAppend]]:
        """Append to an upload. What was appended is on disk when the block ends, however it ends.

        Args:
            upload_id: the upload.
            owner: whose it is.
            offset: how much has arrived, as the client knows it.
            length: the length of the whole, where the client says it.

        Raises:
            OffsetError: another amount has arrived, or another request appends to it.
            UploadLengthError: it has another length.
            UploadCompleteError: it is complete.
        """
        upload = self.store.upload(upload_id, owner)
        if upload.is_complete:
            raise UploadCompleteError
        with self._appends.only(upload_id, lambda: self._partials.size(upload_id), offset) as active:
            if length is not None:
                upload = self.store.set_length(upload, length)
            with self._partials.writer(upload_id) as writer:
                append = Append(upload, writer, self.store)
                try:
                    yield append, active
                finally:
                    self.received_bytes += append.offset - offset
                    with suppress(QuickMLError):  # an error of the block is the more important one
                        append.sync()

    def complete(self, upload: Upload) -> UserFile:
        """Check an upload that has arrived, and make it a file. Call this inside `appending`.

        Raises:
            UploadLengthError: something is missing.
            DigestError: it is another content than announced. The upload is removed.
        """
        size_bytes = self._partials.size(upload.id)
        upload = self.store.set_length(upload, size_bytes)
        checksums = self._partials.digest(upload.id)
        if upload.sha256 not in (None, checksums.sha256):
            self.discard(upload)
            raise DigestError(expected=upload.sha256 or "", found=checksums.sha256)
        self.store.note_content(upload, checksums.sha256)
        self._partials.move(upload.id, checksums, self._artifacts)
        file = self.store.complete(upload, sha256=checksums.sha256, size_bytes=size_bytes)
        log.info("%s: complete, %d bytes", upload.id, size_bytes)
        return file

    def complete_empty(self, upload: Upload) -> UserFile:
        """Make an upload of no bytes a file."""
        with self.appending(upload.id, upload.owner, offset=0, length=0):
            return self.complete(upload)

    def cancel(self, upload_id: str, owner: str) -> None:
        """Remove an upload. A file that it has become stays."""
        upload = self.store.upload(upload_id, owner)
        self._appends.interrupt(upload_id)
        self.discard(upload)

    def discard(self, upload: Upload) -> None:
        """Remove an upload that nobody else appends to."""
        self._partials.remove(upload.id)
        self.store.remove(upload.id, upload.owner)
        self._purge()
        log.info("%s: removed", upload.id)

    # Files

    def file(self, sha256: str, owner: str) -> UserFile:
        """One file."""
        return self.store.file(sha256, owner)

    def files(self, owner: str, limit: int, after: str | None = None) -> tuple[list[UserFile], str | None]:
        """A page of the owner's files, the newest first; see `UploadStore.files`."""
        return self.store.files(owner, limit, after)

    def newest(self, name: str, owner: str) -> UserFile | None:
        """The owner's newest file of a name."""
        return self.store.newest(name, owner)

    def jobs_with(self, file: UserFile) -> list[str]:
        """Ids of the jobs that use a file, the newest first."""
        return self.store.jobs_with(file)

    def delete(self, sha256: str, owner: str) -> None:
        """Remove a file and everything that was made of it; of jobs that have used it, only what is theirs.

        Raises:
            FileInUseError: a job needs it that is queued or runs.
        """
        began = time.monotonic()
        self._delete(sha256, owner)
        self._purge()
        log.info("a file of %s was removed", owner)
        time.sleep(max(0.0, began + DELETION_S - time.monotonic()))

    def _delete(self, sha256: str, owner: str) -> None:
        removed = self.store.delete(sha256, owner)
        self.on_deletion(owner, sha256)
        for upload_id in removed:
            self._appends.interrupt(upload_id)
            self._partials.remove(upload_id)
        # Whoever completes an upload notes its content first, and puts it then: here or at another server.
        self._artifacts.delete(sha256, is_needed=lambda: self.store.is_referenced(sha256))

    def _purge(self) -> None:
        """What cannot be removed now, because somebody reads, is removed by the next sweep."""
        self._must_purge = not self.store.purge()

    # Operations

    def sweep(self) -> None:
        """Remove uploads that took too long, and files that nobody has used for long."""
        try:
            removed = self._sweep_uploads() + self._sweep_files()
            if removed or self._must_purge:
                self._purge()
        except QuickMLError as error:
            log.error("old uploads and files were not removed: %s", error)

    def _sweep_uploads(self) -> int:
        there = self._partials.ids()  # before the rows are read: a row is written before its file
        old = [upload for upload in self.store.expired() if not self._appends.is_active(upload.id)]
        for upload in old:
            self._partials.remove(upload.id)
            with suppress(UploadNotFoundError):
                self.store.remove(upload.id, upload.owner)
        for upload_id in there - self.store.ids():
            self._partials.remove(upload_id)
        if old:
            log.info("removed %d old uploads", len(old))
        return len(old)

    def _sweep_files(self) -> int:
        unused = self.store.unused()
        for file in unused:
            with suppress(UploadNotFoundError, FileInUseError):
                self._delete(file.sha256, file.owner)
        if unused:
            log.info("removed %d files that nobody has used for long", len(unused))
        return len(unused)

    def totals(self) -> UploadTotals:
        """What all owners together have."""
        return self.store.totals()
