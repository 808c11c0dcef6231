"""What is wrong with recordings, as problems of the document that names them."""

from __future__ import annotations

from typing import Any

from quickml.document.advice import NOTHING, Advice, told, write_key
from quickml.document.advice import leave_out as without
from quickml.document.problem import problem
from quickml.errors import Problem, SourceError


def of_source(error: SourceError) -> Problem:
    """The problem of a folder, an archive or a file that cannot be learned from."""
    return problem(
        "recordings-source",
        "/dataset/file",
        expected=error.expected,
        found=f"{error.found} ({error.place})",
        advice=told(error.hint),
        file=error.file,
        line=error.line,
        column=error.column,
        entry=error.entry,
    )


def option(
    key: str,
    expected: str,
    found: str,
    *,
    hint: str = "",
    leave_out: bool = False,
    value: Any = None,
    others: dict[str, Any] | None = None,
) -> Problem:
    """The problem of an option.

    Args:
        key: the option.
        expected, found: see `Problem`.
        hint: what else to do.
        leave_out: whether to leave it out.
        value: what to write instead.
        others: other options to write, with their values.
    """
    pointer, advice = f"/dataset/{key}", told(hint) if hint else NOTHING
    if leave_out:
        advice = without(pointer, hint or "leave it out")
    elif value is not None or others:
        pairs = {**({key: value} if value is not None else {}), **(others or {})}
        written = write_key("/dataset", pairs)
        advice = Advice(f"{written.words}{f', or {hint}' if hint else ''}", written.steps)
    return problem("recordings-option", pointer, expected=expected, found=found, advice=advice)
