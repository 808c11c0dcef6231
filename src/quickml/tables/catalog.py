"""A catalog that also reads the files of the user, from the folder of the document that names them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quickml.datasets.catalog import REGISTERED, Catalog
from quickml.datasets.data import Data
from quickml.datasets.dataset import Reference
from quickml.datasets.file_catalog import FileCatalog
from quickml.datasets.files import TableReference
from quickml.datasets.places import located
from quickml.errors import DatasetError, DocumentError, Problem, TableError

if TYPE_CHECKING:
    from quickml.tables.prepare import Prepared
    from quickml.tables.read import Table

Locate = Callable[[str, str | None], Path]
Stamp = tuple[str, int, int, int]
"""What shows that a file is still the same: its path, its inode, its size and its time."""


class LocalTables(FileCatalog[TableReference]):
    """The datasets of another catalog, and tables in files of this machine.

    A table that was described is kept until it is loaded, so that its file is read once.

    Args:
        folder: paths in documents are relative to it.
        others: describes and loads all other datasets.
        locate: returns the path to open for a file's name and its SHA-256. Nothing else decides which path is
            opened. By default `located` in the folder.
    """

    kind = TableReference

    def __init__(self, folder: Path, others: Catalog = REGISTERED, *, locate: Locate | None = None) -> None:
        super().__init__(others)
        self._path: Locate = locate or partial(located, folder)
        self._kept: tuple[str, tuple[Stamp, ...], Prepared] | None = None

    def load(self, reference: Reference) -> Data:
        """See `Catalog`. The file has to be the one that was described."""
        data = super().load(reference)
        self._kept = None
        return data

    def _prepared(self, reference: TableReference) -> Prepared:
        from quickml.tables.prepare import prepare

        _check_complete(reference)
        stamps = self._stamps(reference)
        if self._kept and stamps == self._kept[1] and _key(reference) in self._kept[0]:
            return self._kept[2]
        self._kept = None
        table = self._table(reference)
        others = {prefix: self._other(prefix, reference, table) for prefix in reference.files if prefix}
        prepared = prepare(table, reference, others)
        self._kept = (_key(reference) + _key(prepared.reference), stamps, prepared)
        return prepared

    def _table(self, reference: TableReference) -> Table:
        from quickml.tables.dialect import Asked

        kept = {name for name in (reference.group, reference.order) if name is not None}
        named = {*reference.targets, *reference.columns} | kept
        ignored = _ignored(reference) - kept
        return self._read(
            reference.file,
            reference.sha256,
            asked=Asked(
                delimiter=reference.delimiter,
                decimal=reference.decimal,
                header=reference.header,
                names=frozenset(named),
                unread=frozenset(ignored),
            ),
            encoding=reference.encoding,
            sheet=reference.sheet,
            ignored=frozenset(ignored),
            whole=lambda name: name in kept,
        )

    def _other(self, prefix: str, reference: TableReference, table: Table) -> Table:
        """The table with the rows for the test or the validation, which is written like the first one."""
        from quickml.tables.dialect import Asked

        header = reference.header if reference.header is not None else table.dialect.header
        delimiter = table.dialect.delimiter if table.is_text else None
        decimal, unread = table.dialect.decimal, frozenset(_ignored(reference))
        asked = Asked(delimiter=delimiter, decimal=decimal, header=header, unread=unread)
        file, sha256 = reference.files[prefix]
        return self._read(file, sha256, prefix, asked=asked, encoding=table.encoding)

    def _read(self, file: str, sha256: str | None, prefix: str = "", **how: Any) -> Table:
        from quickml.document.files import changed
        from quickml.tables.problems import refused
        from quickml.tables.read import read

        try:
            table = read(self._path(file, sha256), file, **how)
        except TableError as error:
            raise refused(error, f"/dataset/{prefix}file") from None
        if sha256 is not None and table.sha256 != sha256:
            raise changed(file, sha256, table.sha256, f"/dataset/{prefix}sha256")
        return table

    def _stamps(self, reference: TableReference) -> tuple[Stamp, ...]:
        return tuple(_stamp(self._path(file, sha256)) for file, sha256 in reference.files.values())


def _stamp(path: Path) -> Stamp:
    try:
        about = path.stat()
    except (OSError, ValueError):  # reading it says why
        return str(path), 0, 0, 0
    return str(path), about.st_ino, about.st_size, about.st_mtime_ns


def _ignored(reference: TableReference) -> set[str]:
    """The columns that a document leaves out."""
    given = {name for name, kind in reference.columns.items() if kind == "ignore"}
    return given - {*reference.targets}


def _key(reference: TableReference) -> str:
    return reference.model_dump_json() + "\n"


def _check_complete(reference: TableReference) -> None:
    """A document of 2018 may name a table without saying which."""
    if "file" not in reference.__dict__ or "target" not in reference.__dict__:
        raise DatasetError('table: expected "file" and "target", found none')
    for option, other in _EITHER:
        if getattr(reference, option) is not None and getattr(reference, other) is not None:
            raise DocumentError([_both(option, other)])


_EITHER = (("test_file", "group"), ("test_file", "test_fraction"))
"""Options of which only one can be given."""


def _both(option: str, other: str) -> Problem:
    from quickml.document.advice import leave_out
    from quickml.document.problem import problem

    return problem(
        "table-option",
        f"/dataset/{other}",
        expected=f"either {option!r} or {other!r}",
        found="both",
        advice=leave_out(f"/dataset/{other}", "leave it out"),
    )
