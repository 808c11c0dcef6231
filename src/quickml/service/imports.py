"""Reading the files of users, in processes of their own with a limit on memory and time."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from quickml.datasets.catalog import Described
from quickml.datasets.files import TableReference
from quickml.datasets.info import DatasetInfo
from quickml.document.advice import told
from quickml.document.problem import problem
from quickml.errors import DatasetUnavailableError, DocumentError, Notice, Problem
from quickml.storage.artifacts.store import ArtifactStore
from quickml.uploads.record import FileLimits

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-P", "-m", "quickml.tables")
KEPT = 64
"""Number of results that are kept: the studio checks a document at every change."""

Answer = dict[str, Any]


class Importer:
    """Describes tables of users. Thread-safe.

    Results are kept by owner, so that nobody can find out by their speed what others have imported.
    """

    def __init__(self, artifacts: ArtifactStore, limits: FileLimits) -> None:
        self._artifacts, self._limits = artifacts, limits
        self._kept: OrderedDict[tuple[str, str], tuple[frozenset[str], Answer]] = OrderedDict()
        self._lock = threading.Lock()
        self._deletions = 0

    def describe(self, owner: str, reference: TableReference) -> Described:
        """What a table is that the owner has uploaded; its files are pinned.

        Raises:
            DocumentError: the table and the reference do not fit.
            DatasetUnavailableError: it cannot be described.
        """
        pins = [sha256 for sha256 in (reference.sha256, reference.test_sha256) if sha256]
        asked = {"work": "describe", "reference": reference.model_dump(mode="json", exclude_none=True)}
        answer = self._answer(owner, asked, pins)
        return Described(
            info=DatasetInfo.model_validate(answer["info"]),
            reference=TableReference.model_validate(answer["reference"]),
            notices=tuple(Notice(**notice) for notice in answer["notices"]),
        )

    def profile(
        self, owner: str, sha256: str, file: str, target: str | None, options: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """What is in a table; see `tables.profile`.

        Raises:
            DocumentError: it is no table.
            DatasetUnavailableError: it is no table.
        """
        asked = {"work": "profile", "file": file, "target": target, "options": options or {}}
        found: dict[str, Any] = self._answer(owner, asked, [sha256])["profile"]
        return found

    def rows(self, owner: str, sha256: str, file: str, *, offset: int, limit: int) -> dict[str, Any]:
        """Some rows of a table, as texts.

        Raises:
            DocumentError, DatasetError: see `profile`.
        """
        asked = {"work": "rows", "file": file, "offset": offset, "limit": limit}
        found: dict[str, Any] = self._answer(owner, asked, [sha256])["rows"]
        return found

    def forget(self, owner: str, sha256: str) -> None:
        """Forget everything about a file of an owner."""
        with self._lock:
            self._deletions += 1
            for key in [key for key, (pins, _) in self._kept.items() if key[0] == owner and sha256 in pins]:
                del self._kept[key]

    def _answer(self, owner: str, asked: Answer, pins: Sequence[str]) -> Answer:
        key = owner, json.dumps([asked, pins], sort_keys=True)
        with self._lock:
            deletions = self._deletions
            if key in self._kept:
                self._kept.move_to_end(key)
                return _checked(self._kept[key][1])
        answer = self._run(asked, pins)
        with self._lock:
            if deletions == self._deletions:  # otherwise it may be of a file that is deleted by now
                self._kept[key] = frozenset(pins), answer
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return _checked(answer)

    def _run(self, asked: Answer, pins: Sequence[str]) -> Answer:
        with ExitStack() as files:
            paths = {pin: str(files.enter_context(self._artifacts.local_path(pin))) for pin in pins}
            about = {**asked, "paths": paths, "memory_bytes": self._limits.import_memory_bytes}
            try:
                done = subprocess.run(  # noqa: S603  # our own module
                    COMMAND,
                    input=json.dumps(about),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,  # a traceback may quote the data
                    timeout=self._limits.import_timeout_s,
                    text=True,
                    check=False,
                )
                answer: Answer = json.loads(done.stdout)
            except subprocess.TimeoutExpired:
                return {"late": self._limits.import_timeout_s}
            except ValueError:  # it was killed
                log.warning("a table could not be read: the process ended with %d", done.returncode)
                return {"memory": True}
        return answer


def _checked(answer: Answer) -> Answer:
    """The result of an import that did not fail."""
    if "problems" in answer:
        raise DocumentError([Problem(**one) for one in answer["problems"]])
    if "error" in answer:
        raise DatasetUnavailableError(answer["error"])
    if "memory" in answer or "late" in answer:
        what = "memory" if "memory" in answer else f"{answer['late']:g} seconds"
        raise DocumentError([
            problem(
                "table-file",
                "/dataset/file",
                expected=f"a table that can be read with the {what} that this server allows",
                found="one that needs more",
                advice=told("send fewer rows or columns"),
            )
        ])  # fmt: skip
    return answer
