"""Reading a file on disk as a stored file."""

from __future__ import annotations

import os
import sys
from io import FileIO
from pathlib import Path

from quickml.errors import ArtifactError
from quickml.storage.artifacts.store import ArtifactReader, FilePart

READ_AHEAD_BYTES = 128 << 10
"""How much Linux reads and keeps at once, by default."""


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

    def cached_part(self, size: int) -> FilePart | None:
        """See `ArtifactReader`. Looks at a byte of every `READ_AHEAD_BYTES`, and at the last one."""
        start, stop = self._position, min(self._position + size, self._stop)
        try:
            for place in (*range(start, stop, READ_AHEAD_BYTES), stop - 1):
                if not os.preadv(self._file.fileno(), [bytearray(1)], place, os.RWF_NOWAIT):
                    return None
        except (OSError, AttributeError):  # as above
            return None
        self._position = stop
        return FilePart(self._file, start, stop - start)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
