"""Tables: what is in one, and some of its rows."""

from __future__ import annotations

from typing import Any

from quickml.datasets.files import TableReference
from quickml.document.dataset_options import given_options, table_targets
from quickml.imports.work import ImportWork


def profile(work: ImportWork) -> dict[str, Any]:
    """See `tables.profile`."""
    from quickml.tables.profile import profile

    query = {name: text for name, text in work.query.items() if name != "target"}
    targets, options = table_targets(work.query.get("target")), given_options(TableReference, query)
    return {"profile": profile(work.only[1], work.file, list(targets), options).to_json()}


def rows(work: ImportWork) -> dict[str, Any]:
    """Some rows, read from the beginning: rows have no index."""
    from quickml.tables.formats import opened_rows

    first, stop = work.asked["offset"], work.asked["offset"] + work.asked["limit"]
    found: list[tuple[list[str], int]] = []
    count = 0
    with opened_rows(work.only[1], work.file) as records:
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
