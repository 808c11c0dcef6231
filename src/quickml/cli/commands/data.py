"""`quickml data` and `quickml init`: what is in a table, pictures or arrays, and a document to start from."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from quickml.arrays.inputs import RANKS
from quickml.arrays.profile import ArraysProfile
from quickml.arrays.profile import profile as profile_of_arrays
from quickml.arrays.sources import are_arrays
from quickml.cli.display.arrays import show_arrays
from quickml.cli.display.formatting import counted, problem_lines
from quickml.cli.display.output import note, say, say_json, say_table
from quickml.cli.display.pictures import PictureProgress
from quickml.cli.display.profiles import bar, bars, pretty, show_pictures
from quickml.datasets.info import Kind
from quickml.errors import DocumentError, InputError
from quickml.pictures.profile import PictureProfile
from quickml.pictures.sources import are_pictures
from quickml.text import printable

if TYPE_CHECKING:
    from quickml.tables.profile import ColumnProfile, Profile

MOST_COLUMNS = 200
"""Columns that are shown on a terminal."""
MOST_VALUES = 5
MOST_CLASSES = 20
_SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical lines"}


def show_data(path: Path, *, target: Sequence[str] | None, kind: str | None, as_json: bool) -> None:
    """Print what is in a table, pictures or arrays, and a document that learns from it.

    The exit code is 2 if no document can be proposed.

    Raises:
        TableError, PicturesError, ArraysError: it cannot be read.
        InputError: an option is given that belongs to something else.
    """
    found = _profile(path, _name(path), target, kind)
    if as_json:
        say_json(found.to_json())
    elif isinstance(found, PictureProfile):
        show_pictures(found)
    elif isinstance(found, ArraysProfile):
        show_arrays(found)
    else:
        _show(found)
    if found.document is None:
        sys.exit(2)


def init_document(path: Path, *, target: Sequence[str] | None, kind: str | None, out: Path | None) -> None:
    """Write a document that learns from a table, pictures or arrays.

    Raises:
        TableError, PicturesError, ArraysError: it cannot be read.
        DocumentError: no document can be proposed.
        InputError: the document exists already, or cannot be written; or an option belongs to something else.
    """
    out = out or Path(f"{Path(_name(path)).stem}.json")
    if out.exists():
        raise _exists(out)
    found = _profile(path, _relative(path, out.parent), target, kind)
    if found.document is None:
        raise DocumentError(found.problems)
    try:
        with out.open("x", encoding="utf-8") as stream:
            stream.write(pretty(found.document) + "\n")
    except FileExistsError:
        raise _exists(out) from None
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror})") from None
    say(f"{out}: {_about(found)}")
    note(*(f"{notice.pointer}: {notice.message}" for notice in found.notices))
    say(f"train it with: quickml run {out}")


def _profile(
    path: Path, file: str, target: Sequence[str] | None, kind: str | None
) -> Profile | PictureProfile | ArraysProfile:
    if are_arrays(path):
        if target:
            raise InputError("--target: expected a table; the targets of arrays are arrays of their own")
        return profile_of_arrays(path, file, _kind(kind))
    if kind is not None:
        raise InputError("--kind: expected a file of arrays")
    if not are_pictures(path):
        from quickml.tables.profile import profile

        return profile(path, file, target)
    if target:
        raise InputError("--target: expected a table; the classes of pictures are their folders")
    from quickml.pictures.profile import profile as profile_of_pictures

    return profile_of_pictures(path, file, PictureProgress().show)


def _kind(name: str | None) -> Kind | None:
    kinds: dict[str, Kind] = {kind: kind for kind in RANKS}
    if name is not None and name not in kinds:
        raise InputError(f"--kind: expected {', '.join(kinds)}, found {printable(name, 40)!r}")
    return kinds[name] if name else None


def _name(path: Path) -> str:
    """The name of a file or folder, also of `.`."""
    return path.name or path.absolute().name or "pictures"


def _exists(out: Path) -> InputError:
    return InputError(f"{out}: expected a new file, found one; name another with -o, or remove it")


def _relative(path: Path, folder: Path) -> str:
    """The path of a file as a document in a folder names it."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return str(path.absolute())


def _about(found: Profile | PictureProfile | ArraysProfile) -> str:
    if isinstance(found, ArraysProfile):
        what = f"{len(found.classes)} classes" if found.classes else "a number"
        return f"learns {what} from {counted(sum(found.sizes or ()), 'sample')}"
    if isinstance(found, PictureProfile):
        return f"learns {len(found.classes)} classes from {counted(found.pictures, 'picture')}"
    several, what = len(found.targets), "a number"
    if found.labels:
        what = f"{len(found.labels)} {'labels' if _is_multi_label(found) else 'classes'}"
    elif several > 1:
        what = f"{several} numbers"
    return f"learns {found.target!r}, {what}, from {counted(found.table.rows, 'row')}"


def _is_multi_label(found: Profile) -> bool:
    return found.prepared is not None and found.prepared.info.is_multi_label


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
        say("", f"samples per {'label' if _is_multi_label(found) else 'class'} of {found.target!r}:")
        _show_classes(found.labels)
    if found.notices:
        say("", *(f"notice: {notice}" for notice in found.notices))
    if found.document is not None:
        say("", f"a document to start from; `quickml init {table.file}` writes it:", "")
        say(*pretty(found.document).splitlines())
    else:
        note("", *problem_lines(DocumentError(found.problems), table.file))


def _show_classes(labels: Sequence[tuple[str, int]]) -> None:
    """Bars for the classes in order; of many, for the commonest and the rarest."""
    shown = list(labels)
    if len(labels) > MOST_CLASSES:
        ranked = sorted(labels, key=lambda label: -label[1])
        shown = [*ranked[: MOST_CLASSES // 2], *ranked[-MOST_CLASSES // 2 :]]
    most = max(count for _, count in labels)
    say_table([(f"  {printable(label, 30)}", f"{count:,}", bar(count, most)) for label, count in shown],
              right=(1,))  # fmt: skip
    if len(labels) > MOST_CLASSES:
        between = f"{len(labels) - MOST_CLASSES:,} more between the commonest and the rarest"
        say(f"  and {between}, which --json has")


def _row(column: ColumnProfile, found: Profile) -> tuple[str, str, str, str]:
    name, missing = printable(column.name, 40), f"{column.missing:,}" if column.missing else ""
    if column.name in found.targets:
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
    levels = bars()
    return levels[0] if not count else levels[1 + count * (len(levels) - 2) // most]
