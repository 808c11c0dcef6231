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
from quickml.training.batches import MOST_PER_EVENT, StepLosses
from quickml.training.checkpoint import Checkpoint, Position, State
from quickml.training.chunks import ChunkSizer
from quickml.training.early_stopper import EarlyStopper
from quickml.training.film.recorder import Recorder
from quickml.training.samples import Order
from quickml.training.steps import Chunk, Steps

PROGRESS_EVERY_S = 0.2
NEWS_EVERY_S = 1.0
"""How often losses of steps and frames are reported, unless there are many losses."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """History of a training, why it stopped early, and its film. The weights are in the model."""

    history: tuple[Mapping[str, float], ...]
    stopped: str | None
    film: bytes = b""


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
        recorder: Recorder | None = None,
    ) -> None:
        """Train on the samples `train`, validate on `validation` if not empty, call `stop` between chunks."""
        self.training, self.steps, self.train, self.validation = training, steps, train, validation
        self._stop, self._checkpoint, self._recorder = stop, checkpoint, recorder
        self._losses = StepLosses(steps.count(len(train)) * training.epochs)
        self._pace = ChunkSizer()
        self._patience = EarlyStopper(training.early_stopping) if training.early_stopping else None
        self._best: list[Any] | None = None
        self._reported_at = self._told_at = 0.0
        self._history: list[Mapping[str, float]] = []
        self._elapsed_s = 0.0
        self._orders: dict[int, Order] = {}
        self._constant_rate: float | None = None
        self._start_epoch(1)

    def run(self) -> Generator[Event, None, Fitted]:
        """Train, and yield events. Resume from the checkpoint if there is one.

        Raises:
            TrainingError: the loss is NaN or infinite.
        """
        yield from self._resume()
        self._began = perf_counter() - self._elapsed_s
        if self._recorder:
            self._recorder.start()
        try:
            stopped = yield from self._epochs()
        except GeneratorExit:  # the caller closed the generator
            with suppress(OSError):
                self._save()
            raise
        self._finish()
        yield from self._news(at_end=True)
        film = self._recorder.film if self._recorder else b""
        return Fitted(history=tuple(self._history), stopped=stopped, film=film)

    def _finish(self) -> None:
        """Restore the best weights, and take the last frames."""
        self._losses.finish()
        if self._recorder:
            self._recorder.finish()
        if self._best is None:
            return
        last = self.steps.model.get_weights()
        self.steps.model.set_weights(self._best)
        if self._recorder and not all(map(np.array_equal, last, self._best)):
            self._recorder.finish_restored()

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
            yield from self._news()
            yield from self._checkpoint_if_due()
        return stopped

    def _start_epoch(self, epoch: int) -> None:
        self._epoch, self._step, self._epoch_s = epoch, 0, 0.0
        self._sums = np.zeros(self.steps.objective.width)

    def _advance(self) -> Generator[Event, None, str | None]:
        """Run the remaining steps of the current epoch. Returns why training stopped early, or None."""
        order = self._order(self._epoch)
        then = self.validation if len(self.validation) else self._next_order()
        total = self.steps.count(len(order))
        self._epoch_began = perf_counter() - self._epoch_s
        while self._step < total:
            if stopped := self._interrupted():
                return stopped
            began, length = perf_counter(), self._pace.length(self._longest(total))
            chunk = self.steps.train(order, self._step, length, self._sums, then)
            seconds, length = perf_counter() - began, len(chunk.losses)
            self._pace.took(length, seconds)
            self._count(chunk)
            metrics = self._values()
            if self._step < total and self._pace.is_timed and self._is_progress_due():
                yield Progress(
                    epoch=self._epoch, epochs=self.training.epochs, step=self._step, steps=total,
                    metrics=metrics, samples_per_second=length * self.steps.batch_size / seconds,
                )  # fmt: skip
            if self._step < total:
                yield from self._news()
                yield from self._checkpoint_if_due()
        return None

    def _order(self, epoch: int) -> Order:
        """The order of an epoch, which the samples are read in: the same object as long as it is needed."""
        if epoch not in self._orders:
            kept = {number: order for number, order in self._orders.items() if number == self._epoch}
            self._orders = {**kept, epoch: shuffle(self.train, self.training.seed, epoch)}
        return self._orders[epoch]

    def _next_order(self) -> Order | None:
        """That of the next epoch, if there is one."""
        return self._order(self._epoch + 1) if self._epoch < self.training.epochs else None

    def _longest(self, total: int) -> int:
        """Steps to the end of the epoch, or to the next opportunity for a frame."""
        return self._recorder.until_mark(self._step) if self._recorder else total - self._step

    def _count(self, chunk: Chunk) -> None:
        """Take the results of a chunk that was run."""
        self._step += len(chunk.losses)
        self._sums = chunk.sums
        self._losses.add(chunk.losses.tolist(), chunk.samples.tolist())
        if self._recorder:
            self._recorder.took(chunk)

    def _news(self, *, at_end: bool = False) -> Generator[Event, None, None]:
        """Losses of steps and new frames, if enough time has passed, and losses if there are many."""
        now = perf_counter()
        is_due = at_end or now - self._told_at >= NEWS_EVERY_S
        self._told_at = now if is_due else self._told_at
        yield from self._losses.take(least=1 if is_due else MOST_PER_EVENT)
        if is_due and self._recorder:
            yield from self._recorder.news()

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
        sums = self.steps.measure(self.validation, self._next_order())
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
            losses=self._losses.state,
        )
        film = self._recorder.state() if self._recorder else ()
        self._checkpoint.save(position, {**self.steps.state(), "best": self._best or (), "film": film})

    def _resume(self) -> Generator[Event, None, None]:
        """Restore the checkpoint, if there is one for this training."""
        try:
            found = self._checkpoint.load() if self._checkpoint else None
            if found:
                self._restore(*found)
        except CheckpointError as error:
            if self._recorder:
                self._recorder.begin()
            yield Warned(pointer="", message=f"{error}; training starts from the beginning")

    def _restore(self, position: Position, state: State) -> None:
        if self._recorder:
            self._recorder.restore(state["film"])
        self.steps.restore(state)
        self._losses.state = position.losses
        self._best = list(state["best"]) or None
        self._epoch, self._step, self._sums = position.epoch, position.step, np.array(position.sums)
        self._epoch_s, self._elapsed_s = position.epoch_s, position.elapsed_s
        self._history = list(position.history)
        if self._patience:
            self._patience.state = position.patience

    def _learning_rate(self) -> float:
        if self._constant_rate is not None:  # Keras takes 0.4 ms to tell, an eighth of an epoch on Iris
            return self._constant_rate
        # Converted through text: as a float, float32's 0.01 is 0.009999999776482582.
        rate = float(str(np.float32(self.steps.optimizer.learning_rate)))
        if self.training.learning_rate_schedule is None:
            self._constant_rate = rate
        return rate


def shuffle(indices: Order, seed: int, epoch: int) -> Order:
    """The sample order of an epoch (from 1). The same seed gives the same order."""
    return np.random.default_rng((seed, epoch)).permutation(indices)
