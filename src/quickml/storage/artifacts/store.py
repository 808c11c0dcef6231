"""Where finished files lie: the port, with `filesystem.py`, its form on disk, and `memory.py`, its twin."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO, Protocol

from quickml.errors import ArtifactNotFoundError

SWEEP_AGE_S = 3600.0
"""How long a file that nobody refers to may lie there: it may be about to be referred to."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ArtifactStore(Protocol):
    """Files by the sha256 of their content, in 64 lower-case hexadecimal digits. Safe from several processes.

    What is no sha256 is nowhere: `ArtifactNotFoundError`, from every call that takes one. Any call may raise
    `ArtifactError`, when the disk refuses.
    """

    def put(self, path: Path) -> tuple[str, int]:
        """Store a copy of a file, which is whole and on disk when this returns, or not there.

        Content that is there already counts as new: a sweep leaves it alone for a while.

        Returns:
            Its sha256, and its size in bytes.
        """

    def open(self, sha256: str) -> BinaryIO:
        """The content, to be read and closed. It can be read to its end also when it is removed meanwhile."""

    def path(self, sha256: str) -> Path:
        """Where it lies, for those who need a name. Not to be written to."""

    def place(self, sha256: str) -> str:
        """The same relative to the store's folder, with `/`: for a server before this one, that sends it."""

    def size(self, sha256: str) -> int:
        """In bytes."""

    def delete(self, sha256: str) -> None:
        """Remove a file at once; nothing happens where there is none.

        Whoever put the same content a moment ago loses it too: `sweep` does not do that.
        """

    def sweep(self, keep: set[str], *, age_s: float = SWEEP_AGE_S) -> set[str]:
        """Remove what is not in `keep` and was put longer ago than `age_s`, and what broken puts left behind.

        Returns:
            The sha256 of all removed files.
        """

    def usage_bytes(self) -> int:
        """What all files take."""

    def free_bytes(self) -> int:
        """What else there is room for."""


def checked(sha256: str) -> str:
    """A text from outside, which is a sha256 and so can be no path.

    Raises:
        ArtifactNotFoundError: it is none.
    """
    if not _SHA256.fullmatch(sha256):
        raise ArtifactNotFoundError(sha256)
    return sha256
