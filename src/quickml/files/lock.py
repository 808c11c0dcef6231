"""A lock on a name, between threads and processes. Whoever dies lets go of it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _locked(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _locked(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class Lock:
    """A file that one at a time holds; it goes when the lock is let go of.

    A file that was removed between its opening and its locking locks nothing any more: whoever has such a one
    has no lock, and opens the next.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Whether it is held now; does not wait.

        Raises:
            OSError: the disk refuses.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            if _locked(descriptor) and self._is(descriptor):
                self._descriptor, descriptor = descriptor, -1
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        return self.is_held

    @property
    def is_held(self) -> bool:
        """Whether it was taken, and not let go of."""
        return self._descriptor is not None

    def release(self) -> None:
        """Let go of it, where it is held."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        with suppress(OSError):  # Windows removes no file that is open
            if self._is(descriptor):
                self._path.unlink()
        os.close(descriptor)
        if sys.platform == "win32":
            with suppress(OSError):  # held by the next one already
                self._path.unlink()

    def _is(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False
