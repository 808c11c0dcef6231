"""This process as a holder of attempts: its id, its scratch folder, and the proof that it lives.

While a holder lives, it has a file in the scratch folder locked. The operating system releases that lock when
the process ends, in whatever way. So another process on the same machine knows at once that a holder is dead,
and does not have to wait for its leases to run out. A holder on another machine has no file here.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from quickml.files.lock import Lock
from quickml.jobs.ids import new_id

_LOCK = ".lock"


class Holder:
    """An id for as long as this object is open."""

    def __init__(self, scratch: Path) -> None:
        """A holder that has not been opened yet, and its folder in `scratch`."""
        self.id = new_id("host", datetime.now(UTC))
        self.folder = scratch / self.id
        self._scratch = scratch
        self._lock = Lock(scratch / f"{self.id}{_LOCK}")
        self._dead: set[str] = set()

    def open(self) -> None:
        """Lock the file, make the folder, and remove what dead holders left.

        Raises:
            OSError: the disk refuses.
        """
        self._scratch.mkdir(parents=True, exist_ok=True)
        while not self._lock.take():  # another process is just looking whether it is locked
            time.sleep(0.01)
        self.folder.mkdir()
        for entry in list(self._scratch.iterdir()):
            holder = entry.name.removesuffix(_LOCK)
            if holder != self.id and (self.is_dead(holder) or not self._lock_of(holder).exists()):
                shutil.rmtree(self._scratch / holder, ignore_errors=True)

    def is_dead(self, holder: str) -> bool:
        """Whether a holder has lived on this machine, and does not any more."""
        if holder != self.id and self._lock_of(holder).exists():
            # Also of one that was found dead: it may have been about to lock the file, and has done so since.
            self._dead.discard(holder)
            lock = Lock(self._lock_of(holder))
            with suppress(OSError):  # the file cannot be opened: its leases have to run out
                if lock.take():
                    self._dead.add(holder)
                    lock.release()
        return holder in self._dead

    def close(self) -> None:
        """Remove the folder, and unlock and remove the file."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()

    def _lock_of(self, holder: str) -> Path:
        return self._scratch / f"{holder}{_LOCK}"
