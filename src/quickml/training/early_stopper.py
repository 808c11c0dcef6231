"""Early stopping, as Keras defines it."""

from __future__ import annotations

from collections.abc import Mapping

from quickml.document.training import HIGHER_IS_BETTER, EarlyStopping


class EarlyStopper:
    """Decides after each epoch whether it was the best so far, and whether training should end."""

    def __init__(self, rule: EarlyStopping) -> None:
        self.rule = rule
        self._sign = -1.0 if rule.monitor.removeprefix("val_") in HIGHER_IS_BETTER else 1.0
        self._best = float("inf")
        self._waited = 0

    def is_better(self, metrics: Mapping[str, float]) -> bool:
        """Record an epoch. Return whether it improves on the best value by more than `min_delta`."""
        value = self._sign * metrics[self.rule.monitor]
        better = value < self._best - self.rule.min_delta
        self._best, self._waited = (value, 0) if better else (self._best, self._waited + 1)
        return better

    @property
    def state(self) -> tuple[float, int]:
        """The best value, negated if higher is better, and the number of epochs since."""
        return self._best, self._waited

    @state.setter
    def state(self, state: tuple[float, int]) -> None:
        self._best, self._waited = state

    @property
    def is_over(self) -> bool:
        """Whether there was no improvement for `patience` epochs, and for at least one."""
        return self._waited >= max(1, self.rule.patience)
