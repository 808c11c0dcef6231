"""Whether `training` fits the dataset, and its keys each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import get_args

from quickml.datasets.info import DatasetInfo
from quickml.document.advice import NOTHING, Advice, either, leave_out, meant, told, write, write_key
from quickml.document.checks.weights import weight_problems
from quickml.document.layers.layer import shown
from quickml.document.problem import problem
from quickml.document.spellings import similar
from quickml.document.training import (
    ClassificationLoss,
    Metric,
    PiecewiseConstantDecay,
    RegressionLoss,
    Training,
    long_name,
)
from quickml.errors import Problem

MONITOR = "/training/early_stopping/monitor"
LABEL_LOSSES = ("binary_crossentropy", "mean_squared_error", "mean_absolute_error")
"""Losses that judge each label of a sample by itself."""
CLASSIFICATION_METRICS = frozenset({"accuracy", "top_k_categorical_accuracy"})


def training_problems(training: Training, info: DatasetInfo) -> list[Problem]:
    """Values that the task does not have, and values that contradict each other."""
    return [
        *_objective_problems(training, info),
        *weight_problems(training, info),
        *_validation_problems(training, info),
        *_monitor_problems(training, info),
        *_schedule_problems(training),
    ]


def metrics_of(training: Training, info: DatasetInfo) -> tuple[str, ...]:
    """The metrics of the document, or the default of the task."""
    if training.metrics:
        return tuple(map(long_name, training.metrics))
    return ("mean_absolute_error",) if info.task == "regression" else ("accuracy",)


def validates(training: Training, info: DatasetInfo) -> bool:
    """Whether there are validation samples: of the dataset, or a fraction of the training samples."""
    return bool(info.validation or training.validation_fraction)


def losses_of(info: DatasetInfo) -> tuple[str, ...]:
    """The losses that fit the task."""
    if info.is_multi_label:
        return LABEL_LOSSES
    if info.task == "classification":
        return (*get_args(ClassificationLoss), "mean_squared_error", "mean_absolute_error")
    return get_args(RegressionLoss)


def metrics_for(info: DatasetInfo) -> tuple[str, ...]:
    """The metrics that fit the task."""
    if info.is_multi_label:
        return ("accuracy",)
    classifies = info.task == "classification"
    return tuple(one for one in get_args(Metric) if (one in CLASSIFICATION_METRICS) == classifies)


def _objective_problems(training: Training, info: DatasetInfo) -> list[Problem]:
    """A loss and metrics that fit the task."""
    subject = f"{info.name} ({info.task})"
    metrics, losses = metrics_for(info), losses_of(info)
    problems = [
        problem(
            "metric-of-another-task",
            f"/training/metrics/{index}",
            subject=subject,
            expected=f"one of {', '.join(metrics)}",
            found=repr(metric),
            advice=_metric_advice(index, training, metrics[0]),
            dataset=info.name,
            task=info.task,
            metric=metric,
            allowed=metrics,
        )
        for index, metric in enumerate(training.metrics or ())
        if long_name(metric) not in metrics
    ]
    if training.loss and long_name(training.loss) not in losses:
        problems.append(
            problem(
                "loss-of-another-task",
                "/training/loss",
                subject=subject,
                expected=f"one of {', '.join(losses)}",
                found=repr(training.loss),
                advice=leave_out("/training/loss", "leave it out for the default"),
                dataset=info.name,
                task=info.task,
                loss=training.loss,
                allowed=losses,
            )
        )
    return problems


def _metric_advice(index: int, training: Training, fitting: str) -> Advice:
    """The first metric of the task; none where it is there already."""
    place = f"/training/metrics/{index}"
    if fitting in map(long_name, training.metrics or ()):
        return leave_out(place, "leave it out")
    return write(place, fitting)


def _validation_problems(training: Training, info: DatasetInfo) -> list[Problem]:
    train, _ = info.sizes
    fraction = training.validation_fraction
    if fraction and info.validation:
        pointer = "/training/validation_fraction"
        return [
            problem(
                "invalid-value",
                pointer,
                subject=info.name,
                expected=f"no fraction of a dataset with {info.validation:,} validation samples of its own",
                found=str(fraction),
                advice=leave_out(pointer, "leave it out"),
            )
        ]
    held_out = round(train * fraction)
    if not fraction or 0 < held_out < train:
        return []
    part = "train on" if held_out else "validate on"
    least = _least(train)
    most = round(1 - least, 9)
    return [
        problem(
            "validation-fraction",
            "/training/validation_fraction",
            subject=info.name,
            expected=f"a fraction that leaves at least one of its {train} training samples to {part}",
            found=str(fraction),
            advice=write(
                "/training/validation_fraction", most if held_out else least, f"use {least} to {most}"
            ),
            dataset=info.name,
            samples=train,
            minimum=least,
            maximum=most,
            found_fraction=fraction,
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
    monitor = stopping.monitor
    metric = long_name(monitor).removeprefix("val_")
    fitting = metrics_for(info)
    computed = ["loss", *(name for name in metrics_of(training, info) if name in fitting)]
    if metric not in computed:
        if metric in metrics_of(training, info):
            return []  # reported where the metric is
        validated = [f"val_{name}" for name in computed] if validates(training, info) else []
        allowed = [*computed, *validated]
        return [
            problem(
                "unknown-monitor",
                MONITOR,
                expected=f"one of {', '.join(allowed)}",
                found=repr(monitor[:64]),
                advice=_computed(metric, computed) if metric in fitting else _likely(monitor, allowed),
                monitor=monitor,
                allowed=allowed,
            )
        ]
    if monitor.startswith("val_") and not validates(training, info):
        return [
            problem(
                "monitor-without-validation",
                MONITOR,
                expected="validation data, which needs a validation_fraction above 0",
                found=repr(monitor),
                advice=either(
                    write("/training/validation_fraction", 0.1, 'add "validation_fraction": 0.1 to training'),
                    write(MONITOR, "loss", 'monitor "loss"'),
                ),
                monitor=monitor,
            )
        ]
    return []


def _computed(metric: str, computed: Sequence[str]) -> Advice:
    """Compute a metric as well, so that it can be monitored."""
    advice = write_key("/training", {"metrics": [*computed[1:], metric]})
    return advice.said(f'{advice.words} in "training"')


def _likely(monitor: str, allowed: Sequence[str]) -> Advice:
    validated_first = sorted(allowed, key=lambda name: not name.startswith("val_"))
    return meant(MONITOR, similar(monitor, validated_first, cutoff=0.7))


def _in_order(pointer: str, boundaries: Sequence[int]) -> Advice:
    """The same boundaries in order; nothing if one is there twice, which has a rate too many."""
    return write(pointer, sorted(boundaries)) if len(set(boundaries)) == len(boundaries) else NOTHING


def _schedule_problems(training: Training) -> list[Problem]:
    schedule = training.learning_rate_schedule
    if not isinstance(schedule, PiecewiseConstantDecay):
        return []
    problems = []
    pointer, boundaries = "/training/learning_rate_schedule", schedule.boundaries
    if len(schedule.values) != len(boundaries) + 1:
        problems.append(
            problem(
                "number-of-rates",
                f"{pointer}/values",
                expected=f"{len(boundaries) + 1} values",
                found=str(len(schedule.values)),
                advice=told("one more than boundaries"),
                expected_values=len(boundaries) + 1,
                found_values=len(schedule.values),
            )
        )
    if list(boundaries) != sorted(set(boundaries)):
        rising = "steps in rising order"
        problems.append(
            problem(
                "order-of-boundaries",
                f"{pointer}/boundaries",
                expected=rising,
                found=shown(boundaries),
                advice=_in_order(f"{pointer}/boundaries", boundaries),
                boundaries=boundaries,
            )
        )
    return problems
