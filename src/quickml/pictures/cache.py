"""Decoded pictures are kept in the user's cache folder: pixels and labels, nothing else of the files.

Only the user can read them. An entry appears whole or not at all. The entries that were not used for the
longest time are removed when all together take more than `MAX_BYTES`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from quickml.datasets.places import cache_folder
from quickml.errors import DatasetError
from quickml.files.atomic import new_file, new_folder, publish
from quickml.files.lock import Lock

MAX_BYTES = 20 << 30
ABANDONED_S = 24 * 3600
"""Age at which what is not complete is removed."""
PARTIAL = ".partial"
PIXELS, ABOUT = "pixels.npy", "about.json"
_FRESH_NS = 2_000_000_000
"""Sources that changed within this time may change again without another time of change."""


class PictureCache:
    """Decoded pictures by key, and digests of sources by their stamps."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        most_bytes: int | None = None,
        spare_bytes: int = 0,
        make_room: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Keep pictures in a folder.

        Args:
            folder: by default `pictures` in the user's cache folder.
            most_bytes: room that one entry may need; None is any.
            spare_bytes: room that stays free on the disk.
            make_room: is called with the room that a new entry needs.
        """
        self._folder = folder or cache_folder() / "pictures"
        self.most_bytes, self._spare_bytes, self._make_room = most_bytes, spare_bytes, make_room

    def about(self, key: str) -> dict[str, Any] | None:
        """What is kept with the pixels of a key; None if there are none."""
        entry = self._folder / key
        try:
            text = (entry / ABOUT).read_text(encoding="utf-8")
            about: dict[str, Any] = json.loads(text)
            if (entry / PIXELS).stat().st_size != about["size_bytes"]:
                return None
            os.utime(entry / ABOUT)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return about

    def pixels(self, key: str) -> Path:
        """The file with the pixels of a key, which is mapped into memory."""
        return self._folder / key / PIXELS

    @contextmanager
    def new(self, key: str, needed_bytes: int) -> Iterator[Path]:
        """A folder to fill with `PIXELS` and, by `describe`, the rest; it becomes the entry of a key.

        Raises:
            DatasetError: the disk has less room than is needed, or refuses.
        """
        with _disk_errors(self._folder):
            self._prepare()
            self._remove_abandoned()
            self._make_room(needed_bytes)
            if shutil.disk_usage(self._folder).free < needed_bytes + self._spare_bytes:
                raise OSError(errno.ENOSPC, f"less than {needed_bytes >> 20:,} MiB free")
            if self.about(key) is None:
                shutil.rmtree(self._folder / key, ignore_errors=True)  # one that is damaged
            lock = self._lock(key)
            # Only one at a time has the name that another finds if this process is killed.
            temporary = self._folder / f".{key}{PARTIAL}" if lock.take() else None
            try:
                with suppress(FileExistsError), new_folder(self._folder / key, temporary=temporary) as folder:
                    folder.chmod(0o700)
                    yield folder  # or another was faster
            finally:
                lock.release()
            self._shrink(key)

    def rename(self, key: str, other: str) -> None:
        """Give an entry another key; if that one has an entry already, remove this one."""
        with _disk_errors(self._folder):
            if self.about(other) is None:
                shutil.rmtree(self._folder / other, ignore_errors=True)  # one that is damaged
                with suppress(FileExistsError):  # another process was faster
                    publish(self._folder / key, self._folder / other)
            shutil.rmtree(self._folder / key, ignore_errors=True)

    def seen(self, stamp: str) -> dict[str, Any] | None:
        """What was found out about a source with this stamp."""
        try:
            found: dict[str, Any] = json.loads(self._note(stamp).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found

    def remember(self, stamp: str, found: dict[str, Any], changed_ns: int) -> None:
        """Keep what was found out about a source, unless it was changed just now."""
        if time.time_ns() - changed_ns < _FRESH_NS:
            return
        with suppress(OSError):
            self._prepare()
            with new_file(self._note(stamp), mode=0o600, durable=False) as stream:
                stream.write(json.dumps(found).encode())

    def _note(self, stamp: str) -> Path:
        digest = hashlib.sha256(stamp.encode(errors="surrogateescape")).hexdigest()
        return self._folder / f"{digest[:40]}.json"

    def _prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)

    def _lock(self, key: str) -> Lock:
        return Lock(self._folder / f".{key}.lock", mode=0o600)

    def _remove_abandoned(self) -> None:
        """Remove what killed processes left. Their locks ended with them."""
        for partial in self._folder.glob(f".*{PARTIAL}"):
            key = partial.name[1 : -len(PARTIAL)]
            with suppress(OSError):
                lock = self._lock(key)
                if "-" in key:  # one of several processes that wanted the same, without a lock
                    if time.time() - partial.stat().st_mtime > ABANDONED_S:
                        shutil.rmtree(partial)
                elif lock.take():
                    shutil.rmtree(partial, ignore_errors=True)
                    lock.release()

    def _shrink(self, key: str) -> None:
        """Remove what was used the longest time ago, but not this entry."""
        entries = sorted(self._entries(), reverse=True)
        total = 0
        for _, size_bytes, entry in entries:
            total += size_bytes
            if total > MAX_BYTES and entry.name != key:
                shutil.rmtree(entry, ignore_errors=True)
                total -= size_bytes

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        for entry in self._folder.iterdir():
            with suppress(OSError):
                yield (entry / ABOUT).stat().st_mtime, (entry / PIXELS).stat().st_size, entry


def describe(folder: Path, about: dict[str, Any]) -> None:
    """Write what is known about the pixels beside them."""
    pixels = folder / PIXELS
    pixels.chmod(0o600)
    with new_file(folder / ABOUT, mode=0o600, durable=False) as stream:
        stream.write(json.dumps({**about, "size_bytes": pixels.stat().st_size}).encode())


def mapped(path: Path, shape: tuple[int, ...]) -> Any:
    """A new file of uint8 numbers, mapped into memory.

    Its room is taken at once: a process that writes to a mapped file on a full disk is killed.
    """
    import numpy as np

    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)
    return array


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        reason = reason[:1].lower() + reason[1:]
        expected = f"to keep decoded pictures in {folder}"
        hint = "free some space, or name another folder in XDG_CACHE_HOME"
        raise DatasetError(f"pictures: expected {expected}, found: {reason}; {hint}") from error
