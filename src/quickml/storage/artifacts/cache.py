"""Copies on this machine of files that are stored elsewhere: parts of 1 MiB, each a file of its own.

`<root>/9f/9f86d081.../3` is part 3 of a file. Parts appear complete and checked, so that all processes of a
machine share the folder. Those used longest ago make room for others.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from quickml.files.atomic import new_file
from quickml.files.listing import matching
from quickml.files.lock import Lock
from quickml.storage.artifacts.file_reader import FileReader

SCAN_SHARE = 16
"""The sizes are added up after so much of the whole was written: other processes write, too."""
DEFAULT_BYTES = 2 << 30
DRAFT_AGE_S = 3600.0
"""Age from which nobody writes a part any more."""
_LOCK = ".lock"
"""Held by whoever has a file lent."""


class PartCache:
    """The folder. Every method may raise OSError. Thread-safe."""

    def __init__(self, root: Path, most_bytes: int = DEFAULT_BYTES) -> None:
        """Keep copies of `most_bytes` in a folder, which may be removed while nobody uses it."""
        self._root, self._most_bytes = root, most_bytes
        self._written, self._reserved, self._lock = 0, 0, threading.Lock()
        self._lent, self._drafts = root / "lent", root / "drafts"

    def reader(self, sha256: str, number: int, start: int) -> FileReader | None:
        """Reads a part from `start` to its end; None where there is no copy."""
        path = self._path(sha256, number)
        try:
            reader = FileReader(path, start)
            os.utime(path)
        except FileNotFoundError:
            return None
        return reader

    def keep(self, sha256: str, number: int, content: bytes) -> None:
        """Keep a copy of a part, unless its room is needed; see `room`."""
        if self._reserved and self._free_bytes() < self._reserved + len(content):
            return
        path = self._path(sha256, number)
        self._make(path.parent)
        self._make(self._drafts)
        try:
            with new_file(path, temporary=self._drafts / secrets.token_hex(8), durable=False) as stream:
                stream.write(content)
        except FileNotFoundError:  # another process has just made room
            return
        self._count(len(content))

    @contextmanager
    def lent(self, size_bytes: int) -> Iterator[Path]:
        """A path at which somebody may write a file, and which nobody else removes until the block ends."""
        self.remove_abandoned()
        self._make(self._lent)
        folder = self._lent / secrets.token_hex(8)
        lock = Lock(folder.with_suffix(_LOCK), mode=0o600)
        lock.take()
        try:
            folder.mkdir(mode=0o700)
            self._count(size_bytes)
            yield folder / "content"
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()

    @contextmanager
    def room(self, size_bytes: int) -> Iterator[None]:
        """Keep room on the disk for what is written in this block: copies give way.

        Raises:
            OSError: there is too little, even without copies.
        """
        with self._lock:
            self._reserved += size_bytes
        try:
            if self._free_bytes() < self._reserved:
                self.make_room()
            if self._free_bytes() < size_bytes:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            yield
        finally:
            with self._lock:
                self._reserved -= size_bytes

    def _free_bytes(self) -> int:
        self._make(self._root)
        return shutil.disk_usage(self._root).free

    def forget(self, sha256: str) -> None:
        """Remove the copies of a file."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self._folder(sha256))

    def files(self) -> set[str]:
        """The sha256 of the files that there are copies of."""
        return {path.name for path in self._root.glob("[0-9a-f][0-9a-f]/" + "[0-9a-f]" * 64)}

    def remove_abandoned(self) -> None:
        """Remove what processes have left that were killed."""
        for path in self._drafts.glob("*"):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > DRAFT_AGE_S:
                    path.unlink()
        for path in self._lent.glob(f"*{_LOCK}"):
            lock = Lock(path, mode=0o600)
            if lock.take():
                shutil.rmtree(path.with_suffix(""), ignore_errors=True)
                lock.release()

    def _count(self, size_bytes: int) -> None:
        with self._lock:
            self._written += size_bytes
            if self._written <= self._most_bytes // SCAN_SHARE:
                return
            self._written = 0
        self.make_room()

    def make_room(self) -> None:
        """Remove what was used longest ago. Whoever reads a part has it open, and reads on.

        At least as much as all copies need, and what is reserved, stays free, whatever else fills the disk.
        """
        found = []
        for path in matching(self._root, "[0-9a-f][0-9a-f]/*/*"):
            with suppress(FileNotFoundError):
                stat = path.stat()
                found.append((stat.st_mtime_ns, stat.st_size, path))
        total = sum(size for _, size, _ in found)
        if not total:
            return
        room = total + shutil.disk_usage(self._root).free
        most_bytes = min(self._most_bytes, room // 2, room - self._reserved)
        for _, size, path in sorted(found):
            if total <= most_bytes:
                break
            path.unlink(missing_ok=True)
            with suppress(OSError):  # it has more parts
                path.parent.rmdir()
            total -= size

    def _path(self, sha256: str, number: int) -> Path:
        return self._folder(sha256) / str(number)

    def _folder(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
