"""A valid document, thought to its end: defaults filled in, names given, preprocessing made visible.

What a phone holds in its hand is what the model takes. So pixels are scaled, and features standardised,
inside the model: where a document does not do so itself, a Rescaling or Normalization layer goes in front,
and behind a regression a Normalization that leads back to the target's own unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quickml.errors import Notice, Problem
from quickml.spec.datasets import Dataset
from quickml.spec.document import Model, Spec
from quickml.spec.export import FIRST_IOS
from quickml.spec.layers import Activation, Dense, Layer, Normalization, Rescaling, Softmax, shown
from quickml.spec.shapes import INPUT, Graph, walk
from quickml.spec.training import Adadelta, ClassificationLoss, PiecewiseConstantDecay, RegressionLoss

MAX_PARAMETERS = 200_000_000
MAX_MEMORY_BYTES = 16 * 2**30
SLOTS = {"SGD": 1, "RMSprop": 2, "Adam": 2, "AdamW": 2, "Adagrad": 1, "Adadelta": 2, "Nadam": 2}
"""Variables that an optimizer keeps for each weight, at most."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be built and trained."""

    spec: Spec
    """As understood: every default and name written out."""
    graph: Graph
    notices: tuple[Notice, ...] = ()
    memory_bytes: int

    @property
    def dataset(self) -> Dataset:
        """What it learns from."""
        return self.spec.dataset

    @property
    def is_binary(self) -> bool:
        """Whether one sigmoid output stands for two classes: the probability of the second."""
        return len(self.dataset.labels) == 2 and self.graph.output_shape == (1,)


def make_plan(spec: Spec, notices: Sequence[Notice] = ()) -> tuple[Plan | None, list[Problem]]:
    """Look a document through whose single values are right.

    Returns:
        The plan, or None where a problem stands in its way, and all problems in document order.
    """
    dataset = spec.dataset
    graph, problems = walk(spec.model.layers, dataset.shape)
    if spec.model.input_shape not in (None, dataset.shape):
        problems.append(
            Problem(
                pointer="/model/input_shape",
                expected=f"{shown(dataset.shape)}, as {dataset.name} has it",
                found=shown(spec.model.input_shape),
                hint="it can be left out",
            )
        )
    if graph:
        problems += _output_problems(graph, spec) + _size_problems(graph, spec)
    problems += _training_problems(spec) + _export_problems(spec)
    if problems or graph is None:
        return None, problems
    understood = _with_preprocessing(_with_defaults(spec, graph))
    final, _ = walk(understood.model.layers, dataset.shape)
    assert final is not None, "preprocessing keeps shapes"
    return (
        Plan(
            spec=understood,
            graph=final,
            notices=(*notices, *_notices(spec)),
            memory_bytes=_memory(final, spec),
        ),
        [],
    )


def _memory(graph: Graph, spec: Spec) -> int:
    return graph.memory_bytes(spec.training.batch_size, SLOTS[spec.training.optimizer.type])


def _last_activation(layer: Layer) -> str:
    if isinstance(layer, Softmax):
        return "softmax"
    return layer.activation if isinstance(layer, Dense | Activation) else "linear"


def _output_problems(graph: Graph, spec: Spec) -> list[Problem]:
    """Whether the last layer answers what the dataset asks."""
    last, dataset = graph.nodes[-1], spec.dataset
    pointer = f"/model/layers/{last.index}"
    classes = len(dataset.labels)
    activation = _last_activation(last.layer)
    if dataset.task == "regression":
        if last.output_shape == (1,):
            return []
        return [
            Problem(
                pointer=pointer,
                subject=f"{dataset.name} (regression)",
                expected="an output of (1,)",
                found=shown(last.output_shape),
                hint='end with {"type": "Dense", "units": 1}',
            )
        ]
    if classes == 2 and last.output_shape == (1,) and activation == "sigmoid":
        return []
    problems = []
    if last.output_shape != (classes,):
        problems.append(
            Problem(
                pointer=pointer,
                subject=f"{dataset.name} ({classes} classes)",
                expected=f"an output of ({classes},)",
                found=shown(last.output_shape),
                hint=f'end with {{"type": "Dense", "units": {classes}, "activation": "softmax"}}',
            )
        )
    elif activation != "softmax":
        problems.append(
            Problem(
                pointer=pointer,
                subject="classification",
                found=f'the activation "{activation}"',
                expected='probabilities: the activation "softmax" on the last layer',
                hint='add "activation": "softmax"',
            )
        )
    return problems


def _size_problems(graph: Graph, spec: Spec) -> list[Problem]:
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
    total, memory = graph.parameters.total, _memory(graph, spec)
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


