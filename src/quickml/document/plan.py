"""A plan: a valid document with all defaults, names and preprocessing layers written out.

The model takes raw values, as an app has them. Pixels are scaled and features are standardised inside the
model: a document without a Rescaling or Normalization at its start gets one. A regression also gets a
Normalization at its end that converts the output back to the unit of the target.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from pydantic import ValidationError

from quickml.datasets.info import DatasetInfo
from quickml.document.checks.compatibility import check
from quickml.document.checks.size import memory_of
from quickml.document.checks.training import metrics_of
from quickml.document.checks.updatable import updatable_notices, with_defaults
from quickml.document.checks.weights import weight_notices
from quickml.document.dataset import STORED
from quickml.document.document import Document, Model
from quickml.document.formats import formats_of
from quickml.document.layers import Layer
from quickml.document.layers.preprocessing import Normalization, Rescaling
from quickml.document.shapes import Graph, Walk, walk
from quickml.document.training import Adadelta, long_name
from quickml.document.wiring import INPUT
from quickml.errors import Notice, Problem, StoredPlanError

VERSION = 1
"""Of the stored form; a change of it needs a reader of the earlier one."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be built and trained."""

    document: Document
    """With all defaults and names written out."""
    info: DatasetInfo
    """What the dataset is under the options given."""
    graph: Graph
    notices: tuple[Notice, ...] = ()
    memory_bytes: int

    @property
    def is_binary(self) -> bool:
        """Whether a single sigmoid output gives the probability of the second of two classes."""
        return len(self.info.labels) == 2 and self.graph.output_shape == (1,)

    def to_json(self) -> str:
        """The plan as it is stored with a job; `from_json` needs neither a catalog nor the dataset itself."""
        stored = {
            "version": VERSION,
            "document": self.document.model_dump(mode="json"),
            "info": self.info.model_dump(mode="json"),
            "notices": [asdict(notice) for notice in self.notices],
            "memory_bytes": self.memory_bytes,
        }
        return json.dumps(stored, ensure_ascii=False, separators=(",", ":"))

    def public_json(self) -> str:
        """The document as delivered files contain it, without what is private about the data."""
        return self.document.model_dump_json(exclude_none=True, exclude=self._private)

    def reported(self) -> dict[str, Any]:
        """The document as reports contain it: as delivered files do, unless its data may be shown."""
        hidden = None if self.info.shows_samples else self._private
        return self.document.model_dump(mode="json", exclude_none=True, exclude=hidden)

    @property
    def _private(self) -> dict[str, set[str]] | None:
        private = set(self.document.dataset.private)
        # Class weights tell how common the classes are.
        return {"dataset": private, "training": {"class_weight"}} if private else None

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A plan that `to_json` wrote. The graph is not stored: it follows from the layers.

        Raises:
            StoredPlanError: the text is damaged, or is no plan of this version.
        """
        try:
            stored = json.loads(text)
            if stored["version"] != VERSION:
                raise StoredPlanError(f"version: expected {VERSION}, found {stored['version']!r}")
            document = Document.model_validate(stored["document"], context=STORED)
            info = DatasetInfo.model_validate(stored["info"])
            notices = tuple(Notice(**notice) for notice in stored["notices"])
            memory_bytes = int(stored["memory_bytes"])
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            place = "/".join(("", *map(str, wrong["loc"])))
            raise StoredPlanError(f"{error.title}{place}: {wrong['msg']}") from None
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise StoredPlanError(f"expected a plan as JSON, found {type(error).__name__}: {error}") from None
        graph, problems = walk(document.model.layers, info.shape)
        if graph is None:
            raise StoredPlanError(str(problems[0]))
        return cls(document=document, info=info, graph=graph, notices=notices, memory_bytes=memory_bytes)


def make_plan(
    document: Document, info: DatasetInfo, notices: Sequence[Notice] = ()
) -> tuple[Plan | None, list[Problem], Walk]:
    """Check a document whose single values are valid, and complete it.

    Returns:
        The plan, or None if there are problems; all problems in document order; what is known of the layers.
    """
    layers, problems = check(
        info=info, model=document.model, training=document.training, export=document.export
    )
    graph = layers.graph
    if problems or graph is None:
        return None, problems, layers
    understood = _with_preprocessing(_with_defaults(document, info, graph), info)
    final, _ = walk(understood.model.layers, info.shape)
    assert final is not None, "preprocessing keeps shapes"
    return (
        Plan(
            document=understood,
            info=info,
            graph=final,
            notices=(
                *notices,
                *_notices(document, graph),
                *weight_notices(document, info),
                *updatable_notices(document.export.updatable, info),
            ),
            memory_bytes=memory_of(final, document.training),
        ),
        [],
        layers,
    )


def _notices(document: Document, graph: Graph) -> list[Notice]:
    notices = _softmax_notices(graph)
    optimizer = document.training.optimizer
    if isinstance(optimizer, Adadelta) and "learning_rate" not in optimizer.model_fields_set:
        notices.append(
            Notice(
                pointer="/training/optimizer",
                message="Adadelta's default learning_rate of 0.001 learns very slowly; its paper uses 1.0",
            )
        )
    for index, layer in enumerate(document.model.layers):
        if isinstance(layer, Normalization) and layer.mean is None and index and not layer.invert:
            notices.append(
                Notice(
                    pointer=f"/model/layers/{index}",
                    message="mean and variance are measured before training, on outputs of untrained layers",
                )
            )
    return notices


def _softmax_notices(graph: Graph) -> list[Notice]:
    """A softmax of a softmax, whose output is almost the same for every input, and one of a single value."""
    ends = {node.name: node.layer.final_activation() for node in graph.nodes}
    for node in graph.nodes:
        if node.layer.only_trains:
            ends[node.name] = ends.get(node.inputs[0], "linear")
    notices = []
    for node in graph.nodes:
        if node.layer.final_activation() != "softmax":
            continue
        if getattr(node.layer, "axis", -1) not in (-1, len(node.output_shape)):
            continue
        message = ""
        if node.output_shape[-1] == 1:
            message = "a softmax of one value: its output is 1 for every input"
        elif not node.parameters.trainable and ends.get(node.inputs[0]) == "softmax":
            message = "a second softmax: its inputs are already probabilities, which it makes nearly equal"
        if message:
            notices.append(Notice(pointer=f"/model/layers/{node.index}", message=message))
    return notices


def _with_defaults(document: Document, info: DatasetInfo, graph: Graph) -> Document:
    """Write out all names, and the defaults that depend on the dataset."""
    loss, updatable, stopping = (
        document.training.loss and long_name(document.training.loss),
        document.export.updatable,
        document.training.early_stopping,
    )
    if loss is None and info.task == "regression":
        loss = "mean_squared_error"
    elif loss is None:
        is_each = info.is_multi_label or graph.output_shape == (1,)
        loss = "binary_crossentropy" if is_each else "sparse_categorical_crossentropy"
    layers: tuple[Any, ...] = tuple(node.layer.model_copy(update={"name": node.name}) for node in graph.nodes)
    return document.model_copy(
        update={
            "model": Model.model_construct(layers=layers, input_shape=info.shape),
            "training": document.training.model_copy(
                update={
                    "loss": loss,
                    "metrics": metrics_of(document.training, info),
                    "early_stopping": stopping
                    and stopping.model_copy(update={"monitor": long_name(stopping.monitor)}),
                }
            ),
            "export": document.export.model_copy(
                update={
                    "formats": formats_of(document.export),
                    "updatable": updatable and with_defaults(updatable, graph, info),
                }
            ),
        }
    )


def _with_preprocessing(document: Document, info: DatasetInfo) -> Document:
    layers: list[Any] = list(document.model.layers)
    if info.kind != "tokens" and not _scales_input(layers):
        first: Layer = (
            Rescaling(name=_free("rescaling", layers), scale=1 / 255)
            if info.is_image
            else Normalization(name=_free("normalization", layers))
        )
        layers = [first, *(_rewired(layer, str(first.name)) for layer in layers)]
    inverted = isinstance(layers[-1], Normalization) and layers[-1].invert
    if info.task == "regression" and not inverted and not isinstance(layers[-1], Rescaling):
        layers.append(Normalization(name=_free("target_normalization", layers), invert=True))
    return document.model_copy(
        update={"model": Model.model_construct(layers=tuple(layers), input_shape=info.shape)}
    )


def _scales_input(layers: Sequence[Layer]) -> bool:
    """Whether raw inputs reach a scaling layer, directly or through layers that keep them raw."""
    raw, before = {INPUT}, INPUT
    for layer in layers:
        if not raw.isdisjoint(layer.inputs or (before,)):
            if layer.scales_raw:
                return True
            if layer.keeps_raw:
                raw.add(str(layer.name))
        before = str(layer.name)
    return False


def _rewired(layer: Layer, name: str) -> Layer:
    """Replace the model's input by the output of the preprocessing layer."""
    if layer.inputs is None or INPUT not in layer.inputs:
        return layer
    return layer.model_copy(update={"inputs": tuple(name if i == INPUT else i for i in layer.inputs)})


def _free(name: str, layers: Sequence[Layer]) -> str:
    taken = {layer.name for layer in layers}
    return next(c for c in (name, *(f"{name}_{i}" for i in range(1, len(layers) + 2))) if c not in taken)
