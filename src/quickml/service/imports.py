"""What is in files of users: descriptions, profiles, rows, samples."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from quickml.datasets import registry
from quickml.datasets.catalog import Described
from quickml.datasets.files import FileReference, pins_of
from quickml.datasets.info import DatasetInfo
from quickml.document.advice import told
from quickml.document.codes import Code
from quickml.document.problem import problem
from quickml.errors import (
    DatasetUnavailableError,
    DiskFullError,
    DocumentError,
    FileImportingError,
    Notice,
    Problem,
    QuickMLError,
    RequestError,
    UploadNotFoundError,
)
from quickml.imports.kept import kept
from quickml.imports.kinds import has_beginning, is_slow, is_table
from quickml.imports.partial import whole_rows
from quickml.imports.places import PARTIAL, file_folder, remove_abandoned, remove_unowned, temporary_folder
from quickml.service.import_run import MOST_ANSWER_BYTES, Answer, ImportRun, ImportTask, Pins
from quickml.service.import_runs import PASSING, ImportRuns
from quickml.sources.formats import HEAD_BYTES
from quickml.storage.artifacts.store import ArtifactStore
from quickml.storage.room import Room
from quickml.uploads.record import UserFile
from quickml.uploads.uploads import UploadStore

if TYPE_CHECKING:
    from quickml.datasets.data import Data


IMPORTING: Code = "file-importing"
"""The code of the problem of a document whose file is being read."""


Options = Mapping[str, str]
"""Options of the dataset in a query."""
NO_OPTIONS: Options = {}


class Importer:
    """Describes files of users. Thread-safe.

    What takes long goes on in the background: `FileImportingError` is raised until it is done. Everything is
    kept by owner.
    """

    def __init__(self, artifacts: ArtifactStore, files: UploadStore, folder: Path, *, room: Room) -> None:
        """Read files of the stores; `folder` is for what is made of them, and can be made again."""
        self._artifacts, self._files, self._folder = artifacts, files, folder
        self._limits, self._room = files.limits, room
        self._runs = ImportRuns(artifacts, self._prepared, self._is_there, self._discard)
        self.news = self._runs.news
        remove_abandoned(folder)

    def describe(self, owner: str, reference: FileReference) -> Described:
        """What the data is of files that the owner has uploaded; they are pinned.

        Raises:
            DocumentError: the file and the reference do not fit.
            FileImportingError: it is being read.
            DatasetUnavailableError: it cannot be described.
            DiskFullError: there is too little room.
        """
        asked = {"work": "describe", "reference": reference.model_dump(mode="json", exclude_none=True)}
        task = self._task(owner, asked, pins_of(reference), reference.name)
        answer = self._answer(self._runs.start(task), reference.file)
        kind = registry.find(reference.name)
        assert kind is not None
        return Described(
            info=DatasetInfo.model_validate(answer["info"]),
            reference=kind.model_validate(answer["reference"]),
            notices=tuple(Notice(**notice) for notice in answer["notices"]),
        )

    def profile(self, owner: str, file: UserFile, options: Options = NO_OPTIONS) -> dict[str, Any]:
        """What is in a file; see `tables.profile` and the like. `options` are those of a query.

        Raises:
            RequestError: an option does not fit the kind of the file.
            DocumentError, DatasetUnavailableError: nothing can be learned from it.
            FileImportingError, DiskFullError: see `describe`.
        """
        run = self._runs.start(self._profile_task(owner, file, options))
        found: dict[str, Any] = self._answer(run, file.name)["profile"]
        return found

    def partial(
        self, owner: str, name: str, start: bytes, received_bytes: int, options: Options = NO_OPTIONS
    ) -> dict[str, Any] | None:
        """What is in the beginning of a table that is still arriving; `start` are its first bytes. None if
        that is no table yet, or only the whole of the file can be looked into.

        Raises:
            DocumentError: nothing can be learned from it.
        """
        if not has_beginning(start[:HEAD_BYTES]) or options.get("kind") == "recordings":
            return None
        rows = whole_rows(start)
        if not rows:
            return None
        with self._temporary(rows) as file:
            asked = {"work": "profile", "file": name, "options": dict(options), "paths": {"": file.name}}
            try:
                found: dict[str, Any] = self._once(self._task(owner, asked, [], "table"))["profile"]
            except DatasetUnavailableError:  # such as a header without rows; of the whole file, it is told
                return None
        known = {"sha256": None, "is_partial": True}
        return {**found, **known, "received_bytes": received_bytes, "read_bytes": len(rows)}

    def rows(self, owner: str, file: UserFile, *, offset: int, limit: int) -> dict[str, Any]:
        """Some rows of a table, as texts.

        Raises:
            DocumentError, DatasetError: see `profile`.
        """
        asked = {"work": "rows", "file": file.name, "offset": offset, "limit": limit}
        found: dict[str, Any] = self._once(self._task(owner, asked, [file.sha256], "table"))["rows"]
        return found

    def samples(self, owner: str, file: UserFile) -> tuple[DatasetInfo, Data]:
        """The pictures of a file, as the document learns from them that its profile proposes.

        Raises:
            DatasetUnavailableError: it has none, or they cannot be learned from.
            DocumentError, FileImportingError, DiskFullError: see `profile`.
        """
        task = self._profile_task(owner, file)
        for _ in range(2):
            run = self._runs.start(task)
            found = self._answer(run, file.name).get("samples")
            if found is None:
                raise DatasetUnavailableError(f"{file.name}: expected pictures that can be learned from")
            info = DatasetInfo.model_validate(found["info"])
            data = kept(file_folder(self._folder, owner, file.sha256) / found["key"], info)
            if data is not None:
                return info, data
            self._runs.drop(run)  # they had to make room for others
        raise FileImportingError([_importing(file.name, "soon", file.sha256)])

    def run(self, owner: str, file: UserFile) -> ImportRun:
        """The newest run that reads a file; a new one if there is none."""
        return self._runs.newest(owner, file.sha256) or self._runs.start(self._profile_task(owner, file))

    def forget(self, owner: str, sha256: str) -> None:
        """Forget everything about a file of an owner, and remove what was made of it."""
        self._runs.forget(owner, sha256)
        self._discard(owner, sha256)

    def sweep(self) -> None:
        """Remove what was made of files that are not there any more."""
        remove_unowned(self._folder, self._files.owned())

    def close(self) -> None:
        """End what goes on."""
        self._runs.close()

    def _profile_task(self, owner: str, file: UserFile, options: Options = NO_OPTIONS) -> ImportTask:
        with self._artifacts.open(file.sha256, 0, HEAD_BYTES) as stream:
            kind = "table" if is_table(stream.read(HEAD_BYTES) or b"") else "others"
        asked = {"work": "profile", "file": file.name, "options": dict(options)}
        return self._task(owner, asked, [file.sha256], kind)

    def _task(self, owner: str, asked: Answer, pins: Sequence[str], kind: str) -> ImportTask:
        slow, limits = is_slow(kind), self._limits
        timeout_s = limits.import_pictures_timeout_s if slow else limits.import_timeout_s
        return ImportTask(owner=owner, asked=asked, pins=tuple(pins), timeout_s=timeout_s, is_slow=slow)

    def _answer(self, run: ImportRun, file: str) -> Answer:
        task = run.task
        if task.is_slow and (not run.is_done or "later" in run.answer):
            done = "{done:,} of {total:,} pictures are {what}".format(**run.progress) if run.progress else ""
            raise FileImportingError([_importing(file, done or "it waits", task.pins[0])])
        answer = run.wait()
        if PASSING & answer.keys():
            self._runs.drop(run)
        return self._checked(answer, task)

    def _once(self, task: ImportTask) -> Answer:
        """The answer of a task that is quick; it is not kept."""
        run = self._runs.start(task)
        answer = run.wait()
        self._runs.drop(run)
        return self._checked(answer, task)

    def _checked(self, answer: Answer, task: ImportTask) -> Answer:
        """The result of an import that did not fail."""
        if "problems" in answer:
            raise DocumentError([Problem(**one) for one in answer["problems"]])
        if "request" in answer:
            raise RequestError([Problem(**one) for one in answer["request"]])
        if "error" in answer:
            raise DatasetUnavailableError(answer["error"])
        if "cancelled" in answer:
            raise UploadNotFoundError(task.pins[0] if task.pins else "")
        if "disk" in answer:
            raise self._disk_full()
        if "killed" in answer:
            raise DatasetUnavailableError("expected a process that reads the file, found none; try again")
        if answer.keys() & {"memory", "late", "long"}:
            raise DocumentError([_too_large(answer, is_table=not task.is_slow)])
        return answer

    def _disk_full(self) -> DiskFullError:
        return DiskFullError(needed_bytes=self._room.needed_bytes, free_bytes=self._room.free_bytes())

    def _temporary(self, content: bytes) -> IO[bytes]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = tempfile.NamedTemporaryFile(dir=self._folder, prefix=".", suffix=PARTIAL)  # noqa: SIM115
            try:
                file.write(content)
                file.flush()
            except OSError:
                file.close()
                raise
        except OSError as error:
            raise self._disk_full() from error
        return file

    @contextmanager
    def _prepared(self, task: ImportTask) -> Iterator[Answer]:
        limits = self._limits
        folders = {
            "root": str(self._folder),
            "owner": task.owner,
            "most_bytes": limits.files_per_owner_bytes,
            "spare_bytes": self._room.needed_bytes,
        }
        about = {"memory_bytes": limits.import_memory_bytes, "folders": folders}
        with temporary_folder(self._folder) as temporary:
            yield {**about, "temporary": str(temporary)}

    def _is_there(self, owner: str, pins: Pins) -> bool:
        try:
            for pin in pins:
                self._files.file(pin, owner)
        except UploadNotFoundError:
            return False
        except QuickMLError:  # the database cannot be read: the next sweep knows
            return True
        return True

    def _discard(self, owner: str, sha256: str) -> None:
        folder = file_folder(self._folder, owner, sha256)
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # the owner has others
            folder.parent.rmdir()


def _too_large(answer: Answer, *, is_table: bool) -> Problem:
    what = f"{answer['late']:g} seconds" if "late" in answer else "memory"
    expected = f"a file that can be read with the {what} that this server allows"
    if "long" in answer:
        expected = f"a file whose description needs at most {MOST_ANSWER_BYTES >> 20} MiB"
    return problem(
        "table-file" if is_table else "pictures-source",
        "/dataset/file",
        expected=expected,
        found="one that needs more",
        advice=told("send fewer rows or columns" if is_table else "send fewer pictures, or smaller ones"),
    )


def _importing(file: str, done: str, sha256: str) -> Problem:
    return problem(
        IMPORTING,
        "/dataset/file",
        expected="a file that the server has read",
        found=f"{file!r:.200}, which it is reading ({done})",
        advice=told("wait for it, and ask again"),
        file=file,
        sha256=sha256,
    )
