"""Whether the storage works, found out by writing to it."""

from __future__ import annotations

import logging
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from quickml.errors import ArtifactError, QuickMLError
from quickml.storage.backends import Backends
from quickml.storage.room import Room

log = logging.getLogger(__name__)

EVERY_S = 5.0
ELSEWHERE_EVERY_S = 30.0
"""The same for a bucket that works: each process asks, and the bucket's owner pays for each request."""
CONTENT = b"QuickML writes this file to find out whether it can.\n" * 200
"""More than a block, since a full disk may have room for less."""


@dataclass(frozen=True, kw_only=True)
class StorageState:
    """What is wrong with the storage; empty where nothing is. The texts may name paths: for the log only."""

    database: str = ""
    files: str = ""
    """Why no files can be written."""
    room: str = ""
    """Why there is too little room on the disk."""

    @property
    def trouble(self) -> str:
        """The first problem."""
        return self.database or self.files or self.room


class StorageProbe:
    """Writes to the database, the artifact store and the scratch folder, and remembers what came of it.

    It does so only when it is asked for the state. A disk that is full, read-only or gone can be read, or
    seems to be empty; only writing finds it out.
    """

    def __init__(
        self,
        backends: Backends,
        scratch: Path,
        room: Room,
        *,
        every_s: float = EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write at most every `every_s` seconds, and to a bucket that works every `ELSEWHERE_EVERY_S`.

        Too little room is a problem, too.
        """
        self._database, self._artifacts, self._scratch = backends.database, backends.artifacts, scratch
        self._room, self._every_s, self._clock = room, every_s, clock
        self._state, self._probed_at, self._stored_at = StorageState(), float("-inf"), float("-inf")
        self._is_elsewhere, self._probing = False, threading.Lock()

    def state(self) -> StorageState:
        """The state of the storage. While another thread finds it out, what was known before."""
        if self._clock() - self._probed_at >= self._every_s and self._probing.acquire(blocking=False):
            try:
                self._update(self._found())
            finally:
                self._probing.release()
        return self._state

    def _update(self, found: StorageState) -> None:
        if found.trouble and not self._state.trouble:
            log.error("no jobs are started: %s", found.trouble)
        elif self._state.trouble and not found.trouble:
            log.warning("jobs are started again: the storage can be written")
        self._state, self._probed_at = found, self._clock()

    def _found(self) -> StorageState:
        checks = {
            "database": self._database.check_writable,
            "files": self._check_files,
            "room": self._check_room,
        }
        return StorageState(**{name: _error(check) for name, check in checks.items()})

    def _check_room(self) -> None:
        self._is_elsewhere = self._artifacts.free_bytes() is None
        if error := self._room.lack():
            raise error

    def _check_files(self) -> None:
        try:
            self._scratch.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._scratch, prefix="probe-") as file:
                file.write(secrets.token_bytes(16) + CONTENT)  # no other process stores and deletes the same
                file.flush()
                self._try_to_store(Path(file.name))
        except OSError as error:
            raise ArtifactError(f"{self._scratch}: cannot be written ({error.strerror})") from error

    def _try_to_store(self, file: Path) -> None:
        now = self._clock()
        if self._is_elsewhere and not self._state.files and now - self._stored_at < ELSEWHERE_EVERY_S:
            return
        self._artifacts.delete(self._artifacts.put(file).sha256)
        self._stored_at = now


def _error(check: Callable[[], None]) -> str:
    try:
        check()
    except QuickMLError as error:
        return str(error)
    return ""
