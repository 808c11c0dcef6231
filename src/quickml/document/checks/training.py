"""Whether `training` fits the dataset, and its keys each other."""

from __future__ import annotations

import json
import math
from typing import get_args

from quickml.datasets.info import DatasetInfo
from quickml.document.layers.layer import shown
from quickml.document.spellings import question, similar
from quickml.document.training import (
    ClassificationLoss,
    Metric,
    PiecewiseConstantDecay,
    RegressionLoss,
    Training,
    long_name,
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
        return tuple(map(long_name, training.metrics))
    return ("accuracy",) if info.task == "classification" else ("mean_absolute_error",)


def losses_of(info: DatasetInfo) -> tuple[str, ...]:
    """The losses that fit the task."""
    if info.task == "classification":
        return (*get_args(ClassificationLoss), "mean_squared_error", "mean_absolute_error")
    return get_args(RegressionLoss)


def metrics_for(info: DatasetInfo) -> tuple[str, ...]:
    """The metrics that fit the task."""
    classifies = info.task == "classification"
    return tuple(one for one in get_args(Metric) if (one in CLASSIFICATION_METRICS) == classifies)


def _objective_problems(training: Training, info: DatasetInfo) -> list[Problem]:
    """A loss and metrics that fit the task."""
    subject = f"{info.name} ({info.task})"
    metrics, losses = metrics_for(info), losses_of(info)
    problems = [
        Problem(
            pointer=f"/training/metrics/{index}",
            subject=subject,
            expected=f"one of {', '.join(metrics)}",
            found=repr(metric),
        )
        for index, metric in enumerate(training.metrics or ())
        if long_name(metric) not in metrics
    ]
    if training.loss and long_name(training.loss) not in losses:
        expected = f"one of {', '.join(losses)}"
        found = repr(training.loss)
        problems.append(Problem(pointer="/training/loss", subject=subject, expected=expected, found=found))
    return problems


def _validation_problems(training: Training, info: DatasetInfo) -> list[Problem]:
    train, _ = info.sizes
    fraction = training.validation_fraction
    held_out = round(train * fraction)
    if not fraction or 0 < held_out < train:
        return []
    part = "train on" if held_out else "validate on"
    return [
        Problem(
            pointer="/training/validation_fraction",
            subject=info.name,
            expected=f"a fraction that leaves at least one of its {train} training samples to {part}",
            found=str(fraction),
            hint=f"use {_least(train)} to {round(1 - _least(train), 9)}",
        )
    ]


def _least(train: int) -> float:
    """A short fraction of some samples that is at least one of them."""
    parts: int = 10 ** len(str(train))
    return math.ceil(parts / train) / parts


def _monitor_problems(training: Training, info: DatasetInfo) -> list[Problem]:
    """A value to monitor that is not computed."""
    stopping = training.early_stopping
    if stopping is None:
        return []
    monitor, pointer = stopping.monitor, "/training/early_stopping/monitor"
    metric = long_name(monitor).removeprefix("val_")
    fitting = metrics_for(info)
    computed = ["loss", *(name for name in metrics_of(training, info) if name in fitting)]
    if metric not in computed:
        if metric in metrics_of(training, info):
            return []  # reported where the metric is
        validated = [f"val_{name}" for name in computed] if training.validation_fraction else []
        is_missing = metric in fitting
        also = json.dumps([*computed[1:], metric])
        likely = question(similar(monitor, [*validated, *computed], cutoff=0.7))
        return [
            Problem(
                pointer=pointer,
                expected=f"one of {', '.join([*computed, *validated])}",
                found=repr(monitor[:64]),
                hint=f'write "metrics": {also} in "training"' if is_missing else likely,
            )
        ]
    if monitor.startswith("val_") and not training.validation_fraction:
        return [
            Problem(
                pointer=pointer,
                expected="validation data, which needs a validation_fraction above 0",
                found=repr(monitor),
                hint='add "validation_fraction": 0.1 to training, or monitor "loss"',
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
