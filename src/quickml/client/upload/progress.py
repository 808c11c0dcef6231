"""Progress of an upload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Uploading = Literal["reading", "sending", "done"]
"""Computing the SHA-256 of the file; sending it; the server has all of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadProgress:
    """Progress of a file."""

    name: str
    size_bytes: int
    done_bytes: int
    """Read, or sent. Shrinks if something has to be sent again."""
    sent_bytes: int
    """Sent over the network by this upload."""
    doing: Uploading

    @property
    def moved_bytes(self) -> int:
        """Bytes that went over the network."""
        return self.sent_bytes


OnUploadProgress = Callable[[UploadProgress], None]
"""Called often, in the thread of the upload; of an `AsyncClient`, in that of the event loop."""


def ignore(_: UploadProgress) -> None:
    """Show no progress."""
