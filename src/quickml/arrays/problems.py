"""What is wrong with arrays, as problems of the document that names them."""

from __future__ import annotations

from quickml.document.advice import Advice, told
from quickml.document.problem import problem
from quickml.errors import ArraysError, DocumentError


def refused(error: ArraysError, *, option: str = "file") -> DocumentError:
    """The error for a file or an array that cannot be learned from, and the option that names it."""
    wrong = problem(
        "arrays-source",
        f"/dataset/{option}",
        expected=error.expected,
        found=f"{error.found} ({error.place})",
        advice=told(error.hint),
        file=error.file,
        entry=error.entry,
    )
    return DocumentError([wrong])


def option(name: str, expected: str, found: str, advice: Advice) -> DocumentError:
    """The error for an option that does not fit the arrays, or is needed."""
    wrong = problem("arrays-option", f"/dataset/{name}", expected=expected, found=found, advice=advice)
    return DocumentError([wrong])
