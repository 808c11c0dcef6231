"""The checkpoint of an attempt in the artifact store, so that the next attempt can run on any machine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from quickml.errors import ArtifactError, ArtifactNotFoundError, FencedError
from quickml.jobs.job import Attempt
from quickml.jobs.jobs import JobStore
from quickml.storage.artifacts.store import ArtifactStore


class StoredCheckpoint:
    """Fetches the checkpoint that an earlier attempt stored, and stores those of this attempt.

    Files are addressed by their content, and a replaced one is deleted. So no two attempts may write the same
    bytes: `label` has to be part of the file.
    """

    def __init__(self, attempt: Attempt, path: Path, *, jobs: JobStore, artifacts: ArtifactStore) -> None:
        """The training reads and writes the file at `path`."""
        self._attempt, self._path, self._jobs, self._artifacts = attempt, path, jobs, artifacts
        self.label = f"{attempt.job_id} {attempt.number}"
        self._latest = attempt.checkpoint

    def fetch(self) -> None:
        """Copy the stored checkpoint to `path`. If it is lost, the training starts from the beginning.

        Raises:
            ArtifactError: the artifact store cannot be read.
            OSError: the file cannot be written.
        """
        if self._latest is None:
            return
        try:
            with self._artifacts.open(self._latest) as stored, self._path.open("wb") as copy:
                shutil.copyfileobj(stored, copy)
        except ArtifactNotFoundError as error:
            sys.stderr.write(f"{self._attempt.job_id}: the checkpoint cannot be fetched: {error}\n")

    def store(self) -> None:
        """Store the file at `path` in place of the previous checkpoint.

        Raises:
            ArtifactError: the artifact store cannot be written; the previous checkpoint is still there.
            FencedError: the attempt does not hold its job any more.
            StoreError: the database cannot be written.
        """
        sha256 = self._artifacts.put(self._path).sha256
        try:
            replaced = self._jobs.keep_checkpoint(self._attempt, sha256)
        except FencedError:
            self._artifacts.delete(sha256)
            raise
        self._latest = sha256
        if replaced not in (None, sha256):
            self._delete(replaced)

    def discard(self) -> None:
        """Delete the stored checkpoint of a job that is finished."""
        if self._latest is not None:
            self._delete(self._latest)

    def _delete(self, sha256: str) -> None:
        try:
            self._artifacts.delete(sha256)
        except ArtifactError as error:  # a later sweep removes it
            sys.stderr.write(f"{self._attempt.job_id}: a checkpoint was not deleted: {error}\n")
