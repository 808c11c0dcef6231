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
WAIT_S = 1.0
"""How long a caller waits for a probe. One that takes longer usually hangs."""
LATE_S = 10.0
"""Time after which an unfinished probe is trouble: a bucket may answer after a minute, a volume never."""
CONTENT = b"QuickML writes this file to find out whether it can.\n" * 200
"""More than a block, since a full disk may have room for less."""


@dataclass(frozen=True, kw_only=True)
class StorageState:
    """What is wrong with the storage; empty where nothing is. The texts may name paths: for the log only."""

    database: str = ""
    tables: str = ""
    """Why this release may not use the tables of the database."""
    files: str = ""
    """Why no files can be written."""
    room: str = ""
    """Why there is too little room on the disk."""

    @property
    def trouble(self) -> str:
        """The first problem."""
        return self.database or self.tables or self.files or self.room


_NAMES = {"database": "database", "tables": "database", "files": "file store", "room": "disk"}
"""What each part of a probe waits for."""


class _Run:
    """A probe that a thread of its own makes: a disk that hangs cannot be interrupted."""

    def __init__(self, began: float) -> None:
        self.began, self.part, self.is_over = began, "database", threading.Event()


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
        self._is_elsewhere = False
        self._run: _Run | None = None
        self._lock = threading.Lock()

    def state(self) -> StorageState:
        """The state of the storage. While it is being found out, what was known before; soon, in any case."""
        if (run := self._current()) is not None:
            run.is_over.wait(max(0.0, run.began + WAIT_S - self._clock()))
            with self._lock:
                self._note_late(run)
        return self._state

    def _current(self) -> _Run | None:
        """The probe that is made now, which begins if one is due."""
        with self._lock:
            if self._run is None and self._clock() - self._probed_at >= self._every_s:
                run = _Run(self._clock())
                threading.Thread(target=self._probe, args=(run,), name="storage-probe", daemon=True).start()
                self._run = run  # not before: a thread that cannot be started would never end it
            return self._run

    def _note_late(self, run: _Run) -> None:
        late_s = self._clock() - run.began
        if self._run is run and late_s >= LATE_S:
            told = f"the {_NAMES[run.part]} did not answer for {late_s:.0f} s"
            self._update(StorageState(**{run.part: told}))

    def _probe(self, run: _Run) -> None:
        found = self._found(run)
        with self._lock:
            self._run, self._probed_at = None, self._clock()
            self._update(found)
        run.is_over.set()

    def _update(self, found: StorageState) -> None:
        if found.trouble and not self._state.trouble:
            log.error("no jobs are started: %s", found.trouble)
        elif self._state.trouble and not found.trouble:
            log.warning("jobs are started again: the storage can be written")
        self._state = found

    def _found(self, run: _Run) -> StorageState:
        checks = {
            "database": self._database.check_writable,
            "tables": self._database.check_tables,
            "files": self._check_files,
            "room": self._check_room,
        }
        found = {}
        for run.part, check in checks.items():
            found[run.part] = _error(check)
        return StorageState(**found)

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
    except Exception:  # a bug must not end all probes
        log.exception("unexpected error in the probe of the storage")
        return "unexpected error, see the log"
    return ""
