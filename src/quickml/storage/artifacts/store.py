"""The port: what every artifact store can do."""

from __future__ import annotations

import io
import re
from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from quickml.errors import ArtifactNotFoundError
from quickml.files.digest import Digest

SWEEP_AGE_S = 3600.0
"""Age from which a sweep removes an unreferenced file. A younger one may be about to be referenced."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A stored file."""

    sha256: str
    size_bytes: int
    stored_at: datetime
    """When it was put last, in UTC."""


@dataclass(frozen=True)
class FilePart:
    """Bytes of an open file, instead of which it can be sent."""

    file: io.FileIO
    offset: int
    size_bytes: int

    def __len__(self) -> int:
        return self.size_bytes


class ArtifactReader(io.RawIOBase):
    """Reads a stored file, or a range of it, from start to end. Close it when done; it is a context manager.

    A subclass implements `readinto`, which may wait for a disk or a network and raises `ArtifactError`.
    """

    def readable(self) -> bool:
        """See `io.IOBase`."""
        return True

    @abstractmethod
    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read at least one byte into `buffer` and return the count; 0 at the end."""

    def read_cached(self, size: int) -> memoryview | None:  # noqa: ARG002
        """Read up to `size` bytes that are in memory already. Never waits.

        Returns:
            None where reading would have to wait, or where the store cannot tell.
        """
        return None

    def cached_part(self, size: int) -> FilePart | None:  # noqa: ARG002
        """Pass over up to `size` bytes that are in memory already, as part of a file. Never waits.

        Returns:
            What was passed over, valid until the reader is closed. None as above.
        """
        return None


class BytesReader(ArtifactReader):
    """Reads what is in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """See `ArtifactReader`."""
        with memoryview(buffer) as view:
            found = self.read_cached(len(view))
            view[: len(found)] = found
        return len(found)

    def read_cached(self, size: int) -> memoryview:
        """See `ArtifactReader`."""
        found, self._content = self._content[:size], self._content[size:]
        return found


class ArtifactStore(Protocol):
    """Files addressed by the sha256 of their content, in 64 lower-case hexadecimal digits.

    Safe to use from several threads, processes and machines. Every method that takes a sha256 raises
    `ArtifactNotFoundError` when there is no such file, also for a text that is no sha256. Every method may
    raise `ArtifactError` when the storage fails.
    """

    def put(self, path: Path) -> Stored:
        """Store a copy of the file at `path`, with the checksums of its parts.

        It is durable and complete when this returns. A content that is stored already counts as new, so that
        a sweep spares it.
        """

    def stat(self, sha256: str) -> Stored:
        """Look up size and time of a file, without reading it."""

    def checksums(self, sha256: str) -> Digest:
        """Look up the checksums made when the file was put.

        Raises:
            ArtifactDamagedError: they had to be made now, and the file is damaged.
        """

    def open(self, sha256: str, start: int = 0, stop: int | None = None) -> ArtifactReader:
        """Open the bytes from `start` up to, not including, `stop`.

        They can be read to the end even when the file is removed meanwhile; from a store on another machine,
        what was not read by then may be an `ArtifactError`.

        Raises:
            ArtifactDamagedError: a store on another machine compares what it is sent with the checksums.
        """

    def local_path(self, sha256: str) -> AbstractContextManager[Path]:
        """A file on this machine's disk with the content, valid inside the `with` block. Read-only."""

    def redirect_url(self, sha256: str, *, name: str, media_type: str, expires_s: int) -> str | None:
        """A URL at which a client can fetch the file directly from the storage; None where there is none.

        Args:
            sha256: the file.
            name: the name a client should save it under.
            media_type: its Content-Type.
            expires_s: for how many seconds the URL has to be valid.
        """

    def relative_path(self, sha256: str) -> str | None:
        """The file's path below the store's folder, for a reverse proxy that can read this folder.

        None where the files are not in a folder.
        """

    def delete(self, sha256: str, *, is_needed: Callable[[], bool] = lambda: False) -> None:
        """Remove a file now, unless it is needed; no error if there is none.

        Args:
            sha256: the file.
            is_needed: asked at least once. What others put after that is spared; so is what they put before
                it, if they noted a reference first. Without it, what another process has put a moment ago may
                be removed, too.
        """

    def forget_copies(self, sha256: str | None = None) -> None:
        """Remove copies on this machine of a file; by default of all files that were removed elsewhere.

        The next reader of the file gets the original.
        """

    def sweep(self, keep: set[str], *, age_s: float = SWEEP_AGE_S) -> set[str]:
        """Remove files that are not in `keep` and were put more than `age_s` seconds ago.

        Also removes what interrupted calls of `put` left behind.

        Returns:
            The sha256 of each removed file.
        """

    def usage_bytes(self) -> int:
        """Total size of all files."""

    def free_bytes(self) -> int | None:
        """Free space on this machine's disk for more files; None where they are stored elsewhere."""


def checked(sha256: str) -> str:
    """Check a text from outside, so that it can be used in a path or key.

    Raises:
        ArtifactNotFoundError: it is no sha256.
    """
    if not _SHA256.fullmatch(sha256):
        raise ArtifactNotFoundError(sha256)
    return sha256
