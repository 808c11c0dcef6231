"""Reads a table in a process of its own, with a limit on its memory: `python -m quickml.tables`.

JSON in, JSON out. A server starts it for files of its users: whatever a file is, only this process suffers.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from quickml.datasets.files import TableReference
from quickml.errors import DatasetError, DocumentError, TableError


def main() -> None:
    """Do what standard input asks for: `describe` a reference, or `profile` a file, or show its `rows`."""
    asked = json.load(sys.stdin)
    _limit(asked["memory_bytes"])
    try:
        answer = {"describe": _describe, "profile": _profile, "rows": _rows}[asked["work"]](asked)
    except DocumentError as error:
        answer = {"problems": [asdict(problem) for problem in error.problems]}
    except (DatasetError, TableError) as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"memory": True}
    json.dump(answer, sys.stdout)


def _limit(memory_bytes: int) -> None:
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))


def _describe(asked: dict[str, Any]) -> dict[str, Any]:
    from quickml.tables.stored import StoredFiles

    files = StoredFiles(lambda sha256: Path(asked["paths"][sha256]))
    found = files.describe(TableReference.model_validate(asked["reference"]))
    return {
        "info": found.info.model_dump(mode="json"),
        "reference": found.reference.model_dump(mode="json"),
        "notices": [asdict(notice) for notice in found.notices],
    }


def _profile(asked: dict[str, Any]) -> dict[str, Any]:
    from quickml.tables.profile import profile

    (path,) = asked["paths"].values()
    return {"profile": profile(Path(path), asked["file"], asked["target"], asked["options"]).to_json()}


def _rows(asked: dict[str, Any]) -> dict[str, Any]:
    """Some rows, read from the beginning: rows have no index."""
    from quickml.tables.dialect import Asked, dialect
    from quickml.tables.records import Records
    from quickml.tables.text import opened, source

    (path,) = asked["paths"].values()
    first, stop = asked["offset"], asked["offset"] + asked["limit"]
    found: list[tuple[list[str], int]] = []
    count = 0
    with opened(Path(path), asked["file"]) as stream:
        text = source(stream, asked["file"], None)
        records = Records(text, dialect(text.sample, is_whole=text.is_whole, asked=Asked()))
        for chunk in records.chunks():
            wanted = slice(max(0, first - count), max(0, stop + 1 - count))
            found += [
                (list(row), line) for row, line in zip(chunk.rows[wanted], chunk.lines[wanted], strict=True)
            ]
            count += len(chunk.rows)
            if count > stop:
                break
    is_last, found = len(found) <= asked["limit"], found[: asked["limit"]]
    return {
        "rows": {
            "names": records.names,
            "offset": first,
            "rows": [row for row, _ in found],
            "lines": [line for _, line in found],
            "is_last": is_last,
        }
    }


if __name__ == "__main__":
    main()
