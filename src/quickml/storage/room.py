"""Free disk space on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

from quickml.errors import ArtifactError, DiskFullError
from quickml.storage.artifacts.store import ArtifactStore


class Room:
    """The disks that a server or worker fills.

    One has the finished files, unless they are in a bucket. One has what is temporary: what running jobs
    make, unfinished uploads, data that was read, and copies of a bucket's files.
    """

    def __init__(self, artifacts: ArtifactStore, folder: Path, *, needed_bytes: int = 0) -> None:
        """What is temporary is in `folder`, which is made if it is missing; `needed_bytes` should be free."""
        self._artifacts, self._folder, self.needed_bytes = artifacts, folder, needed_bytes

    def free_bytes(self) -> int:
        """What is free where the least is.

        Raises:
            ArtifactError: a disk cannot be asked.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            here = shutil.disk_usage(self._folder).free
        except OSError as error:
            raise ArtifactError(f"{self._folder}: cannot be used ({error.strerror})") from error
        stored = self._artifacts.free_bytes()
        return here if stored is None else min(here, stored)

    def lack(self, size_bytes: int = 0) -> DiskFullError | None:
        """The error of a disk that has too little room, or would have with `size_bytes` more.

        Raises:
            ArtifactError: a disk cannot be asked.
        """
        needed, free = self.needed_bytes + size_bytes, self.free_bytes()
        return DiskFullError(needed_bytes=needed, free_bytes=free) if free < needed else None
