"""The training loop: epochs of compiled chunks, with news in between and a way to stop."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from quickml.errors import TrainingError
from quickml.events import EpochEnded, Event, Progress
from quickml.spec.training import Training
from quickml.training.pace import Pace, Patience
from quickml.training.steps import Order, Steps

PROGRESS_EVERY_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """How training went; the weights are in the model."""

    history: tuple[Mapping[str, float], ...]
    stopped: str | None


class Fit:
    """One training, from the first step to the last."""

    def __init__(
        self, training: Training, steps: Steps, train: Order, validation: Order, stop: Callable[[], bool]
    ) -> None:
        """Learn from the samples `train`, measure on `validation` (may be none), ask `stop` now and then."""
        self.training, self.steps, self.train, self.validation = training, steps, train, validation
        self._stop = stop
        self._pace = Pace()
        self._patience = Patience(training.early_stopping) if training.early_stopping else None
        self._best: list[Any] | None = None
        self._told = 0.0

    def run(self) -> Generator[Event, None, Fitted]:
        """Train, and tell of it.

        Raises:
            TrainingError: the loss is no longer a number.
        """
        self._began = perf_counter()
        history: list[Mapping[str, float]] = []
        stopped = None
        for epoch in range(1, self.training.epochs + 1):
            began = perf_counter()
            metrics, stopped = yield from self._epoch(epoch)
            if not metrics:
                break
            rate = self._learning_rate()
            seconds = perf_counter() - began
            yield EpochEnded(
                epoch=epoch, epochs=self.training.epochs, metrics=metrics, learning_rate=rate, seconds=seconds
            )
            history.append({"epoch": epoch, **metrics, "learning_rate": rate, "seconds": seconds})
            exhausted = self._judge(metrics, last=epoch == self.training.epochs)
            if stopped := stopped or exhausted:
                break
        if self._best is not None:
            self.steps.model.set_weights(self._best)
        return Fitted(history=tuple(history), stopped=stopped)

    def _epoch(self, epoch: int) -> Generator[Event, None, tuple[dict[str, float], str | None]]:
        """One pass over the training samples, or what there was time for: metrics and why it broke off."""
        order = shuffle(self.train, self.training.seed, epoch)
        total, done = self.steps.count(len(order)), 0
        sums = np.zeros(self.steps.objective.width)
        stopped = None
        while done < total and not (stopped := self._interrupted()):
            began, length = perf_counter(), self._pace.length(total - done)
            sums += self.steps.train(order, done, length)
            seconds = perf_counter() - began
            self._pace.took(length, seconds)
            done += length
            metrics = self._values(sums, self._samples(done, order), epoch)
            if done < total and self._pace.is_timed and self._is_time_to_tell():
                yield Progress(
                    epoch=epoch, epochs=self.training.epochs, step=done, steps=total, metrics=metrics,
                    samples_per_second=length * self.steps.batch_size / seconds,
                )  # fmt: skip
        return (metrics | self._validated() if done else {}), stopped

    def _samples(self, steps: int, order: Order) -> int:
        return min(steps * self.steps.batch_size, len(order))

    def _interrupted(self) -> str | None:
        if self._stop():
            return "asked"
        limit = self.training.max_seconds
        return "max_seconds" if limit is not None and perf_counter() - self._began >= limit else None

    def _is_time_to_tell(self) -> bool:
        now = perf_counter()
        if now - self._told < PROGRESS_EVERY_S:
            return False
        self._told = now
        return True

    def _values(self, sums: Any, samples: int, epoch: int) -> dict[str, float]:
        metrics = self.steps.objective.values(sums, samples)
        if not math.isfinite(metrics["loss"]):
            raise TrainingError(
                f"the loss became {metrics['loss']} in epoch {epoch}: training went astray; "
                f"try a learning_rate below {self._learning_rate():g}, or clipnorm in the optimizer"
            )
        return metrics

    def _validated(self) -> dict[str, float]:
        if not len(self.validation):
            return {}
        sums = self.steps.measure(self.validation)
        values = self.steps.objective.values(sums, len(self.validation))
        return {f"val_{name}": value for name, value in values.items()}

    def _judge(self, metrics: Mapping[str, float], *, last: bool) -> str | None:
        """Keep the weights if they are the best so far; say whether to go on."""
        if self._patience is None:
            return None
        if self._patience.is_better(metrics) and self._patience.rule.restore_best_weights:
            self._best = self.steps.model.get_weights()
        return "early_stopping" if self._patience.is_over and not last else None

    def _learning_rate(self) -> float:
        # By way of text, or float32's 0.01 would be reported as 0.009999999776482582.
        return float(str(np.float32(self.steps.optimizer.learning_rate)))


def shuffle(indices: Order, seed: int, epoch: int) -> Order:
    """The order of one epoch (counted from 1), the same for the same seed."""
    return np.random.default_rng((seed, epoch)).permutation(indices)
