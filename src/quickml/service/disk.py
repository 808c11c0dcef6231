"""Room for files: files that no job refers to are removed, also when a new job needs their room."""

from __future__ import annotations

import logging
import random
import threading
import time

from quickml.errors import ArtifactError, StoreError
from quickml.events import Status
from quickml.jobs.jobs import JobStore
from quickml.storage.artifacts.checksums import check
from quickml.storage.artifacts.store import SWEEP_AGE_S, ArtifactStore
from quickml.storage.room import Room

log = logging.getLogger(__name__)

SETTLED_S = 60.0
"""Age from which an unreferenced file is removed while no job is verifying."""
RESWEEP_S = 10.0
"""Minimum time between two sweeps for which requests wait."""


class Disk:
    """The files of a service. Thread-safe."""

    def __init__(self, artifacts: ArtifactStore, jobs: JobStore, room: Room) -> None:
        self._artifacts, self._jobs, self._room = artifacts, jobs, room
        self._sweeping = threading.Lock()
        self._swept_at = float("-inf")

    def sweep(self) -> None:
        """Remove files that no job refers to. What fails is tried again at the next sweep.

        A job that is verifying stores its files before it refers to them.
        """
        self._swept_at = time.monotonic()
        try:
            age_s = SWEEP_AGE_S if self._jobs.counts()[Status.VERIFYING] else SETTLED_S
            removed = self._artifacts.sweep(self._jobs.referenced(), age_s=age_s)
        except (ArtifactError, StoreError) as error:
            log.error("unreferenced files were not removed: %s", error)
            return
        if removed:
            log.info("removed %d files that no job refers to", len(removed))

    def forget_copies(self) -> None:
        """Remove copies on this machine of files that another one has removed."""
        try:
            self._artifacts.forget_copies()
        except (ArtifactError, StoreError) as error:
            log.error("copies of deleted files were not removed: %s", error)

    def scrub(self) -> None:
        """Read one stored file, chosen at random, and log an error if it is lost or damaged."""
        try:
            if files := tuple(self._jobs.referenced()):
                check(self._artifacts, random.choice(files))  # noqa: S311  # no secret
        except (ArtifactError, StoreError) as error:
            log.error("%s", error)

    def make_room(self) -> None:
        """Sweep if there is too little room.

        Raises:
            DiskFullError: there still is.
            ArtifactError: the store fails.
        """
        if self._room.lack() is None:
            return
        with self._sweeping:  # the others wait for it
            if time.monotonic() - self._swept_at > RESWEEP_S:
                self.forget_copies()
                self.sweep()
        if error := self._room.lack():
            raise error
