"""`quickml data` and `quickml init`: what is in a table, and a document to start from."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quickml.cli.display.formatting import counted, problem_lines
from quickml.cli.display.output import note, say, say_json, say_table
from quickml.errors import DocumentError, InputError
from quickml.text import printable

if TYPE_CHECKING:
    from quickml.tables.profile import ColumnProfile, Profile

_BARS = " ▁▂▃▄▅▆▇█"
_ASCII_BARS = " .:-=+*#@"
MOST_COLUMNS = 200
"""Columns that are shown on a terminal."""
MOST_VALUES = 5
MOST_CLASSES = 20
LONGEST_LINE = 100
"""Characters of an object or a list on one line of a document."""
_SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical lines"}


def show_data(path: Path, *, target: str | None, as_json: bool) -> None:
    """Print what is in a table, and a document that learns from it.

    The exit code is 2 if no document can be proposed.

    Raises:
        TableError: the file cannot be read.
    """
    from quickml.tables.profile import profile

    found = profile(path, path.name, target)
    if as_json:
        say_json(found.to_json())
    else:
        _show(found)
    if found.document is None:
        sys.exit(2)


def init_document(path: Path, *, target: str | None, out: Path | None) -> None:
    """Write a document that learns from a table.

    Raises:
        TableError: the file cannot be read.
        DocumentError: no document can be proposed.
        InputError: the document exists already, or cannot be written.
    """
    from quickml.tables.profile import profile

    out = out or Path(f"{path.stem}.json")
    if out.exists():
        raise _exists(out)
    found = profile(path, _relative(path, out.parent), target)
    if found.document is None:
        raise DocumentError(found.problems)
    try:
        with out.open("x", encoding="utf-8") as stream:
            stream.write(_pretty(found.document) + "\n")
    except FileExistsError:
        raise _exists(out) from None
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror})") from None
    say(f"{out}: {_about(found)}")
    note(*(f"{notice.pointer}: {notice.message}" for notice in found.notices))
    say(f"train it with: quickml run {out}")


def _exists(out: Path) -> InputError:
    return InputError(f"{out}: expected a new file, found one; name another with -o, or remove it")


def _relative(path: Path, folder: Path) -> str:
    """The path of a file as a document in a folder names it."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return str(path.absolute())


def _about(found: Profile) -> str:
    if found.labels:
        return (
            f"learns {found.target!r}, {len(found.labels)} classes, from {counted(found.table.rows, 'row')}"
        )
    return f"learns {found.target!r}, a number, from {counted(found.table.rows, 'row')}"


def _show(found: Profile) -> None:
    table, dialect = found.table, found.table.dialect
    sign = "point" if dialect.decimal == "." else "comma"
    written = f"{table.encoding}, {_SIGNS.get(dialect.delimiter, 'delimiters')}, decimal {sign}"
    names = f"names in line {table.header_line}" if dialect.header else "no names"
    columns = counted(len(found.columns), "column")
    say(f"{table.file}: {counted(table.rows, 'row')}, {columns} ({written}, {names})", "")
    rows = [_row(column, found) for column in found.columns[:MOST_COLUMNS]]
    say_table([("column", "type", "missing", "values"), *rows], right=(2,))
    if len(found.columns) > MOST_COLUMNS:
        say(f"and {counted(len(found.columns) - MOST_COLUMNS, 'column')} more, which --json has")
    if found.labels:
        say("", f"samples per class of {found.target!r}:")
        _show_classes(found.labels)
    if found.notices:
        say("", *(f"notice: {notice}" for notice in found.notices))
    if found.document is not None:
        say("", f"a document to start from; `quickml init {table.file}` writes it:", "")
        say(*_pretty(found.document).splitlines())
    else:
        note("", *problem_lines(DocumentError(found.problems), table.file))


def _show_classes(labels: Sequence[tuple[str, int]]) -> None:
    """Bars for the classes in order; of many, for the commonest and the rarest."""
    shown = list(labels)
    if len(labels) > MOST_CLASSES:
        ranked = sorted(labels, key=lambda label: -label[1])
        shown = [*ranked[: MOST_CLASSES // 2], *ranked[-MOST_CLASSES // 2 :]]
    most = max(count for _, count in labels)
    say_table([(f"  {printable(label, 30)}", f"{count:,}", _bar(count, most)) for label, count in shown],
              right=(1,))  # fmt: skip
    if len(labels) > MOST_CLASSES:
        between = f"{len(labels) - MOST_CLASSES:,} more between the commonest and the rarest"
        say(f"  and {between}, which --json has")


def _row(column: ColumnProfile, found: Profile) -> tuple[str, str, str, str]:
    name, missing = printable(column.name, 40), f"{column.missing:,}" if column.missing else ""
    if column.name == found.target:
        return name, "target", missing, _content(column)
    if column.problem:
        return name, "problem", missing, column.problem
    if column.type == "ignore":
        return name, "left out", missing, column.reason
    return name, column.type, missing, _content(column)


def _content(column: ColumnProfile) -> str:
    if column.low is not None and column.high is not None and column.mean is not None:
        most = max(column.histogram)
        bars = "".join(_level(count, most) for count in column.histogram)
        mean = f"{column.mean:.4g}" if abs(column.mean) < 10_000 else f"{column.mean:g}"
        return f"{bars}  {column.low:g} to {column.high:g}, mean {mean}"
    shown = [f"{printable(value, 30)} ({count:,})" for value, count in column.values[:MOST_VALUES]]
    more = len(column.values) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _level(count: int, most: int) -> str:
    bars = _bars()
    return bars[0] if not count else bars[1 + count * (len(bars) - 2) // most]


def _bar(count: int, most: int) -> str:
    return (_bars()[-1] * max(1, count * 30 // most)) if count else ""


def _bars() -> str:
    encoding = (sys.stdout.encoding or "").lower()
    return _BARS if encoding.startswith("utf") else _ASCII_BARS


def _pretty(document: dict[str, Any]) -> str:
    """JSON with a line for each layer, each column and each other value."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    parts = [
        *document["model"]["layers"],
        document["training"]["optimizer"],
        document["training"].get("early_stopping"),
        document["dataset"].get("labels"),
    ]
    for part in filter(None, parts):
        wide, flat = (json.dumps(part, ensure_ascii=False, indent=indent) for indent in (2, None))
        for indent in (4, 6) if len(flat) <= LONGEST_LINE else ():
            text = text.replace(wide.replace("\n", "\n" + " " * indent), flat)
    return text
