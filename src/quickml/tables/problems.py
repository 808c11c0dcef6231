"""What is wrong with a table, as problems of the document that names it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from quickml.datasets.files import TableReference
from quickml.document.advice import Advice, leave_out, put, rename, told, write
from quickml.document.place import escaped
from quickml.document.problem import problem
from quickml.errors import DocumentError, Problem, TableError
from quickml.tables.read import Table
from quickml.tables.types import Fault, shown
from quickml.text import printable

MOST_NAMES = 12
"""Columns that a message lists."""
FORMATS = {"xlsx": "an Excel workbook", "jsonl": "a file of JSON lines", "parquet": "a Parquet file"}


def refused(error: TableError, pointer: str = "/dataset/file") -> DocumentError:
    """The error for a file that cannot be read as a table."""
    return DocumentError([_of_file(error, pointer)])


def _of_file(error: TableError, pointer: str) -> Problem:
    return problem(
        "table-file" if error.line is None else "table-content",
        pointer,
        expected=error.expected,
        found=f"{error.found} ({error.place})",
        advice=told(error.hint),
        file=error.file,
        line=error.line,
        column=None if error.column is None else str(error.column),
    )


def of_fault(fault: Fault, table: Table, column: str, pointer: str, line: int | None = None) -> Problem:
    """The problem of cells of a column, the first of them in a line."""
    if line is None and fault.cell:
        line = table.line_of(column, fault.cell)
    error = table.fault(fault.expected, fault.found, fault.hint, line=line, column=column)
    advice = Advice(fault.hint)
    if fault.option:
        advice = Advice(fault.hint, (put(f"/dataset/{fault.option}", fault.value),))
        pointer = f"/dataset/{fault.option}"
    return problem(
        "table-content",
        pointer,
        expected=fault.expected,
        found=f"{fault.found} ({error.place})",
        advice=advice,
        file=table.file,
        line=line,
        column=column,
    )


def unknown_column(table: Table, name: str, pointer: str, *, key: str = "") -> Problem:
    """The problem of a name that no column has.

    Args:
        table: the table.
        name: as the document has it.
        pointer: of the name; of the object that has it as a key if there is a `key`.
        key: the name, if it is a key.
    """
    known = [one for one in table.names if one]
    folded = {one.strip().casefold(): one for one in reversed(known)}
    close = difflib.get_close_matches(name.strip().casefold(), folded, n=1, cutoff=0.6)
    suggested = [folded[one] for one in close]
    if not suggested:
        words = ""
        if not table.dialect.header:
            first = f"line {table.header_line}"
            words = f'{first} was read as a row; write "header": true if it has the names of the columns'
        advice = told(words)
    elif key:
        source = f"{pointer}/{escaped(key)}"
        advice = rename(source, pointer, escaped(suggested[0])).said(f"did you mean {suggested[0]!r}?")
    else:
        advice = write(pointer, suggested[0], f"did you mean {suggested[0]!r}?")
    return problem(
        "unknown-column",
        f"{pointer}/{escaped(key)}" if key else pointer,
        expected=f"a column of {printable(table.file, 100)} ({listed(known)})",
        found=repr(printable(name, 100)),
        advice=advice,
        file=table.file,
        column=name,
        known=known,
        suggestions=suggested,
    )


def useless_options(table: Table, reference: TableReference) -> list[Problem]:
    """Problems of options that are only for files of another format."""
    options = [] if table.is_text else ["delimiter", "encoding"]
    options += [] if table.has_lines else ["header"]
    return [
        problem(
            "table-option",
            f"/dataset/{option}",
            expected=f"no {option!r}, which {FORMATS[table.format]} does not have",
            found=repr(getattr(reference, option)),
            advice=leave_out(f"/dataset/{option}", "leave it out"),
        )
        for option in options
        if getattr(reference, option) is not None
    ]


def rows(count: int) -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """Names for a message: `a, b, c and 12 more`."""
    shortened = ", ".join(printable(name, 40) for name in names[:most])
    return shortened if len(names) <= most else f"{shortened} and {len(names) - most:,} more"


def cells_listed(cells: Sequence[str], most: int = 6) -> str:
    """Cells for a message: `'a', 'b' and 12 more`."""
    shortened = ", ".join(map(shown, cells[:most]))
    return shortened if len(cells) <= most else f"{shortened} and {len(cells) - most:,} more"
