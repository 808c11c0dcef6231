"""Who receives the frames of a film while it is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class FrameSink(Protocol):
    """Receives frames while they are recorded. The head and all kept frames, as records, are a film."""

    def start(self, head: bytes) -> None:
        """A film begins with this head (magic and header), and replaces everything received before.

        Called again when a training is resumed; all frames that the film has so far follow.
        """

    def note(self, head: bytes) -> None:
        """The film has another head from now on, and the same frames: a fact became known at its end."""

    def add(self, number: int, body: bytes) -> None:
        """A frame was recorded. `body` is deflated and stands alone: it needs no other frame."""

    def drop(self, numbers: Sequence[int]) -> None:
        """These frames were dropped, because the film has become too long."""
