"""A host that only runs attempts: `quickml worker`."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from quickml.errors import ArtifactError, StoreError
from quickml.executors.local.executor import LocalExecutor
from quickml.imports.places import remove_unowned
from quickml.jobs.hosts import Host
from quickml.storage.artifacts.store import ArtifactStore
from quickml.uploads.uploads import UploadStore

log = logging.getLogger(__name__)

LOOK_S = 0.2
"""How often it is looked whether the host is to end."""
SWEEP_EVERY_S = 60.0
"""How often it is looked which files of users were deleted."""


class WorkerHost:
    """Runs attempts until it is told to end."""

    def __init__(
        self,
        executor: LocalExecutor,
        uploads: UploadStore,
        artifacts: ArtifactStore,
        imports: Path,
        *,
        grace_s: float,
    ) -> None:
        """Run those of `executor`, whose workers keep in `imports` what they made of files of users."""
        self._executor, self._uploads, self._imports, self._grace_s = executor, uploads, imports, grace_s
        self._artifacts = artifacts
        self._swept_at = time.monotonic()

    @property
    def host(self) -> Host:
        """As others see it."""
        return self._executor.host

    def run(self, asked: Callable[[], int]) -> None:
        """Run attempts until `asked` gives a number above 0, and then end in order; at once when above 1.

        An attempt that is about to be complete is finished. Others store a checkpoint and are given back.
        None takes longer than the grace period.

        Raises:
            StoreError: the database was changed by another release, or the host cannot work.
        """
        self._executor.start()
        misfit = ""
        while not asked() and not misfit:
            time.sleep(LOOK_S)
            misfit = self._executor.misfit
            if time.monotonic() - self._swept_at > SWEEP_EVERY_S:
                self._sweep()
        self._end(asked)
        if misfit:
            raise StoreError(misfit)

    def _end(self, asked: Callable[[], int]) -> None:
        closing = threading.Thread(target=self._executor.close, args=(self._grace_s,), name="closing")
        closing.start()
        while closing.is_alive():
            closing.join(LOOK_S)
            if asked() > 1:
                self._executor.hurry()

    def _sweep(self) -> None:
        """Remove what was made of files that their owners have deleted."""
        try:
            remove_unowned(self._imports, self._uploads.owned())
            self._artifacts.forget_copies()
        except (ArtifactError, StoreError) as error:
            log.error("what is left of deleted files is not removed: %s", error)
        self._swept_at = time.monotonic()
