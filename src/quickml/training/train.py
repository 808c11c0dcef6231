"""The stage as a whole: a plan and arrays in, news on the way, a `TrainedModel` record out."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from time import perf_counter

from quickml import events
from quickml.datasets.data import Data
from quickml.document import Plan
from quickml.model import TrainedModel
from quickml.training.checkpoint_policy import CheckpointPolicy


def never() -> bool:
    """Do not stop."""
    return False


def train(
    plan: Plan,
    data: Data,
    *,
    keras_file: Path,
    stop: Callable[[], bool] = never,
    checkpoints: CheckpointPolicy | None = None,
) -> Generator[events.Event, None, TrainedModel]:
    """Build, train and evaluate, and save the model for Keras.

    Yields `Built` before the first step, then `Progress` and `EpochEnded`, then `Trained`. TensorFlow loads
    on the way to `Built`, unless it is loaded already.

    Args:
        plan: what to build and how to train it.
        data: raw samples; images (n, height, width, channels) uint8, features (n, k) float32.
        keras_file: where the float32 model goes; the name ends in `.keras`.
        stop: asked between chunks of steps; True ends training and keeps what was learned.
        checkpoints: where training is kept while it lasts, and gone on with if it was broken off; closing the
            generator between two steps keeps it too.

    Raises:
        TrainingError: the loss is no longer a number.
    """
    began = perf_counter()
    from quickml.training.stages import Stages

    stages = Stages(plan, data)
    built = stages.built(perf_counter() - began)
    yield built
    began_fit = perf_counter()
    fitted = yield from stages.fit(stop, checkpoints)
    began_evaluation = perf_counter()
    model, evaluation = stages.evaluate()
    model.save(keras_file)
    ended = perf_counter()
    seconds = {
        "build": built.seconds,
        "train": began_evaluation - began_fit,
        "evaluate": ended - began_evaluation,
    }
    yield events.Trained(
        epochs=len(fitted.history),
        stopped=fitted.stopped,
        metrics=evaluation.metrics,
        seconds=seconds["train"],
    )
    return stages.trained(fitted, model, evaluation, seconds)
