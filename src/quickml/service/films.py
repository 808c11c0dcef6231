"""The films of jobs, in pages: from the database while they are recorded, and from the file afterwards."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quickml.errors import ArtifactDamagedError, FilmError
from quickml.events import TERMINAL
from quickml.jobs import lifecycle
from quickml.jobs.frames import HEAD, PAGE, PAGE_BYTES, StoredFrames
from quickml.jobs.job import Artifact
from quickml.jobs.jobs import JobStore
from quickml.storage.artifacts.store import ArtifactStore

if TYPE_CHECKING:
    from quickml.film.pages import LooseFilm

KIND = "film"
"""Kind of the artifact."""
MAX_LOADED_BYTES = 32 << 20
"""Size of all films that are kept in memory."""
MAX_FILE_BYTES = 16 << 20


@dataclass(frozen=True, kw_only=True)
class FramePage:
    """A page of the film of a job, or the file that it has to be taken from; neither if there is no film."""

    content: bytes | None = None
    """A film of the frames."""
    file: Artifact | None = None
    """The finished film."""
    is_over: bool
    """Whether the job is finished."""


class Films:
    """The films of all jobs. Thread-safe."""

    def __init__(self, jobs: JobStore, artifacts: ArtifactStore) -> None:
        self._jobs, self._artifacts = jobs, artifacts
        self._loaded: OrderedDict[str, LooseFilm] = OrderedDict()
        self._lock = threading.Lock()

    def page(self, job_id: str, owner: str, after: int = HEAD) -> FramePage:
        """The first frames with numbers above `after`.

        Raises:
            JobNotFoundError: there is no such job.
            FilesDeletedError: its files were deleted.
        """
        stored = self._jobs.frames(job_id, owner, after)
        is_over = stored.job.status in TERMINAL
        if stored.head is not None:
            return FramePage(content=_page(stored), is_over=is_over)
        lifecycle.check_files(stored.job)
        files = self._jobs.artifacts(job_id) if is_over else []
        return FramePage(file=next((file for file in files if file.kind == KIND), None), is_over=is_over)

    def page_of_file(self, file: Artifact, after: int = HEAD) -> bytes:
        """The same of a finished film.

        Raises:
            ArtifactError: the file is lost or damaged.
        """
        return self._film(file).after(after, PAGE, PAGE_BYTES).to_bytes()

    def _film(self, file: Artifact) -> LooseFilm:
        with self._lock:
            if (film := self._loaded.get(file.sha256)) is not None:
                self._loaded.move_to_end(file.sha256)
                return film
        film = self._read(file)
        with self._lock:
            self._loaded[file.sha256] = film
            while sum(one.size_bytes for one in self._loaded.values()) > MAX_LOADED_BYTES:
                self._loaded.popitem(last=False)
        return film

    def _read(self, file: Artifact) -> LooseFilm:
        from quickml.film.pages import loosened

        if file.size_bytes > MAX_FILE_BYTES:
            found = f"{file.size_bytes:,} bytes"
            raise ArtifactDamagedError(
                file.sha256, expected=f"a film of at most {MAX_FILE_BYTES:,}", found=found
            )
        with self._artifacts.open(file.sha256, 0, file.size_bytes) as stored:
            content = stored.readall()
        try:
            return loosened(content)
        except FilmError as error:
            raise ArtifactDamagedError(file.sha256, expected="a film", found=str(error)) from error


def _page(stored: StoredFrames) -> bytes:
    from quickml.film.pages import LooseFilm

    assert stored.head is not None
    return LooseFilm(head=stored.head, bodies=stored.frames).to_bytes()
