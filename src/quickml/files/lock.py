"""A lock on a file name, between threads and between processes. It ends with its holder's process."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout


class Lock:
    """A file that one holder at a time has locked. The file is removed when the lock is released.

    `filelock` takes the operating system's lock and, on Unix, leaves the file behind on release. We remove it
    while it is still locked: `filelock` then refuses the lock to others who had opened it before.
    """

    def __init__(self, path: Path, *, mode: int | None = None) -> None:
        """A lock that is not held yet; `mode` are exact permissions of the file."""
        self._path = path
        self._locked: os.stat_result | None = None
        self._lock = FileLock(
            path,
            blocking=False,
            thread_local=False,  # asynchronous callers take and release it in different threads
            fallback_to_soft=False,  # a soft lock would outlive a killed holder
            on_acquired=self._remember,
            mode=-1 if mode is None else mode,  # -1: what the umask leaves
        )

    def take(self) -> bool:
        """Take the lock if it is free, without waiting; whether it is held now.

        Raises:
            OSError: the disk refuses, or the name is a symbolic link.
        """
        try:
            self._lock.acquire()
        except Timeout:
            return False
        return True

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._lock.is_locked

    def release(self, *, remove: bool = True) -> None:
        """Release the lock if it is held; on Windows the file is removed in any case."""
        if self.is_held:
            if remove and sys.platform != "win32":  # Windows removes no open file; there filelock removes it
                self._remove()
            self._lock.release()

    def _remember(self, descriptor: int) -> None:
        self._locked = os.fstat(descriptor)

    def _remove(self) -> None:
        """Remove the file, unless another one has its name by now."""
        with suppress(OSError):
            if self._locked is not None and os.path.samestat(self._locked, self._path.lstat()):
                self._path.unlink()
