"""Reads a file of a user in a process of its own, with a limit on its memory: `python -m quickml.imports`.

A line of JSON in; lines of JSON out, the last of which is the answer. Whatever a file is, only this process
suffers. It ends when its standard input does: a server that is killed leaves nobody behind.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from quickml.datasets import registry
from quickml.errors import (
    ArraysError,
    DatasetError,
    DocumentError,
    PicturesError,
    Problem,
    RecordingsError,
    RequestError,
    SourceError,
    TableError,
)
from quickml.imports.kinds import kind_of
from quickml.imports.places import FULL, PictureFolders
from quickml.imports.work import ImportWork

TOLD_EVERY_S = 0.2
MOST_FAULTS = 100
"""Problems that are told as they are found; the answer counts the others."""


def main() -> None:
    """Do what standard input asks for."""
    asked = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    tempfile.tempdir = asked["temporary"]  # what is left there is removed
    _limit(asked["memory_bytes"])
    try:
        answer = _done(asked)
    except DocumentError as error:
        answer = {"problems": [asdict(problem) for problem in error.problems]}
    except RequestError as error:
        answer = {"request": [asdict(problem) for problem in error.problems]}
    except SourceError as error:
        answer = {"error": str(error), "told": [asdict(problem) for problem in _refused(error).problems]}
    except DatasetError as error:
        is_full = isinstance(error.__cause__, OSError)
        answer = {"disk": True} if is_full else {"error": str(error)}  # the text of the former has a path
    except MemoryError:
        answer = {"memory": True}
    except OSError as error:
        if error.errno not in FULL:
            raise
        answer = {"disk": True}
    _tell({"answer": answer})


def _refused(error: SourceError) -> DocumentError:
    """The error as problems of a document that names the file."""
    if isinstance(error, RecordingsError):
        from quickml.recordings.problems import of_source

        return DocumentError([of_source(error)])
    kinds = {PicturesError: "pictures", ArraysError: "arrays", TableError: "tables"}
    found: DocumentError = import_module(f"quickml.{kinds[type(error)]}.problems").refused(error)
    return found


def _end_with_input() -> None:
    while os.read(0, 1):  # not by `sys.stdin`, whose lock this thread would hold at the end
        pass
    os._exit(1)


def _limit(memory_bytes: int) -> None:
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold users' data
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))


def _done(asked: dict[str, Any]) -> dict[str, Any]:
    work = ImportWork(
        asked=asked,
        paths={sha256: Path(path) for sha256, path in asked["paths"].items()},
        folders=PictureFolders(**{**asked["folders"], "root": Path(asked["folders"]["root"])}),
        progress=_Progress(),
    )
    if asked["work"] == "describe":
        return _described(work)
    if asked["work"] == "rows":
        from quickml.imports.tables import rows

        return {"rows": rows(work)}
    kind = kind_of(work.only[1], work.file, work.query.get("kind"))
    if kind != "arrays":  # whose inputs have a kind
        _check_kind(work.asked["options"].pop("kind", kind), kind)
    module = import_module(f"quickml.imports.{'tables' if kind == 'table' else kind}")
    found: dict[str, Any] = module.profile(work)
    return found


def _check_kind(wanted: str, kind: str) -> None:
    if wanted != kind:
        expected = "'table' or 'recordings'" if kind == "table" else repr(kind)
        raise RequestError(
            [Problem(pointer="?kind", expected=f"{expected} for this file", found=f"{wanted!r:.80}")]
        )


def _described(work: ImportWork) -> dict[str, Any]:
    from quickml.imports.catalog import stored

    given = work.asked["reference"]
    kind = registry.find(given["name"])
    if kind is None:
        raise DatasetError(f"{given['name']}: expected a kind of files that is known")
    catalog = stored(lambda sha256: work.paths[sha256], work.folders, work.progress)
    found = catalog.describe(kind.model_validate(given))
    return {
        "info": found.info.model_dump(mode="json"),
        "reference": found.reference.model_dump(mode="json"),
        "notices": [asdict(notice) for notice in found.notices],
    }


class _Progress:
    """Tells how far it is, a few times in a second; and what is wrong with pictures, as it is found."""

    def __init__(self) -> None:
        self._told_at = 0.0
        self._faults = 0

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - self._told_at >= TOLD_EVERY_S:
            self._told_at = now
            _tell({"progress": {"what": what, "done": done, "total": total}})

    def found(self, fault: PicturesError) -> None:
        """See `FaultProgress`."""
        from quickml.pictures.problems import damaged

        self._faults += 1
        if self._faults <= MOST_FAULTS:
            _tell({"problem": asdict(damaged([fault]).problems[0])})


def _tell(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
