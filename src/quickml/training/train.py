"""Train the model of a plan on the arrays of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from time import perf_counter

from quickml import events
from quickml.answers import Baseline
from quickml.datasets.data import Data
from quickml.document import Plan
from quickml.film import FrameSink
from quickml.model import TrainedModel
from quickml.training.checkpoint_policy import CheckpointPolicy
from quickml.training.device import CPU, TrainingDevice, device_for, placed
from quickml.training.kept import KeptTraining

Save = Callable[[Path], None]
"""Saves a trained model for Keras, in float32, to a path that ends in `.keras`. Raises OSError."""


def never() -> bool:
    """Return False: do not stop."""
    return False


def train(
    plan: Plan,
    data: Data,
    *,
    stop: Callable[[], bool] = never,
    checkpoints: CheckpointPolicy | None = None,
    kept: KeptTraining | None = None,
    frames: FrameSink | None = None,
) -> Generator[events.Event, None, tuple[TrainedModel, Save]]:
    """Build, train and evaluate.

    Yields a `Warned` for what the data shows about the plan, `Built` before the first step, then `Progress`
    and `EpochEnded`, then `Trained`. TensorFlow is loaded before `Built`.

    Args:
        plan: the model, and how to train it.
        data: raw samples; images (n, height, width, channels) uint8, features (n, k) float32.
        stop: called between chunks of steps, the first time when the model has learned something; if it
            returns True, training ends early and the model is kept.
        checkpoints: write checkpoints during training, and resume from an existing one. Closing the
            generator writes one too.
        kept: a finished training of this plan, which is evaluated instead of training again.
        frames: receives the frames of the film while it is recorded. Its errors end the training.

    Returns:
        The trained model, and a function that saves it for Keras.

    Raises:
        CheckpointError: `kept` does not fit the plan.
        TrainingError: the loss or an output of the trained model is NaN or infinite, or TensorFlow failed, or
            there is no GPU for a plan that asks for one.
    """
    began = perf_counter()
    device = CPU if kept else device_for(plan.document.training.accelerator)
    work = _work(plan, data, device, began, stop=stop, checkpoints=checkpoints, kept=kept, frames=frames)
    return (yield from placed(work, device))


def _work(
    plan: Plan,
    data: Data,
    device: TrainingDevice,
    began: float,
    *,
    stop: Callable[[], bool],
    checkpoints: CheckpointPolicy | None,
    kept: KeptTraining | None,
    frames: FrameSink | None,
) -> Generator[events.Event, None, tuple[TrainedModel, Save]]:
    from quickml.training.stages import Stages

    stages = Stages(plan, data, device)
    for notice in stages.notices:
        yield events.Warned(pointer=notice.pointer, message=notice.message)
    built = stages.built(perf_counter() - began)
    yield built
    began_fit = perf_counter()
    fitted = stages.restore(kept) if kept else (yield from stages.fit(stop, checkpoints, frames))
    began_evaluation = perf_counter()
    model, evaluation = stages.evaluate()
    ended = perf_counter()
    seconds = {
        "build": built.seconds,
        "train": kept.seconds["train"] if kept else began_evaluation - began_fit,
        "evaluate": ended - began_evaluation,
    }
    yield events.Trained(
        epochs=len(fitted.history),
        stopped=fitted.stopped,
        metrics=evaluation.metrics,
        baseline=_row(evaluation.baseline) if evaluation.baseline else None,
        accelerator=stages.device.kind,
        seconds=seconds["train"],
    )
    return stages.trained(fitted, model, evaluation, seconds), model.save


def _row(found: Baseline) -> events.BaselineRow:
    return events.BaselineRow(
        metric=found.metric,
        label=found.label,
        value=found.value,
        model=found.model,
        is_no_better=found.is_no_better,
    )
