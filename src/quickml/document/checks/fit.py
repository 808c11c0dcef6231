"""Whether the parts of a document fit together: layers and dataset, dataset and training, formats and iOS.

Single values are right when they come here; each check names its place in the document.
"""

from __future__ import annotations

from typing import get_args

from quickml.datasets.info import DatasetInfo
from quickml.document.checks.export import export_problems
from quickml.document.checks.tokens import token_problems
from quickml.document.checks.updating import updatable_problems
from quickml.document.document import Model
from quickml.document.export import Export
from quickml.document.layers.layer import shown
from quickml.document.layers.preprocessing import Normalization
from quickml.document.shapes import Graph, Node, walk
from quickml.document.training import ClassificationLoss, PiecewiseConstantDecay, RegressionLoss, Training
from quickml.errors import Problem

CLASSIFICATION_METRICS = frozenset({"accuracy", "top_k_categorical_accuracy"})
MAX_PARAMETERS = 200_000_000
MAX_MEMORY_BYTES = 16 * 2**30
SLOTS = {"SGD": 1, "RMSprop": 2, "Adam": 2, "AdamW": 2, "Adagrad": 1, "Adadelta": 2, "Nadam": 2}
"""Variables that an optimizer keeps for each weight, at most."""


def misfits(
    *, info: DatasetInfo | None, model: Model | None, training: Training | None, export: Export | None
) -> tuple[Graph | None, list[Problem]]:
    """All problems between the parts of a document; None for a part that is wrong in itself.

    Returns:
        The graph of the layers where it stands, and the problems in document order.
    """
    graph: Graph | None = None
    problems: list[Problem] = []
    if info and model:
        graph, problems = walk(model.layers, info.shape)
        problems += _input_problems(model, info)
    if graph and info:
        problems += token_problems(graph, info)
        problems += output_problems(graph, info) + _target_problems(graph, info)
    if graph and training:
        problems += size_problems(graph, training)
    if training and info:
        problems += training_problems(training, info)
    if export:
        problems += export_problems(export)
    if export and export.updatable:
        problems += updatable_problems(export.updatable, graph, info)
    return graph, problems


def _input_problems(model: Model, info: DatasetInfo) -> list[Problem]:
    if model.input_shape in (None, info.shape):
        return []
    return [
        Problem(
            pointer="/model/input_shape",
            expected=f"{shown(info.shape)}, as {info.name} has it",
            found=shown(model.input_shape or ()),
            hint="it can be left out",
        )
    ]


def memory_of(graph: Graph, training: Training) -> int:
    """Bytes that training needs, estimated."""
    return graph.memory_bytes(training.batch_size, SLOTS[training.optimizer.type])


def output_problems(graph: Graph, info: DatasetInfo) -> list[Problem]:
    """Whether the last layer answers what the dataset asks."""
    last, classes = graph.nodes[-1], len(info.labels)
    pointer, activation = f"/model/layers/{last.index}", last.layer.final_activation()
    if classes == 2 and last.output_shape == (1,) and activation == "sigmoid":
        return []
    is_regression = info.task == "regression"
    units, asked = (1, "regression") if is_regression else (classes, f"{classes} classes")
    if last.output_shape != (units,):
        softmax = "" if is_regression else ', "activation": "softmax"'
        return [
            Problem(
                pointer=pointer,
                subject=f"{info.name} ({asked})",
                expected=f"an output of ({units},)",
                found=shown(last.output_shape),
                hint=_ending(last, f'{{"type": "Dense", "units": {units}{softmax}}}'),
            )
        ]
    if is_regression or activation == "softmax":
        return []
    return [
        Problem(
            pointer=pointer,
            subject="classification",
            found=f'the activation "{activation}"',
            expected='probabilities: the activation "softmax" on the last layer',
            hint='add "activation": "softmax"',
        )
    ]


def _ending(last: Node, layer: str) -> str:
    if len(last.output_shape) == 2:
        return (
            'one answer for all steps: set "return_sequences" to false in the last recurrent layer, '
            f"or put a GlobalAveragePooling1D before {layer}"
        )
    return f"end with {layer}"


def _target_problems(graph: Graph, info: DatasetInfo) -> list[Problem]:
    """A way back to the target's unit leads there from the end only."""
    return [
        Problem(
            pointer=f"/model/layers/{node.index}",
            subject="Normalization with invert",
            expected="mean and variance, or to be the last layer of a regression",
            found=f"layer {node.index + 1} of {len(graph.nodes)} of a {info.task}",
        )
        for node in graph.nodes
        if isinstance(node.layer, Normalization)
        and node.layer.invert
        and node.layer.mean is None
        and (node is not graph.nodes[-1] or info.task != "regression")
    ]


def size_problems(graph: Graph, training: Training) -> list[Problem]:
    """Networks that learn nothing, and those that no machine of ours can train."""
    problems = []
    if graph.parameters.trainable == 0:
        problems.append(
            Problem(
                pointer="/model/layers",
                expected="at least one layer that learns",
                found="none with weights",
                hint="add a Dense or a Conv2D",
            )
        )
    total, memory = graph.parameters.total, memory_of(graph, training)
    if total > MAX_PARAMETERS:
        largest = max(graph.nodes, key=lambda node: node.parameters.total)
        problems.append(
            Problem(
                pointer=f"/model/layers/{largest.index}",
                expected=f"at most {MAX_PARAMETERS:,} parameters in all",
                found=f"{total:,}, of which {largest.parameters.total:,} here",
                hint="fewer units, or a pooling layer before the Flatten",
            )
        )
    elif memory > MAX_MEMORY_BYTES:
        problems.append(
            Problem(
                pointer="/model",
                expected=f"at most {MAX_MEMORY_BYTES / 2**30:.0f} GiB of memory for training",
                found=f"about {memory / 2**30:,.0f} GiB",
                hint="a smaller batch_size or smaller layers",
            )
        )
    return problems


def training_problems(training: Training, info: DatasetInfo) -> list[Problem]:
    """What the dataset does not allow, or what contradicts itself."""
    return [
        *_objective_problems(training, info),
        *_validation_problems(training, info),
        *_monitor_problems(training, info),
        *_schedule_problems(training),
    ]


def _objective_problems(training: Training, info: DatasetInfo) -> list[Problem]:
    """A loss and metrics that fit the task."""
    subject = f"{info.name} ({info.task})"
    classifies = info.task == "classification"
    allowed = get_args(ClassificationLoss if classifies else RegressionLoss)
    if classifies:
        allowed = (*allowed, "mean_squared_error", "mean_absolute_error")
    problems = [
        Problem(
            pointer=f"/training/metrics/{index}",
            subject=subject,
            expected="a metric for this task",
            found=repr(metric),
        )
        for index, metric in enumerate(training.metrics or ())
        if (metric in CLASSIFICATION_METRICS) != classifies
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


def _monitor_problems(training: Training, info: DatasetInfo) -> list[Problem]:
    stopping = training.early_stopping
    if stopping is None:
        return []
    pointer = "/training/early_stopping/monitor"
    if stopping.monitor.startswith("val_") and not training.validation_fraction:
        return [
            Problem(
                pointer=pointer,
                expected="a validation_fraction above 0 to measure it on",
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


def metrics_of(training: Training, info: DatasetInfo) -> tuple[str, ...]:
    """Those asked for, or the task's own where none is."""
    if training.metrics:
        return training.metrics
    return ("accuracy",) if info.task == "classification" else ("mean_absolute_error",)
