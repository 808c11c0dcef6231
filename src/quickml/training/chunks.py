"""How many training steps to run in one call."""

from __future__ import annotations

TARGET_S = 0.35
"""Seconds per chunk: long enough to hide the cost of the call, short enough to react to a stop request."""
GROWTH = 4


class ChunkSizer:
    """Chooses the length of chunks so that each takes about `TARGET_S`."""

    def __init__(self) -> None:
        self._length = 0
        self.is_timed = False
        """Whether at least one representative chunk has been timed."""

    def length(self, remaining: int) -> int:
        """Number of steps of the next chunk, at most `remaining`, the steps left in the epoch."""
        return min(max(1, self._length), remaining)

    def took(self, steps: int, seconds: float) -> None:
        """Record the duration of a chunk. The first is ignored, because it includes compilation."""
        if not self._length:
            self._length = 1
            return
        self.is_timed = True
        fitting = int(TARGET_S * steps / max(seconds, 1e-6))
        self._length = max(1, min(fitting, GROWTH * max(steps, self._length)))
