"""Build the Keras optimizer of a plan, with its learning-rate schedule."""

from __future__ import annotations

from typing import Any

from quickml.document.training import Training
from quickml.training.backend import keras
from quickml.training.one_pass import ONE_PASS


def make_optimizer(
    training: Training, total_steps: int, *, quick: bool = False, scales_loss: bool = False
) -> Any:
    """A keras.optimizers.Optimizer. The default of a schedule's `decay_steps` is `total_steps`.

    With `quick`, it is one of `ONE_PASS` if there is one. One that `scales_loss` is for float16, in which
    small gradients would be zero; it leaves out steps whose gradients are infinite.
    """
    arguments = _arguments(training.optimizer)
    if training.learning_rate_schedule is not None:
        arguments["learning_rate"] = make_schedule(training, total_steps)
    name = training.optimizer.type
    keras_class = getattr(keras.optimizers, name)
    made = (ONE_PASS.get(name, keras_class) if quick else keras_class)(**arguments)
    return keras.optimizers.LossScaleOptimizer(made) if scales_loss else made


def make_schedule(training: Training, total_steps: int) -> Any:
    """A keras.optimizers.schedules.LearningRateSchedule, starting at the optimizer's learning rate."""
    schedule = training.learning_rate_schedule
    assert schedule is not None, "the training has a schedule"
    arguments = _arguments(schedule)
    if "decay_steps" in arguments:
        arguments["decay_steps"] = arguments["decay_steps"] or total_steps
    if "values" in arguments:  # the schedule has its own rates
        arguments = {key: list(value) for key, value in arguments.items()}
    else:
        arguments["initial_learning_rate"] = training.optimizer.learning_rate
    return getattr(keras.optimizers.schedules, schedule.type)(**arguments)


def _arguments(part: Any) -> dict[str, Any]:
    return {key: value for key, value in part if key != "type"}
