"""Files in memory: the twin of `filesystem.py` for tests."""

from __future__ import annotations

import hashlib
import io
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from quickml.errors import ArtifactError, ArtifactNotFoundError
from quickml.storage.artifacts.store import SWEEP_AGE_S, checked


class MemoryArtifactStore:
    """The `ArtifactStore` without a disk, but for `path`, which writes the file out when it is asked for."""

    def __init__(self, capacity_bytes: int = 1 << 40, clock: Callable[[], float] = time.time) -> None:
        self._capacity_bytes = capacity_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._files: dict[str, tuple[bytes, float]] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="quickml-artifacts-")

    def put(self, path: Path) -> tuple[str, int]:
        """See `ArtifactStore`."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ArtifactError(f"{path}: expected a file to store ({error.strerror})") from error
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 not in self._files and len(content) > self.free_bytes():
            raise ArtifactError(f"{path}: the artifact store refuses (no space left)")
        with self._lock:
            self._files[sha256] = content, self._clock()
        return sha256, len(content)

    def open(self, sha256: str) -> BinaryIO:
        """See `ArtifactStore`."""
        return io.BytesIO(self._content(sha256))

    def path(self, sha256: str) -> Path:
        """See `ArtifactStore`."""
        place = Path(self._folder.name) / checked(sha256)
        place.write_bytes(self._content(sha256))
        return place

    def place(self, sha256: str) -> str:
        """See `ArtifactStore`."""
        return self.path(sha256).name

    def size(self, sha256: str) -> int:
        """See `ArtifactStore`."""
        return len(self._content(sha256))

    def delete(self, sha256: str) -> None:
        """See `ArtifactStore`."""
        with self._lock:
            self._files.pop(checked(sha256), None)

    def sweep(self, keep: set[str], *, age_s: float = SWEEP_AGE_S) -> set[str]:
        """See `ArtifactStore`."""
        before = self._clock() - age_s
        with self._lock:
            gone = {name for name, (_, put) in self._files.items() if name not in keep and put < before}
            for name in gone:
                del self._files[name]
        return gone

    def usage_bytes(self) -> int:
        """See `ArtifactStore`."""
        with self._lock:
            return sum(len(content) for content, _ in self._files.values())

    def free_bytes(self) -> int:
        """See `ArtifactStore`."""
        return self._capacity_bytes - self.usage_bytes()

    def _content(self, sha256: str) -> bytes:
        with self._lock:
            if checked(sha256) not in self._files:
                raise ArtifactNotFoundError(sha256)
            return self._files[sha256][0]
