"""A file on its way: it takes its name when all of it is here, on disk, and has the right sha256."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from quickml.client import calls
from quickml.client.attempts import Attempts, Contact
from quickml.client.calls import Call
from quickml.client.records import Artifact
from quickml.errors import ResultError, ServiceError, UnreachableError

CHUNK_BYTES = 1 << 16
_PLAIN = re.compile(r"[^\s./\\:][^/\\:\0]{0,254}")
"""Names that lead nowhere else, on no system."""


class Landing(Attempts):
    """A context in which one file is fetched: as a `.part` beside its place, which does not stay behind."""

    def __init__(self, artifact: Artifact, folder: Path, contact: Contact) -> None:
        """Land `artifact` in `folder`, which is made where there is none.

        Raises:
            ServiceError: the server names it in a way that is no plain file name.
        """
        if not _PLAIN.fullmatch(artifact.name):
            raise ServiceError(f"artifacts: expected a plain file name, found {artifact.name!r:.80}")
        super().__init__(contact)
        self._artifact = artifact
        self.path = folder / artifact.name

    def __enter__(self) -> Self:
        with _disk(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.is_over = self._is_here()
            descriptor, part = tempfile.mkstemp(
                prefix=f".{self.path.name}-", suffix=".part", dir=self.path.parent
            )
            self._part, self._file = Path(part), os.fdopen(descriptor, "wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # what could not be written cannot be flushed either
            self._file.close()
        self._part.unlink(missing_ok=True)

    def _is_here(self) -> bool:
        """Whether the very file is there already; another one is not written over."""
        if not self.path.exists():
            return False
        if self.path.is_file():
            with self.path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() == self._artifact.sha256:
                    return True
        raise ResultError(f"{self.path}: expected nothing, or the same file; found another one")

    def call(self) -> Call[None]:
        """The request for the file."""
        return calls.file(self._artifact)

    def accept(self, status: int) -> bool:
        """Whether this answer is the file, from its beginning; otherwise it goes to `refuse`, once whole."""
        self._contact.has_answered = True
        with _disk(self.path):
            self._file.seek(0)  # what is there of an earlier try is written over, for the size is known
        self._hash, self._size_bytes = hashlib.sha256(), 0
        return status == 200

    def write(self, content: bytes) -> None:
        """Take the next bytes.

        Raises:
            ServiceError: there are more than were announced.
            ResultError: the disk refuses.
        """
        self._size_bytes += len(content)
        if self._size_bytes > self._artifact.size_bytes:
            raise self._misfit(f"{self._artifact.size_bytes:,} bytes", "more")
        self._hash.update(content)
        with _disk(self.path):
            self._file.write(content)

    def finish(self) -> None:
        """The answer is at its end.

        Raises:
            ServiceError: what came is not what was announced.
            ResultError: the disk refuses, or somebody else has put another file there.
        """
        if self._size_bytes != self._artifact.size_bytes:  # a proxy may end an answer early, and well
            misfit = self._misfit(f"{self._artifact.size_bytes:,} bytes", f"{self._size_bytes:,}")
            self.lose(UnreachableError(str(misfit), was_sent=True))
            return
        if self._hash.hexdigest() != self._artifact.sha256:
            raise self._misfit(f"sha256 {self._artifact.sha256}", self._hash.hexdigest())
        with _disk(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.chmod(0o644)  # mkstemp gives it to its owner alone
            if not self._is_here():
                self._part.replace(self.path)
        self.is_over = True

    def _misfit(self, expected: str, found: str) -> ServiceError:
        return ServiceError(f"{self._artifact.name}: expected {expected}, found {found}")


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ResultError(f"{path}: the file cannot be written ({error.strerror})") from error
