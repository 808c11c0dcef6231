"""Problems of files that documents name, whatever is in them."""

from __future__ import annotations

from quickml.document.advice import told
from quickml.document.problem import problem
from quickml.errors import DocumentError
from quickml.text import printable


def changed(file: str, expected: str, found: str, pointer: str = "/dataset/sha256") -> DocumentError:
    """The error for a file with another content than the document was written for."""
    wrong = problem(
        "file-changed",
        pointer,
        expected=f"{expected[:12]}...",
        found=f"{found[:12]}... in {printable(file, 100)}",
        advice=told("the file is another than the document was written for"),
        file=file,
        expected_sha256=expected,
        found_sha256=found,
    )
    return DocumentError([wrong])
