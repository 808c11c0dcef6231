"""Predictions: runs the delivered files of jobs, and shows the values of their layers.

Models run in threads of the server, where ONNX Runtime computes without Python's lock. What would take long
is done in steps, between which the requests of others have their turn.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from quickml.datasets.columns import Column
from quickml.document import Plan
from quickml.document.shapes import Node
from quickml.errors import InputError, UnsupportedModelError
from quickml.jobs.job import Artifact, Job
from quickml.service.delivered import DeliveredFiles, chosen
from quickml.service.memory import give_back
from quickml.service.pool import ModelPool

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quickml.export.runtime import Input, Runtime

T = TypeVar("T")
Steps = Generator[None, None, T]
"""Work that returns T, and yields wherever it may pause."""

MAX_INPUTS = 64
"""Number of inputs of one call."""
PICTURE_FORMATS = ("PNG", "JPEG")
MAX_PIXELS = 25_000_000
"""Number of pixels of all pictures of one call. Each may have its share of them."""
MAX_VALUES = 1_000_000
"""Number of values of layers in one response."""
MAX_LAYER_VALUES = 16_000_000
"""Number of values that one layer may compute. Those of several layers are in memory while a model runs."""
MAX_KEPT_VALUES = 2_000_000
"""Number of values of all layers up to which a model is loaded once, with all of its layers shown."""
VECTOR_VALUES_PER_MAP = 64
"""Of a vector, as many values are shown for each map that may be shown of other layers."""
SESSION_BYTES = 700_000
"""Memory of a loaded model besides its weights and values, measured with small models."""


@dataclass(frozen=True, kw_only=True)
class LayerOutput:
    """The output of a layer."""

    shape: tuple[int, ...]
    """As in the document; (height, width, channels) for images. The last axis may have been cut."""
    units: int
    """Size of the last axis in the layer: how many maps or units there are."""
    values: NDArray[Any]
    """Flattened in row-major order."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The output of a model for one input."""

    label: str | None = None
    """The most probable label; None for a regression."""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    """By label, in the order of the outputs; empty for a regression."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """By name, if the model predicts several numbers, or labels of which a sample can have several."""
    values: Sequence[float] = ()
    """The output of the model."""
    activations: Mapping[str, LayerOutput] = field(default_factory=dict)
    """By layer, in the order of the document. Layers that only act during training are not in the file."""
    run_s: float = 0.0
    """How long the file was run, with all of its layers shown."""

    @property
    def size_bytes(self) -> int:
        """Memory that the values of the layers take."""
        return sum(layer.values.nbytes for layer in self.activations.values())


@dataclass(frozen=True, kw_only=True)
class PredictionOptions:
    """What to run, and what to show of it."""

    file: str | None = None
    """Name of the artifact that answers; None is the file that the server prefers."""
    layers: Sequence[str] | None = ()
    """Names of layers whose values to return; None returns all."""
    most: int | None = None
    """Number of maps, or units of a sequence, that are shown of a layer at most; of a vector 64 times as many
    values. None is no limit."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A job that is ready, its files and its plan."""

    job: Job
    artifacts: tuple[Artifact, ...]
    plan: Plan


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A delivered file that is ready to run."""

    artifact: Artifact
    plan: Plan
    runtime: Runtime
    kept: tuple[str, ...]
    """Names of the layers whose values it gives besides its answer."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns whose raw values the file takes by name: of a table a value each, of recordings an
        array of all steps. Empty for other files."""
        is_recorded = self.plan.info.kind == "sequence"
        return self.plan.info.columns if is_recorded or self.runtime.takes_columns else ()

    @cached_property
    def input(self) -> Input:
        """The input of the model; for columns, an encoded row, or a window of recordings."""
        if not self.columns:
            return self.runtime.only_input()
        from quickml.export.runtime import Input

        info = self.plan.info
        return Input(name=info.kind, kind="multiarray", shape=info.shape, is_optional=False)

    def run(self, sample: NDArray[Any] | Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Everything that the model gives for one sample, or for the values of its inputs, by name."""
        if isinstance(sample, Mapping):
            return self.runtime.run(sample)
        if self.columns:
            return self.runtime.run(_by_column(self.columns, sample))
        return self.runtime.run({self.input.name: sample.reshape(self.input.shape)})

    def answer(self, given: Mapping[str, NDArray[Any]]) -> list[float]:
        """The model's own output among everything that it gives."""
        return answer_of(given, self.kept).reshape(-1).astype(float).tolist()


