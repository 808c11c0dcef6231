"""A list of pictures: a CSV file with the columns `path` and `target`, beside the pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from quickml.errors import PicturesError, TableError
from quickml.tables.dialect import Asked
from quickml.tables.numbers import is_missing
from quickml.tables.read import Table, read
from quickml.text import printable

PATH, TARGET = "path", "target"


@dataclass(frozen=True, kw_only=True)
class PictureList:
    """What a list says."""

    labels: Mapping[str, str]
    """What is written of each picture, by its path with `/`: its class, or its labels, of which it may have
    none."""
    fault: PicturesError | None
    """What is wrong if each picture has to have a class."""
    sha256: str
    """Of the list."""


def is_list(start: bytes) -> bool:
    """Whether a file that begins so has the columns of a list."""
    head = start.decode(errors="replace").lstrip("\ufeff").partition("\n")[0]
    return {PATH, TARGET} <= {
        name.strip(' "\r').casefold() for name in head.replace(";", ",").replace("\t", ",").split(",")
    }


def listed_pictures(path: Path, file: str, is_there: Callable[[str], bool]) -> PictureList:
    """Read a list; `file` is what messages call it, `is_there` tells whether there is a file of a name.

    Raises:
        PicturesError: it cannot be read, or names a file that is not beside it.
    """
    try:
        table = read(
            path, file, asked=Asked(names=frozenset({PATH, TARGET})), whole=lambda name: name == PATH
        )
    except TableError as error:
        raise PicturesError(file, error.expected, error.found, error.hint, line=error.line) from None
    if not {PATH, TARGET} <= {*table.names}:
        found = ", ".join(printable(name, 30) for name in table.names[:10])
        raise PicturesError(file, f"the columns {PATH!r} and {TARGET!r}", found, line=table.header_line)
    targets = table.columns[TARGET].values
    if targets is None:
        raise PicturesError(file, f"at most 1,000 different texts in {TARGET!r}", "more")
    paths = table.columns[PATH].values or []
    labels: dict[str, str] = {}
    names = {cell: _name(table, cell, is_there) for cell in paths}
    rows = zip(table.columns[PATH].codes, table.columns[TARGET].codes, strict=True)
    for picture, label in ((names[paths[place]], targets[code]) for place, code in rows):
        if labels.setdefault(picture, label) != label and not _is_bare(label):
            found = f"{printable(labels[picture], 40)!r} and {printable(label, 40)!r}"
            hint = 'write several labels in one cell, and the sign between them as "separator"'
            raise PicturesError(file, "one class for a picture", found, hint, entry=picture)
    fault = None
    if any(map(_is_bare, targets)):
        hint = 'complete it; or write "separator" if pictures can have several labels, or none'
        line = table.line_where(TARGET, _is_bare)
        fault = PicturesError(file, "the class of each picture", "none", hint, line=line)
    return PictureList(labels=labels, fault=fault, sha256=table.sha256)


def _is_bare(cell: str) -> bool:
    return is_missing(cell) or not cell.strip()


def _name(table: Table, cell: str, is_there: Callable[[str], bool]) -> str:
    """The path in a cell, with `/`."""
    name = PurePosixPath(cell.strip().replace("\\", "/"))
    hint = ""
    if name.is_absolute() or PureWindowsPath(cell.strip()).drive or ".." in name.parts:
        expected, found = "the path of a picture below the folder of this file", "one outside of it"
    elif not cell.strip() or not is_there(name.as_posix()):
        expected, found = "the path of a picture", "no file there"
        hint = f"paths are relative to the folder of {printable(table.file, 60)}"
    else:
        return name.as_posix()
    line = table.line_of(PATH, cell)
    raise PicturesError(table.file, expected, found, hint, entry=cell, line=line)
