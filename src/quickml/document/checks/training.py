"""Whether `training` fits the dataset, and its keys each other."""

from __future__ import annotations

from typing import get_args

from quickml.datasets.info import DatasetInfo
from quickml.document.layers.layer import shown
from quickml.document.training import (
    ClassificationLoss,
    Metric,
    PiecewiseConstantDecay,
    RegressionLoss,
    Training,
)
from quickml.errors import Problem

CLASSIFICATION_METRICS = frozenset({"accuracy", "top_k_categorical_accuracy"})


def training_problems(training: Training, info: DatasetInfo) -> list[Problem]:
    """Values that the task does not have, and values that contradict each other."""
    return [
        *_objective_problems(training, info),
        *_validation_problems(training, info),
        *_monitor_problems(training, info),
        *_schedule_problems(training),
    ]


def metrics_of(training: Training, info: DatasetInfo) -> tuple[str, ...]:
    """The metrics of the document, or the default of the task."""
    if training.metrics:
        return training.metrics
    return ("accuracy",) if info.task == "classification" else ("mean_absolute_error",)


def losses_of(info: DatasetInfo) -> tuple[str, ...]:
    """The losses that fit the task."""
    if info.task == "classification":
        return (*get_args(ClassificationLoss), "mean_squared_error", "mean_absolute_error")
    return get_args(RegressionLoss)


def metrics_for(info: DatasetInfo) -> frozenset[str]:
    """The metrics that fit the task."""
    if info.task == "classification":
        return CLASSIFICATION_METRICS
    return frozenset(get_args(Metric)) - CLASSIFICATION_METRICS


def _objective_problems(training: Training, info: DatasetInfo) -> list[Problem]:
    """A loss and metrics that fit the task."""
    subject = f"{info.name} ({info.task})"
    allowed = losses_of(info)
    problems = [
        Problem(
            pointer=f"/training/metrics/{index}",
            subject=subject,
            expected="a metric for this task",
            found=repr(metric),
        )
        for index, metric in enumerate(training.metrics or ())
        if metric not in metrics_for(info)
    ]
    if training.loss and training.loss not in allowed:
        expected = f"one of {', '.join(allowed)}"
        found = repr(training.loss)
        problems.append(Problem(pointer="/training/loss", subject=subject, expected=expected, found=found))
    return problems


def _validation_problems(training: Training, info: DatasetInfo) -> list[Problem]:
    train, _ = info.sizes
    if not training.validation_fraction or 0 < round(train * training.validation_fraction) < train:
        return []
    return [
        Problem(
            pointer="/training/validation_fraction",
            expected=f"a share of {train} that is at least one sample",
            found=str(training.validation_fraction),
        )
    ]


def _monitor_problems(training: Training, info: DatasetInfo) -> list[Problem]:
    stopping = training.early_stopping
    if stopping is None:
        return []
    pointer = "/training/early_stopping/monitor"
    if stopping.monitor.startswith("val_") and not training.validation_fraction:
        return [
            Problem(
                pointer=pointer,
                expected="validation data, which needs a validation_fraction above 0",
                found=repr(stopping.monitor),
                hint='add "validation_fraction": 0.1 to training, or monitor "loss"',
            )
        ]
    known = {"loss", *metrics_of(training, info)}
    if stopping.monitor.removeprefix("val_") not in known:
        return [
            Problem(
                pointer=pointer,
                expected=f"one of {', '.join(sorted(known))}, or one of these with val_",
                found=repr(stopping.monitor),
            )
        ]
    return []


def _schedule_problems(training: Training) -> list[Problem]:
    schedule = training.learning_rate_schedule
    if not isinstance(schedule, PiecewiseConstantDecay):
        return []
    problems = []
    pointer, boundaries = "/training/learning_rate_schedule", schedule.boundaries
    if len(schedule.values) != len(boundaries) + 1:
        problems.append(
            Problem(
                pointer=f"{pointer}/values",
                expected=f"{len(boundaries) + 1} values",
                found=str(len(schedule.values)),
                hint="one more than boundaries",
            )
        )
    if list(boundaries) != sorted(set(boundaries)):
        rising = "steps in rising order"
        problems.append(Problem(pointer=f"{pointer}/boundaries", expected=rising, found=shown(boundaries)))
    return problems
