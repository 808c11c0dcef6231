"""Progress of a download."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Doing = Literal["waiting", "checking", "fetching", "repairing"]
"""Waiting for another download of the file; reading from disk; downloading; replacing damaged parts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadProgress:
    """Progress of a file or a package."""

    name: str
    size_bytes: int
    done_bytes: int
    """On disk. Shrinks if something has to be downloaded again."""
    fetched_bytes: int
    """Received over the network by this download."""
    doing: Doing

    @property
    def moved_bytes(self) -> int:
        """Bytes that went over the network."""
        return self.fetched_bytes


OnProgress = Callable[[DownloadProgress], None]
"""Called often, in the thread of the download; of an `AsyncClient`, in that of the event loop."""


def ignore(_: DownloadProgress) -> None:
    """Show no progress."""