class Models:
    """Runs models. Thread-safe."""

    def __init__(self, files: DeliveredFiles) -> None:
        self._files = files
        self.pool: ModelPool[tuple[Runtime, tuple[str, ...]]] = ModelPool()

    def predict(
        self, delivery: Delivery, inputs: Sequence[Any], wanted: PredictionOptions
    ) -> Steps[tuple[Artifact, list[Prediction]]]:
        """Run a job's model on each input.

        Args:
            delivery: the job.
            inputs: see `array_of`; for the columns of a table also their values by name.
            wanted: the file, and the layers to show.

        Returns:
            The file that answered, and its answers.

        Raises:
            InputError: an input does not fit, there is no such file or layer, or the response is too large.
            UnsupportedModelError: none of the files can be run here.
            ArtifactDamagedError: the stored file is damaged.
        """
        if not 1 <= len(inputs) <= MAX_INPUTS:
            raise InputError(f"inputs: expected 1 to {MAX_INPUTS}, found {len(inputs)}")
        opened = self.open(delivery, wanted.file, wanted.layers)
        nodes = _shown(opened, wanted.layers)
        _check_amount(nodes, len(inputs), wanted.most)
        most_pixels, predictions = MAX_PIXELS // len(inputs), []
        samples = [
            _sample(value, opened, f"inputs/{index}", most_pixels) for index, value in enumerate(inputs)
        ]
        for index, sample in enumerate(samples):
            if index:
                yield
            start = time.perf_counter()
            given = _run(opened, sample, f"inputs/{index}")
            run_s = time.perf_counter() - start
            predictions.append(_predicted(given, opened, nodes, wanted.most, run_s))
            opened.runtime.check_finite(predictions[-1].values, f"inputs/{index}")
        return opened.artifact, predictions

    def warm(self, delivery: Delivery) -> None:
        """Load a job's model and run it once, before anybody asks. Raises as `predict` does."""
        import numpy as np

        opened = self.open(delivery, in_advance=True)
        opened.run(np.zeros(opened.input.shape, np.float32))

    def open(
        self,
        delivery: Delivery,
        file: str | None = None,
        layers: Sequence[str] | None = (),
        *,
        in_advance: bool = False,
    ) -> Opened:
        """Load a job's file, or find it loaded; see `predict`."""
        artifact, plan = chosen(delivery.artifacts, file), delivery.plan
        _check_layers(plan)
        names = [node.name for node in plan.graph.nodes]
        if unknown := sorted(set(layers or ()) - set(names)):
            raise InputError(f"activations: expected some of {', '.join(names)}, found {unknown[0]!r:.80}")
        kept = _kept(plan, layers)
        runtime, present = self.pool.get(
            (artifact.sha256, kept),
            delivery.job.owner,
            lambda: self._load(artifact, plan, kept),
            in_advance=in_advance,
        )
        return Opened(artifact=artifact, plan=plan, runtime=runtime, kept=present)

    def _load(
        self, artifact: Artifact, plan: Plan, keep: Sequence[str]
    ) -> tuple[tuple[Runtime, tuple[str, ...]], int]:
        from quickml.export.runtime import Runtime

        with self._files.unpacked(artifact) as path:
            # Core ML shows no layers
            runtime = Runtime.load(
                path, keep=keep, skip_missing=True, engine="onnx", scratch=self._files.scratch()
            )
        runtime.forget_file()
        give_back()
        present = set(runtime.layers)
        values = sum(math.prod(node.output_shape) for node in plan.graph.nodes if node.name in keep)
        size_bytes = SESSION_BYTES + 4 * (plan.graph.parameters.total + values)
        return (runtime, tuple(name for name in keep if name in present)), size_bytes


def _kept(plan: Plan, layers: Sequence[str] | None) -> tuple[str, ...]:
    """The layers whose values a loaded model gives.

    All of them, so that a model is loaded once whatever is shown of it; it takes 5 % longer to run. Of a
    model whose layers have very many values, only those that are asked for.
    """
    *nodes, _ = plan.graph.nodes  # the last layer's values are the answer
    if sum(math.prod(node.output_shape) for node in nodes) > MAX_KEPT_VALUES:
        nodes = [node for node in nodes if layers is None or node.name in layers]
    return tuple(node.name for node in nodes)


def _sample(value: Any, opened: Opened, name: str, max_pixels: int) -> NDArray[Any] | Mapping[str, Any]:
    if isinstance(value, Mapping) and opened.columns:
        return value
    return array_of(value, opened.input, name, max_pixels)


