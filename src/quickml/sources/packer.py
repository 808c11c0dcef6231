"""Writes an archive that is sent: the same contents give the same bytes."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from quickml.errors import InputError

_TIME = (1980, 1, 1, 0, 0, 0)
"""The time of all entries, the earliest that a zip archive has."""
_CHUNK_BYTES = 1 << 20


class Packer:
    """Puts files into an archive, as they are. Modes, times and owners are left out."""

    def __init__(self, target: zipfile.ZipFile, file: str) -> None:
        """Write to `target`; messages call what is packed `file`."""
        self._target, self._file = target, file
        self.sums: dict[str, str] = {}
        """The SHA-256 of each file, by its name."""

    def put(self, name: str, content: bytes | Path) -> None:
        """Put a file.

        Raises:
            InputError: its name cannot be written.
        """
        try:
            name.encode()
        except UnicodeEncodeError:
            expected = "a name in UTF-8, found another one; rename it"
            raise InputError(f"{self._file}: {name!a}: expected {expected}") from None
        entry = zipfile.ZipInfo(name, _TIME)
        entry.create_system = 3  # Unix, on every system
        entry.external_attr = (stat.S_IFREG | 0o600) << 16
        entry.file_size = content.stat().st_size if isinstance(content, Path) else len(content)
        digest = hashlib.sha256()
        with self._target.open(entry, "w") as written:
            for chunk in _chunks(content):
                digest.update(chunk)
                written.write(chunk)
        self.sums[name] = digest.hexdigest()


def _chunks(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk


@contextmanager
def packing(file: str, pin: str | None, holds: str, write: Callable[[Packer], str]) -> Iterator[Path]:
    """An archive, as long as the block lasts.

    Args:
        file: what messages call what is packed.
        pin: the SHA-256 that it has to have.
        holds: what is in it: `pictures`.
        write: puts the files, and returns the SHA-256 of what is packed.

    Raises:
        InputError: it has another SHA-256, cannot be read, or the disk is full.
    """
    with TemporaryDirectory(prefix="quickml-") as folder:
        archive = Path(folder, f"{holds}.zip")
        try:
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
                found = write(Packer(target, file))
        except OSError as error:
            raise InputError(f"{file}: cannot be packed ({error.strerror})") from error
        if pin is not None and pin.lower() != found:
            raise InputError(
                f"/dataset/sha256: expected {pin:.80}, found {found} in {file}: the {holds} are others than"
                " the document was written for"
            )
        yield archive
