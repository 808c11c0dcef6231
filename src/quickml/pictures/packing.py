"""Packs a folder or a list of pictures into an archive to send it: the same pictures give the same bytes."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from quickml.errors import InputError, PicturesError
from quickml.pictures.layout import layout
from quickml.pictures.sources import ListSource, opened
from quickml.pictures.survey import Progress

LIST = "pictures.csv"
"""What a list is called in an archive."""
_TIME = (1980, 1, 1, 0, 0, 0)
"""The time of all entries, the earliest that a zip archive has."""


@contextmanager
def packed(path: Path, file: str, pin: str | None, progress: Progress) -> Iterator[Path]:
    """An archive of the pictures of a folder or a list, as long as the block lasts; nothing else is in it.

    Args:
        path: of the folder or the list.
        file: what messages call it.
        pin: the SHA-256 that the folder or the list has to have.
        progress: is told what is done.

    Raises:
        PicturesError: it cannot be read, or there is nothing that can be learned from.
        InputError: it has another SHA-256, or the disk is full.
    """
    with TemporaryDirectory(prefix="quickml-") as folder:
        archive = Path(folder, "pictures.zip")
        try:
            found = _write(path, file, archive, progress)
        except OSError as error:
            raise InputError(f"{file}: cannot be packed ({error.strerror})") from error
        if pin is not None and pin.lower() != found:
            raise InputError(
                f"/dataset/sha256: expected {pin:.80}, found {found} in {file}: the pictures are others than"
                " the document was written for"
            )
        yield archive


def _write(path: Path, file: str, archive: Path, progress: Progress) -> str:
    """Write the archive. Returns the SHA-256 of the folder or of the list."""
    sums: dict[str, str] = {}
    with opened(path, file) as source, zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        if isinstance(source, ListSource):
            _put(target, LIST, path.read_bytes(), file)
        names = sorted(one.name for one in layout(source).files)
        for done, name in enumerate(names, 1):
            content = source.read(name)
            sums[name] = hashlib.sha256(content).hexdigest()
            _put(target, name, content, file)
            progress("packed", done, len(names))
        return source.sha256(sums)


def _put(target: zipfile.ZipFile, name: str, content: bytes, file: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        expected, found = "a name in UTF-8", "another one"
        raise PicturesError(file, expected, found, "rename it", entry=ascii(name)) from None
    entry = zipfile.ZipInfo(name, _TIME)
    entry.create_system = 3  # Unix, on every system
    entry.external_attr = (stat.S_IFREG | 0o600) << 16
    target.writestr(entry, content)