def _training_problems(spec: Spec) -> list[Problem]:
    training, dataset = spec.training, spec.dataset
    problems = []
    allowed = (RegressionLoss if dataset.task == "regression" else ClassificationLoss).__args__  # type: ignore[attr-defined]
    if dataset.task == "classification":
        allowed = (*allowed, "mean_squared_error", "mean_absolute_error")
    if training.loss and training.loss not in allowed:
        problems.append(
            Problem(
                pointer="/training/loss",
                subject=f"{dataset.name} ({dataset.task})",
                expected=f"one of {', '.join(allowed)}",
                found=repr(training.loss),
            )
        )
    classification_metrics = {"accuracy", "top_k_categorical_accuracy"}
    for index, metric in enumerate(training.metrics or ()):
        if (metric in classification_metrics) != (dataset.task == "classification"):
            problems.append(
                Problem(
                    pointer=f"/training/metrics/{index}",
                    subject=f"{dataset.name} ({dataset.task})",
                    expected="a metric for this task",
                    found=repr(metric),
                )
            )
    train, _ = dataset.sizes
    aside = round(train * training.validation_fraction)
    if training.validation_fraction and not 0 < aside < train:
        problems.append(
            Problem(
                pointer="/training/validation_fraction",
                expected=f"a share of {train} that is at least one sample",
                found=str(training.validation_fraction),
            )
        )
    problems += _monitor_problems(spec)
    schedule = training.learning_rate_schedule
    if isinstance(schedule, PiecewiseConstantDecay):
        boundaries = schedule.boundaries
        if len(schedule.values) != len(boundaries) + 1:
            problems.append(
                Problem(
                    pointer="/training/learning_rate_schedule/values",
                    expected=f"{len(boundaries) + 1} values",
                    found=str(len(schedule.values)),
                    hint="one more than boundaries",
                )
            )
        if list(boundaries) != sorted(set(boundaries)):
            problems.append(
                Problem(
                    pointer="/training/learning_rate_schedule/boundaries",
                    expected="steps in rising order",
                    found=shown(boundaries),
                )
            )
    return problems


def _monitor_problems(spec: Spec) -> list[Problem]:
    stopping = spec.training.early_stopping
    if stopping is None:
        return []
    pointer = "/training/early_stopping/monitor"
    if stopping.monitor.startswith("val_") and not spec.training.validation_fraction:
        return [
            Problem(
                pointer=pointer,
                expected="a validation_fraction above 0 to measure it on",
                found=repr(stopping.monitor),
                hint='add "validation_fraction": 0.1 to training, or monitor "loss"',
            )
        ]
    known = {"loss", *_metrics(spec)}
    if stopping.monitor.removeprefix("val_") not in known:
        return [
            Problem(
                pointer=pointer,
                expected=f"one of {', '.join(sorted(known))}, or one of these with val_",
                found=repr(stopping.monitor),
            )
        ]
    return []


def _export_problems(spec: Spec) -> list[Problem]:
    minimum = spec.export.minimum_ios
    problems = [
        Problem(
            pointer="/export/minimum_ios",
            subject=name,
            expected=f"iOS {FIRST_IOS[name]} or later",
            found=str(minimum),
            hint=f"leave {name} out of formats, or raise minimum_ios",
        )
        for name in spec.export.formats
        if minimum is not None and minimum < FIRST_IOS[name]
    ]
    if len(set(spec.export.formats)) < len(spec.export.formats):
        problems.append(
            Problem(pointer="/export/formats", expected="each format once", found=shown(spec.export.formats))  # type: ignore[arg-type]
        )
    return problems


def _metrics(spec: Spec) -> tuple[str, ...]:
    if spec.training.metrics is not None:
        return spec.training.metrics
    return ("accuracy",) if spec.dataset.task == "classification" else ("mean_absolute_error",)


def _notices(spec: Spec) -> list[Notice]:
    notices = []
    optimizer = spec.training.optimizer
    if isinstance(optimizer, Adadelta) and "learning_rate" not in optimizer.model_fields_set:
        notices.append(
            Notice(
                pointer="/training/optimizer",
                message="Adadelta's default learning_rate of 0.001 learns very slowly; its paper uses 1.0",
            )
        )
    return notices


def _with_defaults(spec: Spec, graph: Graph) -> Spec:
    """Every name and every default that depends on the dataset, written out."""
    classification = spec.dataset.task == "classification"
    loss = spec.training.loss
    if loss is None and not classification:
        loss = "mean_squared_error"
    elif loss is None:
        loss = "binary_crossentropy" if graph.output_shape == (1,) else "sparse_categorical_crossentropy"
    layers: tuple[Any, ...] = tuple(node.layer.model_copy(update={"name": node.name}) for node in graph.nodes)
    return spec.model_copy(
        update={
            "model": Model.model_construct(layers=layers, input_shape=spec.dataset.shape),
            "training": spec.training.model_copy(update={"loss": loss, "metrics": _metrics(spec)}),
        }
    )


def _with_preprocessing(spec: Spec) -> Spec:
    layers: list[Any] = list(spec.model.layers)
    handled = any(
        isinstance(layer, Rescaling | Normalization)
        for index, layer in enumerate(layers)
        if INPUT in (layer.inputs or ((INPUT,) if index == 0 else ()))
    )
    if not handled:
        first: Layer = (
            Rescaling(name=_free("rescaling", layers), scale=1 / 255)
            if spec.dataset.is_image
            else Normalization(name=_free("normalization", layers))
        )
        layers = [first, *(_rewired(layer, str(first.name)) for layer in layers)]
    inverted = isinstance(layers[-1], Normalization) and layers[-1].invert
    if spec.dataset.task == "regression" and not inverted and not isinstance(layers[-1], Rescaling):
        layers.append(Normalization(name=_free("target_normalization", layers), invert=True))
    return spec.model_copy(
        update={"model": Model.model_construct(layers=tuple(layers), input_shape=spec.dataset.shape)}
    )


def _rewired(layer: Layer, name: str) -> Layer:
    """What took the input takes what the preprocessing makes of it."""
    if layer.inputs is None or INPUT not in layer.inputs:
        return layer
    return layer.model_copy(update={"inputs": tuple(name if i == INPUT else i for i in layer.inputs)})


def _free(name: str, layers: Sequence[Layer]) -> str:
    taken = {layer.name for layer in layers}
    return next(c for c in (name, *(f"{name}_{i}" for i in range(1, len(layers) + 2))) if c not in taken)
