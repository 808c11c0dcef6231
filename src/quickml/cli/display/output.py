"""The one place that prints, besides Rich: whatever the text, a terminal shows it and does not obey it."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Collection, Sequence
from typing import Any, TextIO
from unicodedata import combining, east_asian_width

from quickml.cli.display.formatting import GAP, aligned
from quickml.text import printable

NARROWEST = 20
"""Columns below which lines are left to the terminal."""
_GLUE = "\N{WORD JOINER}"
"""Stands for a space at which a line is not broken; no printable text contains it."""
_WORD = re.compile(r" *[^ ]+")
_JOINED = re.compile(r"(?<=\S) (?=[-+\d])|(?<=\d) (?=(?:[kMG]?B|s)\b)")
"""Between a name and its number, and between a number and its unit."""
_changing: list[str] = []
"""The line that is shown by `changing`, if there is one."""


def say(*lines: str, to: TextIO | None = None, indent: int = 0) -> None:
    """Print lines to a stream, by default standard output, in one piece.

    On a terminal they are wrapped at words, and continue at column `indent` or two columns further in. A line
    break within a line came from outside and is escaped.
    """
    stream = to or sys.stdout
    changing("")
    columns = _columns(stream)
    parts = [part for line in lines for part in _shown(line, columns, indent)]
    stream.write("".join(f"{part}\n" for part in parts))
    stream.flush()


def _shown(line: str, columns: int, indent: int) -> list[str]:
    further = len(line) - len(line.lstrip()) + 2
    return wrapped(printable(line), columns, indent if 0 < indent <= columns - NARROWEST else further)


def say_table(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> None:
    """Print rows with aligned columns; those in `right` end at the same place. The last may be wrapped."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    say(*aligned(rows, right), indent=sum(widths[:-1]) + GAP * len(widths[:-1]))


def note(*lines: str) -> None:
    """`say` on standard error: errors, and what is no part of a command's result."""
    say(*lines, to=sys.stderr)


def changing(line: str) -> None:
    """Show a line on the terminal of standard error until the next one, or `say`, replaces it; "" removes."""
    if line or _changing:
        sys.stderr.write(f"\r\x1b[K{printable(line)}")
        sys.stderr.flush()
    _changing[:] = [line] if line else []


def say_json(value: Any, to: TextIO | None = None) -> None:
    """Print a value as one line of JSON; a string is JSON already."""
    stream = to or sys.stdout
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    stream.write(printable(text, limit=None) + "\n")
    stream.flush()


def _columns(stream: TextIO) -> int:
    """The width of a terminal; 0 for anything else."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        return 0


def wrapped(line: str, columns: int, indent: int) -> list[str]:
    """A line in parts of at most `columns`, broken between words. A number stays with its name and unit."""
    if columns < NARROWEST or _cells(line) <= columns:
        return [line]
    parts = [""]
    for word in _WORD.findall(_JOINED.sub(_GLUE, line)):
        if parts[-1].strip() and _cells(parts[-1] + word) > columns:
            parts.append(" " * indent + word.lstrip(" "))
        else:
            parts[-1] += word
    return [part.replace(_GLUE, " ") for part in parts]


def _cells(text: str) -> int:
    """The columns that a text takes: Chinese, Japanese and Korean letters take two, marks on letters none."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(one) in "WF" else not combining(one) for one in text)