def _run(opened: Opened, sample: NDArray[Any] | Mapping[str, Any], name: str) -> dict[str, NDArray[Any]]:
    try:
        return opened.run(sample)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def _by_column(columns: Sequence[Column], sample: NDArray[Any]) -> Mapping[str, Any]:
    """The raw values of an encoded row, or the arrays of a window, by column.

    Raises:
        InputError: a category has other places than 0, or a single 1.
    """
    from quickml.datasets.encoding import by_column, decode, encode

    if sample.ndim == 2:
        return by_column(columns, sample[None])[0]
    encoded = sample.reshape(1, -1).astype("float32")
    (row,) = decode(columns, encoded)
    if (encode(columns, [row]) != encoded).any():
        raise InputError("expected an object of names and values, or an encoded row, found other numbers")
    return row


def array_of(value: Any, taken: Input, name: str, max_pixels: int = MAX_PIXELS) -> NDArray[Any]:
    """An input of a request as an array: bytes are the sample as it is, anything else see `inputs.sample`.

    Raises:
        InputError: it does not fit; `name` identifies it.
    """
    from quickml.export.inputs import raw, sample

    if isinstance(value, bytes):
        return raw(value, taken.shape, "request body")
    return sample(
        value,
        taken.shape,
        is_image=taken.kind == "image",
        name=name,
        formats=PICTURE_FORMATS,
        max_pixels=max_pixels,
    )


def answer_of(given: Mapping[str, NDArray[Any]], kept: Sequence[str]) -> NDArray[Any]:
    """The model's own output among everything that it gives; several single numbers as one array."""
    import numpy as np

    own = [array for name, array in given.items() if name not in kept]
    return own[0] if len(own) == 1 else np.concatenate([array.reshape(-1) for array in own])


def _check_layers(plan: Plan) -> None:
    found = max(math.prod(node.output_shape) for node in plan.graph.nodes)
    if found > MAX_LAYER_VALUES:
        raise UnsupportedModelError(
            f"the model: expected layers of at most {MAX_LAYER_VALUES:,} values, found {found:,};"
            " download it, and use `quickml predict`"
        )


def _shown(opened: Opened, layers: Sequence[str] | None) -> list[Node]:
    """The named layers that are in the file, in the order of the document."""
    nodes = opened.plan.graph.nodes
    present = {*opened.kept, nodes[-1].name}  # the last one's name in the file may differ
    return [node for node in nodes if node.name in present and (layers is None or node.name in layers)]


def _check_amount(nodes: Sequence[Node], inputs: int, most: int | None) -> None:
    found = inputs * sum(math.prod(_cut(node.output_shape, most)) for node in nodes)
    if found > MAX_VALUES:
        raise InputError(
            f"activations: expected at most {MAX_VALUES:,} values in one response, found {found:,};"
            " ask for fewer inputs or layers, or use `most`"
        )


def _predicted(
    given: Mapping[str, NDArray[Any]], opened: Opened, nodes: Sequence[Node], most: int | None, run_s: float
) -> Prediction:
    values, labels = opened.answer(given), opened.runtime.labels or ()
    probabilities = dict(zip(labels, values, strict=True)) if labels else {}
    answer = answer_of(given, opened.kept)
    return Prediction(
        label=max(probabilities, key=lambda label: probabilities[label]) if probabilities else None,
        probabilities=probabilities,
        targets=dict(zip(opened.plan.info.target_names, values, strict=False)),
        values=values,
        activations={
            node.name: _activation(given.get(node.name, answer), node.output_shape, most) for node in nodes
        },
        run_s=run_s,
    )


def _activation(array: NDArray[Any], shape: tuple[int, ...], most: int | None) -> LayerOutput:
    """Convert to the layout of the document: in the files, images have their channels first.

    The output of the last layer is that of the model, which has two probabilities where a sigmoid has one.
    """
    cut, array = _cut(shape, most), array.reshape(-1)[-math.prod(shape) :]
    if len(shape) == 3:
        height, width, channels = shape
        array = array.reshape(channels, height, width)[: cut[-1]].transpose(1, 2, 0)
    else:
        array = array.reshape(shape)[..., : cut[-1]]
    return LayerOutput(shape=cut, units=shape[-1], values=array.reshape(-1))


def _cut(shape: tuple[int, ...], most: int | None) -> tuple[int, ...]:
    if most is None:
        return shape
    return *shape[:-1], min(shape[-1], most if len(shape) > 1 else most * VECTOR_VALUES_PER_MAP)
