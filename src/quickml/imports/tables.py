"""Tables: what is in one, and some of its rows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from quickml.datasets.files import TableReference
from quickml.document.dataset_options import given_options, table_targets
from quickml.errors import TableError
from quickml.imports.kinds import HEAD_BYTES, has_beginning
from quickml.imports.partial import MOST_BYTES
from quickml.imports.work import ImportWork


def profile(work: ImportWork) -> dict[str, Any]:
    """See `tables.profile`."""
    from quickml.tables.profile import profile

    query = {name: text for name, text in work.query.items() if name != "target"}
    targets, options = table_targets(work.query.get("target")), given_options(TableReference, query)
    return {"profile": profile(work.only[1], work.file, list(targets), options).to_json()}


def rows(work: ImportWork) -> dict[str, Any]:
    """Some rows, read from the beginning: rows have no index. Of a damaged text, those before the damage."""
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
        return {**found, "is_last": False}


def _before(path: Path, line: int | None) -> bytes:
    """The lines near the beginning of a text that are before one; empty if there is no row among them."""
    with path.open("rb") as stream:
        start = stream.read(MOST_BYTES)
    if not line or not has_beginning(start[:HEAD_BYTES]):
        return b""
    lines = start.splitlines(keepends=True)[: line - 1]
    return b"".join(lines) if len(lines) > 1 else b""


def _rows(work: ImportWork, path: Path) -> dict[str, Any]:
    from quickml.tables.formats import opened_rows

    first, stop = work.asked["offset"], work.asked["offset"] + work.asked["limit"]
    found: list[tuple[list[str], int]] = []
    count = 0
    with opened_rows(path, work.file) as records:
        for chunk in records.chunks():
            wanted = slice(max(0, first - count), max(0, stop + 1 - count))
            found += [
                (list(row), line) for row, line in zip(chunk.rows[wanted], chunk.lines[wanted], strict=True)
            ]
            count += len(chunk.rows)
            if count > stop:
                break
    is_last, found = len(found) <= work.asked["limit"], found[: work.asked["limit"]]
    return {
        "names": records.names,
        "offset": first,
        "rows": [row for row, _ in found],
        "lines": [line for _, line in found],
        "is_last": is_last,
    }
