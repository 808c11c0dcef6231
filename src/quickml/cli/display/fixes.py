"""Fixes of a document as lines, and the changes of its text as a diff."""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from quickml.document.correct import Fixed
from quickml.patch import Operation, applied
from quickml.patch.pointer import value_at
from quickml.text import printable

_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}
_PLAIN = "\x1b[0m"
MAX_SHOWN = 120
"""Characters of a value on a line."""


def fix_lines(fixed: Fixed) -> Iterator[str]:
    """What a fix changes, a line for each operation: the place, what was there, and what is."""
    document = fixed.before
    for operation in fixed.problem.fix or ():
        yield _line(operation, document)
        document = applied(document, [operation])


def _line(operation: Operation, document: Any) -> str:
    place, op = operation["path"] or "/", operation["op"]
    if op == "move":
        return f"{operation['from']} → {place}"
    if op == "remove":
        return f"{place}: {_shown(value_at(document, operation['path']))} → (removed)"
    if op == "replace":
        return f"{place}: {_shown(value_at(document, operation['path']))} → {_shown(operation['value'])}"
    return f"{place}: (added) → {_shown(operation['value'])}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."


def summary(fixed: Fixed) -> dict[str, Any]:
    """A fix for JSON."""
    problem = fixed.problem
    return {"pointer": problem.pointer, "code": problem.code, "message": str(problem), "fix": problem.fix}


def show_diff(before: str, after: str) -> None:
    """Print the changed lines in colour, if standard output is a terminal that shows colours."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR"):
        return
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
    for line in [*lines][2:]:
        colour = _COLOURS.get(line[:1], "")
        sys.stdout.write(f"{colour}{printable(line)}{_PLAIN if colour else ''}\n")
    sys.stdout.flush()
