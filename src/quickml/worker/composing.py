"""Files of a result that need not be stored: a package's zip is its files, and short pieces between them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from zipfile import BadZipFile

from quickml.files.digest import PART_BYTES
from quickml.files.stored_zip import PackedFile, files_in
from quickml.storage.artifacts.composed import ComposedReader, FilePiece, length
from quickml.storage.artifacts.file_reader import FileReader

MOST_FILES = 64
"""Number of files in a package whose zip is put together; what it is made of is read with the job's files."""
MOST_BYTES = 32 << 10
"""Of all that lies between them."""
Members = Mapping[str, tuple[Path, str]]
"""The files in packages, which are stored: the path and the sha256 of each, by name."""


def pieces_of_zip(archive: Path, members: Members) -> tuple[bytes | FilePiece, ...] | None:
    """What the zip of a package is put together of; None where it has to be stored itself.

    Args:
        archive: the zip.
        members: all files in it, by their names.
    """
    try:
        entries = files_in(archive)
    except BadZipFile:
        return None
    size_bytes = archive.stat().st_size
    own_bytes = size_bytes - sum(entry.size_bytes for entry in entries)
    if not 1 <= len(entries) <= MOST_FILES or own_bytes > MOST_BYTES:
        return None
    if any(entry.name not in members for entry in entries):
        return None
    found = tuple(_cut(archive, entries, members))
    return found if _is_same(archive, found, members) else None


def _cut(archive: Path, entries: list[PackedFile], members: Members) -> Iterator[bytes | FilePiece]:
    with archive.open("rb") as stream:
        for entry in entries:
            yield stream.read(entry.start - stream.tell())
            yield FilePiece(members[entry.name][1], 0, entry.size_bytes)
            stream.seek(entry.size_bytes, io.SEEK_CUR)
        yield stream.read()


def _is_same(path: Path, pieces: tuple[bytes | FilePiece, ...], members: Members) -> bool:
    """Whether the pieces of the files on disk are, together, the file that they are to replace."""
    paths = {sha256: path for path, sha256 in members.values()}
    if sum(map(length, pieces)) != path.stat().st_size:
        return False
    composed = ComposedReader(lambda sha256, start, stop: FileReader(paths[sha256], start, stop), pieces)
    with path.open("rb") as file, closing(composed):
        while expected := file.read(PART_BYTES):
            if composed.read(PART_BYTES) != expected:
                return False
    return True
