"""Records the film of a training: takes a frame at every opportunity that the reel wants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.document import Plan
from quickml.errors import CheckpointError
from quickml.events import Event, Snapshot, Warned
from quickml.film import FrameSink, Reel
from quickml.training.film.forward import forward
from quickml.training.film.opportunities import marks
from quickml.training.film.recipes import Recipes
from quickml.training.film.scene import FilmScene, scene
from quickml.training.film.subject import Subject
from quickml.training.steps import Chunk

WAITING = 32
"""Frames that wait at most, to be taken together: that is faster, as code and arrays stay in the caches."""
NO_LOSS = math.nan
"""Loss of a frame with no steps before it."""


class Recorder:
    """The film of one training. It depends on the steps only, not on time or on the length of chunks.

    Frames of networks whose weights a chunk has are taken later, in their order.
    """

    def __init__(self, subject: Subject, sink: FrameSink | None = None) -> None:
        """Prepare. Raises `ValueError` if the network has too many layers for a film."""
        plan, self._steps = subject.plan, subject.steps
        looked_at = scene(plan, subject.data)
        self._recipes = Recipes(plan, subject.model, looked_at)
        self._forward = forward(subject, looked_at, self._recipes.wanted)
        self.watched = self._forward.watched
        """Variables whose values `took` expects with each chunk."""
        self._marks = marks(plan.document.training.epochs, subject.steps)
        self._header, self._sink = _header(plan, looked_at, subject.steps), sink
        self.begin()

    def begin(self) -> None:
        """Forget everything that was recorded."""
        parts = [recipe.part for recipe in self._recipes.all]
        self._reel = Reel(self._header, parts, self._sink)
        self._done, self._loss, self._samples = 0, 0.0, 0
        self._waiting: list[tuple[int, float, Sequence[Any]]] = []
        self._is_at_mark, self._told = True, -1
        self._failure, self._is_failure_told = "", False

    def start(self) -> None:
        """Take the frame before the first step, unless the training was resumed."""
        if not self._done and self._reel.wants_next():
            self._add(0, NO_LOSS)

    def until_mark(self, step: int) -> int:
        """Steps from step `step` of an epoch to the next opportunity, at which a chunk must end."""
        return next(mark for mark in self._marks if mark > step) - step

    def took(self, chunk: Chunk) -> None:
        """Count the steps of a chunk; if it ends at an opportunity, take a frame, now or later."""
        if self._is_at_mark:
            self._loss, self._samples = 0.0, 0
        for loss in chunk.losses.tolist():  # in their order: the sum does not depend on the chunks
            self._loss += loss
        self._samples += int(chunk.samples.sum())
        self._done += len(chunk.losses)
        self._is_at_mark = (self._done - 1) % self._steps + 1 in self._marks
        if self._is_at_mark:
            self._waiting.append((self._done, self._loss / self._samples, chunk.watched))
            if len(self._waiting) == WAITING or not chunk.watched:
                self._take()

    def _take(self) -> None:
        """Take the frames that wait, as far as the reel wants them."""
        waiting, self._waiting = self._waiting, []
        for number, loss, weights in waiting:
            if self._reel.wants_next():
                self._add(number, loss, weights)

    def finish(self) -> None:
        """Take a frame after the last step, if there is none."""
        self._take()
        if self._done > self._latest:
            self._add(self._done, self._loss / self._samples)

    def finish_restored(self) -> None:
        """Take a frame of the weights of an earlier epoch, which the model has now."""
        self._add(restored := self._done + 1, NO_LOSS)
        if self._latest == restored:
            self._reel.note(restored=restored)

    @property
    def _latest(self) -> int:
        return self._reel.latest

    def _add(self, number: int, loss: float, weights: Sequence[Any] = ()) -> None:
        if self._failure:
            return
        try:
            with np.errstate(all="ignore"):  # a training that diverges has infinite numbers
                look = self._forward.look(weights)
                arrays = {recipe.part.name: recipe.values(look) for recipe in self._recipes.all}
        except Exception as error:  # of any layer, also of another package: the training does not need frames
            self._failure = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
            return
        self._reel.add(number, loss, arrays)

    def news(self) -> list[Event]:
        """What happened since the last call: new frames, or why there are no more."""
        self._take()
        found: list[Event] = []
        if self._failure and not self._is_failure_told:
            self._is_failure_told = True
            message = f"no more frames are recorded ({self._failure}); training continues"
            found.append(Warned(pointer="", message=message))
        if self._latest > self._told:
            self._told = self._latest
            found.append(self._snapshot())
        return found

    def _snapshot(self) -> Snapshot:
        steps = min(self._latest, self._done)  # restored weights have a number after the last step
        return Snapshot(
            frame=self._latest,
            epoch=-(-steps // self._steps),
            frames=len(self._reel.numbers),
            size_bytes=self._reel.size_bytes,
        )

    @property
    def film(self) -> bytes:
        """The film so far."""
        self._take()
        return self._reel.to_bytes()

    def state(self) -> list[NDArray[Any]]:
        """Arrays for a checkpoint, with the film so far."""
        self._take()
        position = [self._done, self._loss, self._samples, self._is_at_mark]
        return [np.array(position, np.float64), *self._reel.state().values()]

    def restore(self, state: Sequence[NDArray[Any]]) -> None:
        """Go on from a `state`.

        Raises:
            CheckpointError: it is of another film; call `begin` then.
        """
        try:
            position, *arrays = state
            self._reel.restore(dict(zip(self._reel.state(), arrays, strict=True)))
            done, self._loss, samples, is_at_mark = position.tolist()
        except ValueError as error:
            raise CheckpointError(f"the checkpoint: expected the film of this training ({error})") from error
        self._done, self._samples, self._is_at_mark = int(done), int(samples), bool(is_at_mark)


def _header(plan: Plan, looked_at: FilmScene, steps: int) -> dict[str, Any]:
    """Facts about the training. Of the samples, only their indices in the test set."""
    facts = {
        "name": plan.document.name,
        "task": plan.info.task,
        "labels": list(plan.info.labels),
        "epochs": plan.document.training.epochs,
        "steps_per_epoch": steps,
        "shown": looked_at.probes[0],
        "probes": list(looked_at.probes),
    }
    if looked_at.plane:
        x, y = looked_at.plane
        facts["grid"] = {"x": list(x), "y": list(y)}
    return facts
