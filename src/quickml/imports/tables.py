"""Tables: what is in one, and some of its rows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quickml.datasets.files import TableReference
from quickml.document.dataset_options import given_options, table_targets
from quickml.errors import TableError
from quickml.imports.kinds import has_beginning
from quickml.imports.partial import MOST_BYTES
from quickml.imports.work import ImportWork
from quickml.sources.formats import HEAD_BYTES

if TYPE_CHECKING:
    from quickml.tables.rows import Rows

MOST_CHARACTERS = 1_000_000
"""Most characters of a page of rows, with one more for each cell; it ends before the row that would exceed
it."""


def profile(work: ImportWork) -> dict[str, Any]:
    """See `tables.profile`."""
    from quickml.tables.profile import profile

    query = {name: text for name, text in work.query.items() if name != "target"}
    targets, options = table_targets(work.query.get("target")), given_options(TableReference, query)
    return {
        "profile": profile(work.only[1], work.file, list(targets), options).message().model_dump(mode="json")
    }


def rows(work: ImportWork) -> dict[str, Any]:
    """Some rows, read from the beginning: rows have no index. Of a damaged text, those before the damage.

    Raises:
        TableError: the file is damaged before the first of these rows, or is no table.
    """
    path = work.only[1]
    try:
        return _rows(work, path)
    except TableError as error:
        before = _before(path, error.line)
        if not before:
            raise
        with tempfile.NamedTemporaryFile() as file:
            file.write(before)
            file.flush()
            try:
                found = _rows(work, Path(file.name))
            except TableError:
                raise error from None
        if not found["rows"]:  # those before the damage were shown
            raise
        return {**found, "is_last": False}


def _before(path: Path, line: int | None) -> bytes:
    """The lines near the beginning of a text that are before one; empty if there is no row among them."""
    with path.open("rb") as stream:
        start = stream.read(MOST_BYTES)
    if not line or not has_beginning(start[:HEAD_BYTES]):
        return b""
    lines = start.splitlines(keepends=True)[:-1][: line - 1]  # the last may be cut off
    return b"".join(lines) if len(lines) > 1 else b""


def _rows(work: ImportWork, path: Path) -> dict[str, Any]:
    from quickml.tables.formats import opened_rows

    first, limit = work.asked["offset"], work.asked["limit"]
    found: list[list[str]] = []
    lines: list[int] = []
    left, is_last = MOST_CHARACTERS, True
    with opened_rows(path, work.file) as records:
        for row, line in islice(_all(records), first, None):
            size = sum(map(len, row))
            left -= size + len(row)
            if size > MOST_CHARACTERS:
                expected = f"at most {MOST_CHARACTERS:,} characters in a row that is shown"
                raise TableError(work.file, expected, f"{size:,}", line=line)
            if len(found) == limit or (found and left < 0):
                is_last = False
                break
            found.append(list(row))
            lines.append(line)
    return {"names": records.names, "offset": first, "rows": found, "lines": lines, "is_last": is_last}


def _all(records: Rows) -> Iterator[tuple[Sequence[str], int]]:
    for chunk in records.chunks():
        yield from zip(chunk.rows, chunk.lines, strict=True)
