"""Reading the document that a command line names."""

from __future__ import annotations

import sys
from pathlib import Path

from quickml.arrays import LocalArrays
from quickml.cli.display.pictures import PictureProgress
from quickml.datasets import Catalog
from quickml.document import Plan, read
from quickml.document.problem import problem
from quickml.document.text import MAX_BYTES
from quickml.errors import DocumentError
from quickml.pictures import LocalPictures
from quickml.recordings import LocalRecordings
from quickml.tables import LocalTables


def read_plan(path: Path, files: Catalog | None = None) -> Plan:
    """Read and check a document from a file, or from standard input for `-`.

    Args:
        path: of the document.
        files: reads the files that it names; by default those in its folder.

    Raises:
        DocumentError: it cannot be read, or it is not valid.
    """
    return read(read_bytes(path), files or files_beside(path))


def files_beside(path: Path) -> Catalog:
    """A catalog whose files are in the folder of a document, or for `-` in the working directory."""
    folder = Path() if str(path) == "-" else path.parent
    others = LocalArrays(folder, LocalTables(folder))
    return LocalRecordings(folder, LocalPictures(folder, others, progress=PictureProgress().show))


def read_bytes(path: Path) -> bytes:
    """The bytes of a document, at most one more than a document may have.

    Raises:
        DocumentError: it cannot be read.
    """
    if str(path) == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        found = f"{str(path)!r} ({reason})"
        unreadable = problem(
            "unreadable-file", "", expected="a JSON file to read", found=found, reason=reason
        )
        raise DocumentError([unreadable]) from None
