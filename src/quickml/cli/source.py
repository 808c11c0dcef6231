"""Read a document named on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from quickml.document import Plan, read
from quickml.document.parse import MAX_BYTES
from quickml.errors import DocumentError, Problem


def read_spec(path: Path) -> Plan:
    """The plan of a file, or of standard input for `-`.

    Raises:
        SpecError: it cannot be read, or is wrong.
    """
    return read(read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """A document as it is, a little more of it than may be.

    Raises:
        SpecError: it cannot be read.
    """
    if str(path) == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        problem = Problem(pointer="", expected="a JSON file to read", found=f"{str(path)!r} ({reason})")
        raise DocumentError([problem]) from None
