"""`quickml data` and `quickml init`: what is in data of the user, and a document to start from."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from quickml.api.profiles import ArraysProfile, RecordingsProfile
from quickml.arrays.inputs import RANKS
from quickml.arrays.profile import profile as profile_of_arrays
from quickml.arrays.sources import are_arrays
from quickml.cli.display.arrays import show_arrays
from quickml.cli.display.formatting import counted, problem_lines
from quickml.cli.display.output import note, say, say_json, say_table
from quickml.cli.display.pictures import PictureProgress
from quickml.cli.display.profiles import (
    content,
    pretty,
    show_classes,
    show_pictures,
    show_recordings,
    show_rest,
)
from quickml.errors import DocumentError, InputError
from quickml.pictures.profile import PictureProfile
from quickml.pictures.sources import are_pictures
from quickml.recordings.files import are_recordings
from quickml.text import printable

if TYPE_CHECKING:
    from quickml.api.profiles import TableColumn
    from quickml.tables.profile import Profile
    from quickml.tables.read import Table

    AnyProfile = Profile | PictureProfile | RecordingsProfile | ArraysProfile

COLUMN_TYPES = ("number", "category", "ignore")
KINDS = ("table", "pictures", "recordings")
Known = TypeVar("Known", bound=str)

MOST_COLUMNS = 200
"""Columns that are shown on a terminal."""
_FORMATS = {"xlsx": "Excel workbook", "jsonl": "JSON lines", "parquet": "Parquet"}
_SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical lines"}


@dataclass(frozen=True)
class DataAsked:
    """What a command line says about data."""

    path: Path
    _: KW_ONLY
    target: Sequence[str] | None
    kind: str | None
    sheet: str | None
    columns: Sequence[str] | None
    """Each as `COLUMN=TYPE`."""
    separator: str | None


def show_data(asked: DataAsked, *, as_json: bool) -> None:
    """Print what is in a table, pictures, recordings or arrays, and a document that learns from it.

    The exit code is 2 if no document can be proposed.

    Raises:
        TableError, PicturesError, ArraysError, DocumentError: it cannot be read.
        InputError: an option is given that belongs to something else.
    """
    found = _profile(asked, _name(asked.path))
    if as_json:
        message = found if isinstance(found, ArraysProfile | RecordingsProfile) else found.message()
        say_json(message.model_dump(mode="json"))
    elif isinstance(found, PictureProfile):
        show_pictures(found)
    elif isinstance(found, RecordingsProfile):
        show_recordings(found)
    elif isinstance(found, ArraysProfile):
        show_arrays(found)
    else:
        _show(found)
    if found.document is None:
        _advise(asked, found)
        sys.exit(2)


def init_document(asked: DataAsked, out: Path | None) -> None:
    """Write a document that learns from a table, pictures, recordings or arrays.

    Raises:
        TableError, PicturesError, ArraysError: it cannot be read.
        DocumentError: no document can be proposed.
        InputError: the document exists already, or cannot be written; or an option belongs to something else.
    """
    out = out or Path(f"{Path(_name(asked.path)).stem}.json")
    if out.exists():
        raise _exists(out)
    found = _profile(asked, _relative(asked.path, out.parent))
    if found.document is None:
        note(*problem_lines(DocumentError(found.problems), str(asked.path)))
        _advise(asked, found)
        sys.exit(2)
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


def _advise(asked: DataAsked, found: AnyProfile) -> None:
    """Say which command leaves out the columns that something is wrong with."""
    columns = getattr(found, "columns", ())
    names = [column.name for column in columns if getattr(column, "problem", "")]
    usable = [column.name for column in columns if column.name not in names]
    if not names or len(usable) < 2 or asked.columns or not set(names).isdisjoint(asked.target or ()):
        return
    several = "these columns" if len(names) > 1 else "this column"
    words = ["quickml", "init", str(asked.path)]
    words += ["--sheet", asked.sheet] if asked.sheet is not None else []
    words += ["--separator", asked.separator] if asked.separator is not None else []
    words += [word for name in asked.target or () for word in ("--target", name)]
    words += [word for name in names for word in ("--column", f"{name}=ignore")]
    note(f"to leave {several} out: {shlex.join(words)}")


def _profile(asked: DataAsked, file: str) -> AnyProfile:
    path, target, sheet = asked.path, asked.target, asked.sheet
    types = _types(asked.columns or ())
    if are_arrays(path):
        if target:
            raise InputError("--target: expected a table; the targets of arrays are arrays of their own")
        if types:
            raise InputError("--column: expected a table, found arrays")
        if asked.separator:
            raise InputError("--separator: expected a table or pictures, found arrays")
        return profile_of_arrays(path, file, _checked(asked.kind, tuple(RANKS)))
    kind = _checked(asked.kind, KINDS) or _kind(path)
    if kind == "table":
        from quickml.tables.profile import profile

        options = {"sheet": sheet, "columns": types or None, "separator": asked.separator}
        given = {name: value for name, value in options.items() if value is not None}
        return profile(path, file, target, given)
    if sheet is not None:
        raise InputError("--sheet: expected an Excel workbook")
    if types:
        raise InputError(f"--column: expected a table, found {kind}")
    if kind == "recordings":
        from quickml.recordings.profile import profile as profile_of_recordings

        if target and len(target) > 1:
            raise InputError(f"--target: expected one for recordings, found {len(target)}")
        if asked.separator:
            raise InputError("--separator: expected a table or pictures, found recordings")
        return profile_of_recordings(path, file, target[0] if target else None)
    if target:
        raise InputError("--target: expected a table; the classes of pictures are their folders")
    from quickml.pictures.profile import profile as profile_of_pictures

    options = {"separator": asked.separator} if asked.separator else {}
    return profile_of_pictures(path, file, PictureProgress().show, options)


def _types(given: Sequence[str]) -> dict[str, str]:
    """The types of columns by name."""
    found = {}
    for text in given:
        name, _, kind = text.rpartition("=")
        if not name or kind not in COLUMN_TYPES:
            expected = " or ".join(f"COLUMN={one}" for one in COLUMN_TYPES)
            raise InputError(f"--column: expected {expected}, found {printable(text, 60)!r}")
        found[name] = kind
    return found


def _checked(kind: str | None, known: tuple[Known, ...]) -> Known | None:
    if kind is None:
        return None
    found = next((one for one in known if one == kind), None)
    if found is None:
        raise InputError(f"--kind: expected {', '.join(known)}, found {printable(kind, 40)!r}")
    return found


def _kind(path: Path) -> str:
    """What a path has, as far as that is clear: a .csv file is taken for a table."""
    if are_recordings(path):
        return "recordings"
    return "pictures" if are_pictures(path) else "table"


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


def _about(found: AnyProfile) -> str:
    if isinstance(found, RecordingsProfile):
        what = f"{len(found.classes)} classes" if found.classes else f"{found.target!r}, a number,"
        windows = f"{counted(found.windows, 'window')} of {counted(found.recordings, 'recording')}"
        return f"learns {what} from {windows}"
    if isinstance(found, ArraysProfile):
        what = f"{len(found.classes)} classes" if found.classes else "numbers"
        return f"learns {what} from {counted(sum(found.sizes or ()), 'sample')}"
    if isinstance(found, PictureProfile):
        what = "labels" if _is_multi_label(found) else "classes"
        return f"learns {len(found.classes)} {what} from {counted(found.pictures, 'picture')}"
    several, what = len(found.targets), "a number"
    if found.labels:
        what = f"{len(found.labels)} {'labels' if _is_multi_label(found) else 'classes'}"
    elif several > 1:
        what = f"{several} numbers"
    return f"learns {found.target!r}, {what}, from {counted(found.table.rows, 'row')}"


def _is_multi_label(found: Profile | PictureProfile) -> bool:
    return found.prepared is not None and found.prepared.info.is_multi_label


def _show(found: Profile) -> None:
    table = found.table
    columns = counted(len(found.columns), "column")
    say(f"{table.file}: {counted(table.rows, 'row')}, {columns} ({_written(table)})", "")
    rows = [_row(column, found) for column in found.columns[:MOST_COLUMNS]]
    say_table([("column", "type", "missing", "values"), *rows], right=(2,))
    if len(found.columns) > MOST_COLUMNS:
        say(f"and {counted(len(found.columns) - MOST_COLUMNS, 'column')} more, which --json has")
    if found.labels:
        say("", f"samples per {'label' if _is_multi_label(found) else 'class'} of {found.target!r}:")
        show_classes(found.labels)
    show_rest(found.notices, found.document, found.problems, table.file)


def _written(table: Table) -> str:
    """How a table is written."""
    dialect = table.dialect
    facts = [_FORMATS[table.format]] if table.format in _FORMATS else []
    if table.sheet is not None:
        facts.append(f"sheet {printable(table.sheet, 40)}")
    if table.is_text:
        facts += [str(table.encoding), _SIGNS.get(dialect.delimiter, "delimiters")]
        facts.append(f"decimal {'point' if dialect.decimal == '.' else 'comma'}")
    if table.has_lines:
        names = f"names in {table.where.unit} {table.header_line}"
        facts.append(names if dialect.header else "no names")
    return ", ".join(facts)


def _row(column: TableColumn, found: Profile) -> tuple[str, str, str, str]:
    name, missing = printable(column.name, 40), f"{column.missing:,}" if column.missing else ""
    if column.name in found.targets:
        return name, "target", missing, content(column)
    if column.problem:
        return name, "problem", missing, column.problem
    if column.type == "ignore":
        return name, "left out", missing, column.reason
    return name, column.type, missing, content(column)
