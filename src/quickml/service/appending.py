"""One request that appends to an upload, and which uploads are appended to at the moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from quickml.errors import BusyUploadError, FileTooLargeError, OffsetError, QuotaError, UploadLengthError
from quickml.storage.partials.store import PartialWriter
from quickml.uploads.record import Upload
from quickml.uploads.uploads import UploadStore

SYNC_BYTES = 32 << 20
"""How much may have been appended when it is synced for the next time."""
STEP_BYTES = 16 << 20
"""Steps in which room is reserved for an upload of unknown length."""
INTERRUPT_S = 5.0
"""How long a request waits for another one to end. Only storing what is complete takes so long."""


class Append:
    """Appends the pieces of one request. Calls wait for the disk; one thread at a time."""

    def __init__(self, upload: Upload, writer: PartialWriter, store: UploadStore) -> None:
        self.upload = upload
        self._writer, self._store = writer, store
        self._synced_bytes = writer.size_bytes
        self._reserved_bytes = writer.size_bytes

    @property
    def offset(self) -> int:
        """How much has arrived."""
        return self._writer.size_bytes

    def write(self, content: bytes | bytearray) -> int | None:
        """Append a piece; returns the offset where all of it is on disk.

        Raises:
            UploadLengthError: the upload would be longer than it was announced. Nothing was appended.
            FileTooLargeError, QuotaError: it would be larger than allowed. Nothing was appended.
            DiskFullError: there is no room. What had room was appended.
        """
        after = self.offset + len(content)
        if self.upload.size_bytes is None:
            self._reserve(after)
        elif after > self.upload.size_bytes:
            raise UploadLengthError(expected=self.upload.size_bytes, found=after)
        self._writer.append(content)
        if self.offset - self._synced_bytes < SYNC_BYTES:
            return None
        return self.sync()

    def _reserve(self, size_bytes: int) -> None:
        """Reserve more than is needed now, or what is needed where there is not so much room."""
        if size_bytes <= self._reserved_bytes:
            return
        try:
            self._store.reserve(self.upload, size_bytes + STEP_BYTES)
            self._reserved_bytes = size_bytes + STEP_BYTES
        except (FileTooLargeError, QuotaError):
            self._store.reserve(self.upload, size_bytes)
            self._reserved_bytes = size_bytes

    def sync(self) -> int:
        """Wait until everything is on disk: the offset."""
        if self.offset != self._synced_bytes:
            self._writer.sync()
            self._synced_bytes = self.offset
        return self.offset


class ActiveAppend:
    """A request that appends."""

    def __init__(self) -> None:
        self._interrupted, self.ended = threading.Event(), threading.Event()
        self._on_interrupt: Callable[[], None] = lambda: None

    @property
    def is_interrupted(self) -> bool:
        """Whether it is to end."""
        return self._interrupted.is_set()

    def on_interrupt(self, call: Callable[[], None]) -> None:
        """Have a function called from another thread when the request is to end; at once if it is by now."""
        self._on_interrupt = call
        if self.is_interrupted:
            call()

    def interrupt(self) -> None:
        """Ask it to end."""
        self._interrupted.set()
        self._on_interrupt()


class Appends:
    """The requests that append at the moment. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: dict[str, ActiveAppend] = {}

    def is_active(self, upload_id: str) -> bool:
        """Whether a request appends to an upload."""
        with self._lock:
            return upload_id in self._active

    @contextmanager
    def only(self, upload_id: str, offset: Callable[[], int], asked: int) -> Iterator[ActiveAppend]:
        """Be the only request that appends to an upload, until the block ends.

        Args:
            upload_id: the upload.
            offset: returns how much of it has arrived.
            asked: the offset of the request.

        Raises:
            BusyUploadError: another request appends to it.
            OffsetError: more or less has arrived than the request says.
        """
        mine = ActiveAppend()
        with self._lock:
            is_busy = upload_id in self._active
            if not is_busy:
                self._active[upload_id] = mine
        if is_busy:
            raise BusyUploadError(expected=offset(), found=asked)
        try:
            if (found := offset()) != asked:
                raise OffsetError(expected=found, found=asked)
            yield mine
        finally:
            with self._lock:
                del self._active[upload_id]
            mine.ended.set()

    def interrupt(self, upload_id: str) -> bool:
        """End the request that appends to an upload, and wait until what it has received is on disk.

        Returns:
            False if it goes on: all has arrived and is being stored, which takes long.
        """
        with self._lock:
            active = self._active.get(upload_id)
        if active is None:
            return True
        active.interrupt()
        return active.ended.wait(INTERRUPT_S)
