"""Files in a folder: `<root>/9f/9f86d081...`, two digits deep so that no folder grows long."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from quickml.errors import ArtifactError, ArtifactNotFoundError
from quickml.storage.addresses import artifact_stores, path_of
from quickml.storage.artifacts.store import SWEEP_AGE_S, ArtifactStore, checked

_CHUNK_BYTES = 1 << 20


@artifact_stores.opens("file")
def opened(address: str) -> ArtifactStore:
    """The store at `file:///absolute/path`."""
    return FilesystemArtifactStore(path_of(address, "file://"))


class FilesystemArtifactStore:
    """The `ArtifactStore` on disk. A file is written in `partial/`, and takes its name when it is whole.

    The time of a file's last change is when it was put last.
    """

    def __init__(self, root: Path, clock: Callable[[], float] = time.time) -> None:
        self._root = root
        self._partial = root / "partial"
        self._clock = clock
        with self._translated(root):
            self._partial.mkdir(parents=True, exist_ok=True)

    def put(self, path: Path) -> tuple[str, int]:
        """See `ArtifactStore`."""
        draft = self._aside()
        with self._translated(path):
            try:
                sha256, size = _copy(path, draft)
                draft.chmod(0o444)
                os.utime(draft, times=(self._clock(), self._clock()))
                self._publish(draft, self._place(sha256))
            finally:
                draft.unlink(missing_ok=True)
        return sha256, size

    def _publish(self, draft: Path, place: Path) -> None:
        if not place.parent.exists():
            place.parent.mkdir(exist_ok=True)
            _sync(self._root)
        # Also over the same content, which is then as new and, had it been spoiled, sound.
        draft.replace(place)
        _sync(place.parent)

    def open(self, sha256: str) -> BinaryIO:
        """See `ArtifactStore`."""
        with self._translated(self._root, sha256):
            return self._place(sha256).open("rb")

    def path(self, sha256: str) -> Path:
        """See `ArtifactStore`."""
        self.size(sha256)
        return self._place(sha256)

    def place(self, sha256: str) -> str:
        """See `ArtifactStore`."""
        return self.path(sha256).relative_to(self._root).as_posix()

    def size(self, sha256: str) -> int:
        """See `ArtifactStore`."""
        with self._translated(self._root, sha256):
            return self._place(sha256).stat().st_size

    def delete(self, sha256: str) -> None:
        """See `ArtifactStore`."""
        with self._translated(self._root):
            self._place(sha256).unlink(missing_ok=True)

    def sweep(self, keep: set[str], *, age_s: float = SWEEP_AGE_S) -> set[str]:
        """See `ArtifactStore`."""
        before = self._clock() - age_s
        with self._translated(self._root):
            for draft in self._partial.iterdir():
                with suppress(FileNotFoundError):
                    if _changed(draft) < before:
                        draft.unlink()
            return {
                place.name
                for place in self._places()
                if place.name not in keep and self._removed(place, before)
            }

    def _removed(self, place: Path, before: float) -> bool:
        """Remove a file, unless somebody put it again. Looking first and removing then would miss that."""
        aside = self._aside()
        try:
            if _changed(place) >= before:
                return False
            place.replace(aside)
            if _changed(aside) >= before:
                aside.replace(place)
                return False
            aside.unlink()
        except FileNotFoundError:  # another sweep was faster
            return False
        return True

    def usage_bytes(self) -> int:
        """See `ArtifactStore`."""
        total = 0
        with self._translated(self._root):
            for place in self._places():
                with suppress(FileNotFoundError):
                    total += place.stat().st_size
        return total

    def free_bytes(self) -> int:
        """See `ArtifactStore`."""
        with self._translated(self._root):
            return shutil.disk_usage(self._root).free

    def _place(self, sha256: str) -> Path:
        return self._root / checked(sha256)[:2] / sha256

    def _places(self) -> Iterator[Path]:
        return self._root.glob("[0-9a-f][0-9a-f]/" + "[0-9a-f]" * 64)

    def _aside(self) -> Path:
        return self._partial / secrets.token_hex(16)

    @contextmanager
    def _translated(self, path: Path, sha256: str | None = None) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if sha256 is not None:
                raise ArtifactNotFoundError(sha256) from None
            raise ArtifactError(f"{path}: expected a file to store, found none") from error
        except OSError as error:
            raise ArtifactError(f"{path}: the artifact store refuses ({error.strerror})") from error


def _copy(source: Path, target: Path) -> tuple[str, int]:
    """Copy a file onto the disk; its sha256 and size."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("xb") as writer:
        while chunk := reader.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest(), size


def _changed(path: Path) -> float:
    return path.stat().st_mtime


def _sync(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
