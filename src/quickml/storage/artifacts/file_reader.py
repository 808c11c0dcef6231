"""Reading a file on disk as a stored file."""

from __future__ import annotations

import os
import sys
from io import FileIO
from pathlib import Path

from quickml.errors import ArtifactError
from quickml.storage.artifacts.store import ArtifactReader


class FileReader(ArtifactReader):
    """Reads the bytes of a file from `start` up to, not including, `stop`."""

    def __init__(self, path: Path, start: int = 0, stop: int | None = None) -> None:
        """Open the file.

        Raises:
            OSError: it cannot be opened.
        """
        self._file = FileIO(path)
        self._position, self._stop = start, sys.maxsize if stop is None else max(start, stop)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """See `ArtifactReader`."""
        with memoryview(buffer) as view:
            try:
                self._file.seek(self._position)
                count = self._file.readinto(view[: self._stop - self._position])
            except OSError as error:
                raise ArtifactError(f"{self._file.name}: cannot be read ({error.strerror})") from error
        self._position += count
        return count

    def read_cached(self, size: int) -> memoryview | None:
        """See `ArtifactReader`. Linux tells what its page cache holds."""
        if not hasattr(os, "RWF_NOWAIT"):
            return None
        buffer = memoryview(bytearray(min(size, self._stop - self._position)))
        try:
            count = os.preadv(self._file.fileno(), [buffer], self._position, os.RWF_NOWAIT)
        except OSError:  # not in memory, or a file system that does not tell
            return None
        self._position += count
        return buffer[:count]

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
