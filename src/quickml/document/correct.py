"""Correct a document with the fixes of its problems, one after the other, until no fix helps any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any

from quickml.document.parse import read
from quickml.document.plan import Plan
from quickml.document.text import parse
from quickml.errors import DocumentError, PatchError, Problem
from quickml.patch.text import edited

MOST_FIXES = 200
"""Fixes of one document, which has at most 100 problems at a time."""


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """A problem whose fix was applied."""

    problem: Problem
    before: Any
    """The document that the fix was applied to, parsed."""


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A document with all fixes that help, and what is left."""

    text: str
    fixed: tuple[Fixed, ...]
    plan: Plan | None
    """What it means now; None if problems remain."""
    error: DocumentError | None
    """The problems that remain."""


def corrected(text: str, check: Callable[[str], Plan] = read) -> Correction:
    """Apply the fixes of the problems of a document.

    A fix is only taken if its problem is gone afterwards. The form of the text is kept.
    """
    fixed: list[Fixed] = []
    seen = {text}
    plan, error = _result(text, check)
    while error is not None and len(fixed) < MOST_FIXES:
        step = _next(text, error, check, seen)
        if step is None:
            break
        problem, after, plan, found = step
        fixed.append(Fixed(problem=problem, before=parse(text)[0]))
        text, error = after, found
        seen.add(text)
    return Correction(text=text, fixed=tuple(fixed), plan=plan, error=error)


def _next(
    text: str, error: DocumentError, check: Callable[[str], Plan], seen: Set[str]
) -> tuple[Problem, str, Plan | None, DocumentError | None] | None:
    """The first problem whose fix helps, with the text and the result afterwards; no text is tried twice."""
    before = Counter(map(_kind, error.problems))
    for problem in error.problems:
        if not problem.fix:
            continue
        try:
            after = edited(text, problem.fix)
        except PatchError:
            continue
        if after in seen:
            continue
        plan, found = _result(after, check)
        left = Counter(map(_kind, found.problems if found else ()))
        if left[_kind(problem)] < before[_kind(problem)]:
            return problem, after, plan, found
    return None


def _kind(problem: Problem) -> tuple[str, str, str]:
    """What makes a problem the same, wherever a fix has moved it."""
    return problem.code, problem.expected, problem.found


def _result(text: str, check: Callable[[str], Plan]) -> tuple[Plan | None, DocumentError | None]:
    try:
        return check(text), None
    except DocumentError as error:
        return None, error
