"""The training loop: epochs of compiled chunks of steps, with events and stop requests in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from quickml.document.training import Training
from quickml.errors import CheckpointError, TrainingError
from quickml.events import EpochEnded, Event, Progress, Warned
from quickml.training.checkpoint import Checkpoint, Position, State
from quickml.training.chunks import ChunkSizer
from quickml.training.early_stopper import EarlyStopper
from quickml.training.steps import Order, Steps

PROGRESS_EVERY_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """History of a training, and why it stopped early. The weights are in the model."""

    history: tuple[Mapping[str, float], ...]
    stopped: str | None


class Fit:
    """One training, from the first step to the last."""

    def __init__(
        self,
        training: Training,
        steps: Steps,
        train: Order,
        validation: Order,
        stop: Callable[[], bool],
        *,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        """Train on the samples `train`, validate on `validation` if not empty, call `stop` between chunks."""
        self.training, self.steps, self.train, self.validation = training, steps, train, validation
        self._stop, self._checkpoint = stop, checkpoint
        self._pace = ChunkSizer()
        self._patience = EarlyStopper(training.early_stopping) if training.early_stopping else None
        self._best: list[Any] | None = None
        self._reported_at = 0.0
        self._history: list[Mapping[str, float]] = []
        self._elapsed_s = 0.0
        self._start_epoch(1)

    def run(self) -> Generator[Event, None, Fitted]:
        """Train, and yield events. Resume from the checkpoint if there is one.

        Raises:
            TrainingError: the loss is NaN or infinite.
        """
        yield from self._resume()
        self._began = perf_counter() - self._elapsed_s
        try:
            stopped = yield from self._epochs()
        except GeneratorExit:  # the caller closed the generator
            with suppress(OSError):
                self._save()
            raise
        if self._best is not None:
            self.steps.model.set_weights(self._best)
        return Fitted(history=tuple(self._history), stopped=stopped)

    def _epochs(self) -> Generator[Event, None, str | None]:
        """Run the remaining epochs. Returns why training stopped early, or None."""
        stopped = self._exhausted()
        while stopped is None and self._epoch <= self.training.epochs:
            stopped = yield from self._advance()
            if not self._step:
                break
            ended = self._end_epoch()
            stopped = stopped or self._exhausted()
            yield ended
            yield from self._checkpoint_if_due()
        return stopped

    def _start_epoch(self, epoch: int) -> None:
        self._epoch, self._step, self._epoch_s = epoch, 0, 0.0
        self._sums = np.zeros(self.steps.objective.width)

    def _advance(self) -> Generator[Event, None, str | None]:
        """Run the remaining steps of the current epoch. Returns why training stopped early, or None."""
        order = shuffle(self.train, self.training.seed, self._epoch)
        total = self.steps.count(len(order))
        self._epoch_began = perf_counter() - self._epoch_s
        while self._step < total:
            if stopped := self._interrupted():
                return stopped
            began, length = perf_counter(), self._pace.length(total - self._step)
            self._sums += self.steps.train(order, self._step, length).sums
            seconds = perf_counter() - began
            self._pace.took(length, seconds)
            self._step += length
            metrics = self._values()
            if self._step < total and self._pace.is_timed and self._is_progress_due():
                yield Progress(
                    epoch=self._epoch, epochs=self.training.epochs, step=self._step, steps=total,
                    metrics=metrics, samples_per_second=length * self.steps.batch_size / seconds,
                )  # fmt: skip
            if self._step < total:
                yield from self._checkpoint_if_due()
        return None

    def _end_epoch(self) -> EpochEnded:
        """Record the metrics of the epoch, and start the next one."""
        metrics = self._values() | self._validated()
        seconds, rate = perf_counter() - self._epoch_began, self._learning_rate()
        self._history.append({"epoch": self._epoch, **metrics, "learning_rate": rate, "seconds": seconds})
        self._judge(metrics)
        ended = EpochEnded(
            epoch=self._epoch,
            epochs=self.training.epochs,
            metrics=metrics,
            learning_rate=rate,
            seconds=seconds,
        )
        self._start_epoch(self._epoch + 1)
        return ended

    def _interrupted(self) -> str | None:
        """Why training is to stop, or None. It does not stop before the first step: nothing is learned."""
        if self._epoch == 1 and not self._step:
            return None
        if self._stop():
            return "asked"
        limit = self.training.max_seconds
        return "max_seconds" if limit is not None and perf_counter() - self._began >= limit else None

    def _is_progress_due(self) -> bool:
        now = perf_counter()
        if now - self._reported_at < PROGRESS_EVERY_S:
            return False
        self._reported_at = now
        return True

    def _values(self) -> dict[str, float]:
        """Loss and metrics over the epoch so far."""
        samples = min(self._step * self.steps.batch_size, len(self.train))
        metrics = self.steps.objective.values(self._sums, samples)
        if not math.isfinite(metrics["loss"]):
            raise TrainingError(
                f"epoch {self._epoch}: expected a finite loss, found {metrics['loss']}; training diverged: "
                f"try a learning_rate below {self._learning_rate():g}, or clipnorm in the optimizer"
            )
        return metrics

    def _validated(self) -> dict[str, float]:
        if not len(self.validation):
            return {}
        sums = self.steps.measure(self.validation)
        values = self.steps.objective.values(sums, len(self.validation))
        return {f"val_{name}": value for name, value in values.items()}

    def _judge(self, metrics: Mapping[str, float]) -> None:
        """Update early stopping, and store the weights if they are the best so far."""
        if self._patience is None:
            return
        if self._patience.is_better(metrics) and self._patience.rule.restore_best_weights:
            self._best = self.steps.model.get_weights()

    def _exhausted(self) -> str | None:
        """`early_stopping` if it applies and epochs remain, otherwise None."""
        over = self._patience is not None and self._patience.is_over
        return "early_stopping" if over and self._epoch <= self.training.epochs else None

    def _checkpoint_if_due(self) -> Generator[Event, None, None]:
        if self._checkpoint is None or not self._checkpoint.is_due():
            return
        try:
            self._save()
        except OSError as error:
            yield Warned(
                pointer="",
                message=f"no checkpoint could be written ({error.strerror}); training continues without it",
            )

    def _save(self) -> None:
        """Save everything that the next step depends on."""
        if self._checkpoint is None:
            return
        now = perf_counter()
        position = Position(
            epoch=self._epoch,
            step=self._step,
            sums=tuple(map(float, self._sums)),
            epoch_s=now - self._epoch_began if self._step else 0.0,
            elapsed_s=now - self._began,
            history=tuple(self._history),
            patience=self._patience.state if self._patience else (math.inf, 0),
        )
        self._checkpoint.save(position, {**self.steps.state(), "best": self._best or ()})

    def _resume(self) -> Generator[Event, None, None]:
        """Restore the checkpoint, if there is one for this training."""
        try:
            found = self._checkpoint.load() if self._checkpoint else None
            if found:
                self._restore(*found)
        except CheckpointError as error:
            yield Warned(pointer="", message=f"{error}; training starts from the beginning")

    def _restore(self, position: Position, state: State) -> None:
        self.steps.restore(state)
        self._best = list(state["best"]) or None
        self._epoch, self._step, self._sums = position.epoch, position.step, np.array(position.sums)
        self._epoch_s, self._elapsed_s = position.epoch_s, position.elapsed_s
        self._history = list(position.history)
        if self._patience:
            self._patience.state = position.patience

    def _learning_rate(self) -> float:
        # Converted through text: as a float, float32's 0.01 is 0.009999999776482582.
        return float(str(np.float32(self.steps.optimizer.learning_rate)))


def shuffle(indices: Order, seed: int, epoch: int) -> Order:
    """The sample order of an epoch (from 1). The same seed gives the same order."""
    return np.random.default_rng((seed, epoch)).permutation(indices)
