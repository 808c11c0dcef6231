"""Makes the problems of documents: each has a code of `codes`, and the values that its message is made of."""

from __future__ import annotations

import math
from typing import Any

from quickml.document.advice import NOTHING, Advice
from quickml.document.codes import Code
from quickml.errors import Problem

LONGEST = 200
"""Characters of a text among the values."""
MOST = 100
"""Items of a list among the values."""


def problem(
    code: Code,
    pointer: str,
    *,
    expected: str,
    found: str,
    subject: str = "",
    advice: Advice = NOTHING,
    **values: Any,
) -> Problem:
    """A problem of a document. Its fix has still to be expressed in the document that was sent.

    Args:
        code: the kind of problem.
        values: what the message is made of, as JSON; the names have units.
    """
    return Problem(
        pointer=pointer,
        expected=expected,
        found=found,
        hint=advice.words,
        subject=subject,
        code=code,
        values={key: short(value) for key, value in values.items() if value is not None},
        fix=advice.steps or None,
    )


def short(value: Any) -> Any:
    """A value as JSON, shortened where it comes from a document."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[: LONGEST - 3]}..."
    if isinstance(value, dict):
        return {short(str(key)): short(item) for key, item in [*value.items()][:MOST]}
    if isinstance(value, list | tuple | set | frozenset):
        return [short(item) for item in [*value][:MOST]]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number
    return value
