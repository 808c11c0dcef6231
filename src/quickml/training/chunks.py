"""How many steps to take in one call, and when to stop."""

from __future__ import annotations

from collections.abc import Mapping

from quickml.document.training import EarlyStopping

TARGET_S = 0.35
"""A chunk this long hides the cost of the call, and lets a person who asks to stop not wait."""
GROWTH = 4


class ChunkSizer:
    """Chooses the length of chunks so that each takes about `TARGET_S`."""

    def __init__(self) -> None:
        self._length = 0
        self.is_timed = False
        """Whether a chunk was timed that says something about speed."""

    def length(self, remaining: int) -> int:
        """Steps for the next chunk, of those left in the epoch."""
        return min(max(1, self._length), remaining)

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a chunk. The first one is compiled on the way, so its time says nothing."""
        if not self._length:
            self._length = 1
            return
        self.is_timed = True
        fitting = int(TARGET_S * steps / max(seconds, 1e-6))
        self._length = max(1, min(fitting, GROWTH * max(steps, self._length)))


class EarlyStopper:
    """Early stopping as Keras defines it."""

    def __init__(self, rule: EarlyStopping) -> None:
        self.rule = rule
        self._sign = -1.0 if rule.monitor.endswith("accuracy") else 1.0
        self._best = float("inf")
        self._waited = 0

    def is_better(self, metrics: Mapping[str, float]) -> bool:
        """Take the metrics of one more epoch: whether they are the best so far, by `min_delta`."""
        value = self._sign * metrics[self.rule.monitor]
        better = value < self._best - self.rule.min_delta
        self._best, self._waited = (value, 0) if better else (self._best, self._waited + 1)
        return better

    @property
    def state(self) -> tuple[float, int]:
        """The best value, as something to be minimised, and the epochs since."""
        return self._best, self._waited

    @state.setter
    def state(self, state: tuple[float, int]) -> None:
        self._best, self._waited = state

    @property
    def is_over(self) -> bool:
        """Whether nothing became better for as long as the rule waits; at least one epoch."""
        return self._waited >= max(1, self.rule.patience)
