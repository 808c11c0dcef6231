"""Positions of the files in a zip archive whose files are stored, not compressed."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_STORED, BadZipFile, ZipFile

_HEADER = struct.Struct("<26x2H")
"""Before each file: 26 bytes, which the directory of the archive repeats, and the lengths of two fields."""


@dataclass(frozen=True, kw_only=True)
class PackedFile:
    """A file in an archive."""

    name: str
    start: int
    """Position of its first byte in the archive."""
    size_bytes: int


def files_in(archive: Path) -> list[PackedFile]:
    """The files in an archive, without folders, ordered by position.

    Raises:
        zipfile.BadZipFile: it is not an archive, or a file in it is compressed or encrypted.
        OSError: it cannot be read.
    """
    found = []
    with archive.open("rb") as stream, ZipFile(stream) as opened:
        for info in sorted(opened.infolist(), key=lambda info: info.header_offset):
            if info.is_dir():
                continue
            if info.compress_type != ZIP_STORED or info.flag_bits & 1:
                raise BadZipFile(f"{info.filename}: expected a stored file, found one that is compressed")
            stream.seek(info.header_offset)
            lengths = _HEADER.unpack(stream.read(_HEADER.size))
            start = info.header_offset + _HEADER.size + sum(lengths)
            found.append(PackedFile(name=info.filename, start=start, size_bytes=info.file_size))
    return found
