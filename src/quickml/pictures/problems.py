"""What is wrong with pictures, as problems of the document that names them."""

from __future__ import annotations

from collections.abc import Sequence

from quickml.document.advice import Advice, put, told
from quickml.document.problem import problem
from quickml.errors import DocumentError, PicturesError, Problem

MOST = 5
"""Pictures that are named."""


def refused(error: PicturesError) -> DocumentError:
    """The error for a folder, an archive or a list that cannot be learned from."""
    return DocumentError([_problem(error, told(error.hint))])


def damaged(faults: Sequence[PicturesError]) -> DocumentError:
    """The error for pictures that cannot be read; the first ones are named."""
    skip = (put("/dataset/damaged", "skip"),)
    problems = []
    for fault in faults[:MOST]:
        words = fault.hint or 'remove it, or write "damaged": "skip"'
        problems.append(_problem(fault, Advice(words, skip if "skip" in words else ())))
    if len(faults) > MOST:
        last = problems.pop()
        more = f"{last.found} and {len(faults) - len(problems) - 1:,} others like these"
        problems.append(
            problem(
                "picture-file",
                last.pointer,
                expected=last.expected,
                found=more,
                advice=Advice(last.hint, last.fix or ()),
                **last.values,
            )
        )
    return DocumentError(problems)


def option(pointer: str, expected: str, found: str, advice: Advice) -> DocumentError:
    """The error for an option that does not fit the pictures."""
    return DocumentError([problem("pictures-option", pointer, expected=expected, found=found, advice=advice)])


def _problem(error: PicturesError, advice: Advice) -> Problem:
    return problem(
        "pictures-source" if error.entry is None else "picture-file",
        "/dataset/file",
        expected=error.expected,
        found=f"{error.found} ({error.place})",
        advice=advice,
        file=error.file,
        entry=error.entry,
        line=error.line,
    )
