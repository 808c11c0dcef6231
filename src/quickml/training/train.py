"""Train the model of a plan on the arrays of a dataset."""

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
    """Return False: do not stop."""
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

    Yields `Built` before the first step, then `Progress` and `EpochEnded`, then `Trained`. TensorFlow is
    loaded before `Built`.

    Args:
        plan: the model, and how to train it.
        data: raw samples; images (n, height, width, channels) uint8, features (n, k) float32.
        keras_file: path for the float32 model; the name ends in `.keras`.
        stop: called between chunks of steps; if it returns True, training ends early and the model is kept.
        checkpoints: write checkpoints during training, and resume from an existing one. Closing the
            generator writes one too.

    Raises:
        TrainingError: the loss or an output of the trained model is NaN or infinite, or TensorFlow failed.
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
