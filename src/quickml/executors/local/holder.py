"""This process as a holder of attempts: its id, its scratch folder, and the proof that it lives.

While a holder lives, it has a file in the scratch folder locked. The operating system releases that lock when
the process ends, in whatever way. So another process on the same machine knows at once that a holder is dead,
and does not have to wait for its leases to run out. A holder on another machine has no file here, unless
this disk is a copy of its disk. So the folder of each holder has the boot id of its machine.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from quickml.errors import StoreError
from quickml.files.lock import Lock
from quickml.jobs.ids import new_id

PATIENCE_S = 5.0
"""Nobody looks longer whether a lock is held."""
PROBE_S = 60.0
"""Age from which a single file in the scratch folder is nobody's."""
MAX_BOOT = 100
"""Characters of a file that are compared."""
_LOCK, _BOOT = ".lock", "boot"
_BOOT_FILE = Path("/proc/sys/kernel/random/boot_id")
_MAC_BOOT = ("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid")


def boot_id() -> str:
    """An id of the current boot of this machine; other boots and machines, also copies of its disk, differ.

    On systems that have none, an id of this process.
    """
    with suppress(OSError):
        return _BOOT_FILE.read_text(encoding="ascii").strip()
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(_MAC_BOOT, capture_output=True, text=True, timeout=5, check=True).stdout.strip()  # noqa: S603
    return uuid4().hex


class Holder:
    """An id for as long as this object is open."""

    def __init__(self, scratch: Path, holder_id: str | None = None, boot: str = "") -> None:
        """A holder that has not been opened yet, and its folder in `scratch`; by default with a new id.

        `boot` is the `boot_id`: a holder with another one may live on another machine. Empty if all holders
        are on this machine.
        """
        self._boot = boot
        self.id = holder_id or new_id("host", datetime.now(UTC))
        self.folder = scratch / self.id
        self._scratch = scratch
        self._lock = Lock(scratch / f"{self.id}{_LOCK}")

    def open(self) -> None:
        """Lock the file, make the folder, and remove what servers left that had no such files.

        Raises:
            OSError: the disk refuses.
            StoreError: another process has this id.
        """
        self._scratch.mkdir(parents=True, exist_ok=True)
        patience = time.monotonic() + PATIENCE_S
        while not self._lock.take():  # another process is just looking whether it is locked
            if time.monotonic() > patience:
                raise StoreError(f"{self.id}: expected a host id of its own, found another process with it")
            time.sleep(0.01)
        self.folder.mkdir()
        if self._boot:
            (self.folder / _BOOT).write_text(self._boot, encoding="utf-8")
        entries = list(self._scratch.iterdir())  # before the locks: a holder makes its lock first
        held = {path.stem for path in self._scratch.glob(f"*{_LOCK}")}
        for entry in entries:
            if entry.suffix != _LOCK and entry.name not in held and not _is_probe(entry):
                _remove(entry)

    def dead(self) -> set[str]:
        """The holders of this machine that have ended, until they are forgotten.

        Holders that may live elsewhere are forgotten at once and not returned: their leases have to run out.
        """
        others = {path.stem for path in self._scratch.glob(f"*{_LOCK}")} - {self.id}
        free = {holder for holder in others if self._is_free(self._lock_of(holder))}
        copies = {holder for holder in free if not self._is_of_this_run(holder)}
        self.forget(copies)
        return free - copies

    @staticmethod
    def _is_free(path: Path) -> bool:
        lock = Lock(path)
        with suppress(OSError):  # the file cannot be opened: its leases have to run out
            if lock.take():
                # The file stays: if this process dies now, the next one still knows of the dead holder.
                lock.release(remove=False)
                return True
        return False

    def _is_of_this_run(self, holder: str) -> bool:
        if not self._boot:
            return True
        try:
            with (self._scratch / holder / _BOOT).open(encoding="utf-8", errors="replace") as file:
                return file.read(MAX_BOOT) == self._boot
        except OSError:  # it died before it noted it, or was forgotten
            return False

    def forget(self, holders: Collection[str]) -> None:
        """Remove the folders and files of dead holders whose leases were all released."""
        for holder in holders:
            lock = Lock(self._lock_of(holder))
            with suppress(OSError):
                if lock.take():  # it may have been about to lock its file, and has done so since
                    shutil.rmtree(self._scratch / holder, ignore_errors=True)
                    lock.release()

    def close(self) -> None:
        """Remove the folder, and unlock and remove the file."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()

    def _lock_of(self, holder: str) -> Path:
        return self._scratch / f"{holder}{_LOCK}"


def _is_probe(entry: Path) -> bool:
    """Whether another process has just written a file, to see whether the disk takes it."""
    with suppress(FileNotFoundError):
        return entry.is_file() and time.time() - entry.stat().st_mtime < PROBE_S
    return False


def _remove(entry: Path) -> None:
    """Remove a file or a folder, as far as possible."""
    shutil.rmtree(entry, ignore_errors=True)
    with suppress(OSError):
        entry.unlink()
