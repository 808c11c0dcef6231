"""Which kind of data a file is, by its content."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from quickml.sources.formats import ARCHIVES, HEAD_BYTES, is_workbook

Kind = Literal["table", "pictures", "arrays", "recordings"]
_ARRAYS = (b"\0\0", b"\x1f\x8b", b"\x93NUM")
"""How IDX files, compressed ones, and files of NumPy begin."""


def is_table(head: bytes) -> bool:
    """Whether a file that begins so can only be a table."""
    return is_workbook(head) or not head.startswith(ARCHIVES + _ARRAYS)


def has_beginning(head: bytes) -> bool:
    """Whether a part of a file that begins so can be looked into: the directory of an archive, and the schema
    of a Parquet file, are at the end."""
    return not head.startswith((*ARCHIVES, *_ARRAYS, b"PAR1", b"PARE"))


def is_slow(kind: str) -> bool:
    """Whether reading data of this kind may take minutes, so that nobody waits for it within a request."""
    return kind != "table"


def kind_of(path: Path, file: str, wanted: str | None) -> Kind:
    """The kind of a file, which messages call `file`; `wanted` decides about a .csv file.

    Raises:
        PicturesError: it is an archive that is not harmless.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if is_table(head):
        return "recordings" if wanted == "recordings" else "table"
    if head.startswith(_ARRAYS):
        return "arrays"
    from quickml.arrays.sources import holds_arrays
    from quickml.recordings.files import holds_recordings
    from quickml.sources.archive import ZipArchive

    archive = ZipArchive(path, file)
    archive.close()
    if holds_arrays(archive.entries):
        return "arrays"
    return "recordings" if holds_recordings(archive.entries) else "pictures"
