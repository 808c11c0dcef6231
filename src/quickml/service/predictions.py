"""Predictions: runs the Core ML files of jobs, and shows the values of their layers."""

from __future__ import annotations

import math
import shutil
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from quickml.document import Plan, restore
from quickml.document.shapes import Node
from quickml.errors import ArtifactError, InputError, UnsupportedModelError
from quickml.export.formats.format import ZIP, runnable
from quickml.jobs.job import Artifact, Job
from quickml.storage.artifacts.checksums import check
from quickml.storage.artifacts.store import ArtifactStore

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quickml.export.runtime import Input, Runtime

MAX_INPUTS = 64
"""Number of inputs of one call."""
PICTURE_FORMATS = ("PNG", "JPEG")
MAX_PIXELS = 25_000_000
"""Number of pixels of all pictures of one call. Each may have its share of them."""
MAX_VALUES = 1_000_000
"""Number of values of layers in one response."""
MAX_LAYER_VALUES = 16_000_000
"""Number of values that one layer may compute. Those of several layers are in memory while a model runs."""
MAX_LOADED = 16
MAX_LOADED_BYTES = 128_000_000
"""Total size of the weights of the models that are kept loaded, as float32. Files may be compressed."""


@dataclass(frozen=True, kw_only=True)
class LayerOutput:
    """The output of a layer."""

    shape: tuple[int, ...]
    """As in the document; (height, width, channels) for images."""
    values: NDArray[Any]
    """Flattened in row-major order."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The output of a model for one input."""

    label: str | None = None
    """The most probable label; None for a regression."""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    """By label, in the order of the outputs; empty for a regression."""
    values: Sequence[float] = ()
    """The output of the model."""
    activations: Mapping[str, LayerOutput] = field(default_factory=dict)
    """By layer, in the order of the document. Layers that only act during training are not in the file."""

    @property
    def size_bytes(self) -> int:
        """Memory that the values of the layers take."""
        return sum(layer.values.nbytes for layer in self.activations.values())


class Models:
    """Runs models, and keeps those used last loaded. Thread-safe."""

    def __init__(self, artifacts: ArtifactStore, scratch: Path) -> None:
        """Unpack packages in the folder `scratch`, which is emptied first."""
        shutil.rmtree(scratch, ignore_errors=True)
        self._artifacts, self._scratch = artifacts, scratch
        self._loaded: OrderedDict[tuple[str, tuple[str, ...]], tuple[Runtime, int]] = OrderedDict()
        self._lock = threading.Lock()

    def predict(
        self, job: Job, artifacts: Sequence[Artifact], inputs: Sequence[Any], layers: Sequence[str] | None
    ) -> list[Prediction]:
        """Run a job's model on each input.

        Args:
            job: the job.
            artifacts: its files.
            inputs: see `export.inputs.sample`.
            layers: names of layers whose values to return; None returns all.

        Raises:
            InputError: an input does not fit, there is no such layer, or the response would be too large.
            UnsupportedModelError: none of the files can be run here.
            ArtifactDamagedError: the stored file is damaged.
        """
        if not 1 <= len(inputs) <= MAX_INPUTS:
            raise InputError(f"inputs: expected 1 to {MAX_INPUTS}, found {len(inputs)}")
        artifact = _runnable(artifacts)
        plan = restore(job.plan, job.document)
        _check_layers(plan)
        last = plan.graph.nodes[-1]
        nodes = self._nodes(artifact, plan, layers)
        _check_amount(nodes, len(inputs))
        kept = tuple(node.name for node in nodes if node is not last)
        runtime = self._runtime(artifact, plan, kept)
        taken = runtime.only_input()
        arrays = _arrays(inputs, taken)
        labels = runtime.labels or ()
        predictions = [_predicted(runtime.run({taken.name: array}), labels, kept, nodes) for array in arrays]
        for index, prediction in enumerate(predictions):
            runtime.check_finite(prediction.values, f"inputs/{index}")
        return predictions

    def _nodes(self, artifact: Artifact, plan: Plan, layers: Sequence[str] | None) -> list[Node]:
        """The named layers that are in the file, in the order of the document."""
        if layers is not None and not layers:
            return []
        names = [node.name for node in plan.graph.nodes]
        unknown = sorted(set(layers or ()) - set(names))
        if unknown:
            raise InputError(f"activations: expected some of {', '.join(names)}, found {unknown[0]!r:.80}")
        present = set(self._runtime(artifact, plan, ()).layers)
        present.add(names[-1])  # its name in the file may differ
        wanted = names if layers is None else layers
        return [node for node in plan.graph.nodes if node.name in wanted and node.name in present]

    def _runtime(self, artifact: Artifact, plan: Plan, keep: tuple[str, ...]) -> Runtime:
        key = artifact.sha256, keep
        with self._lock:
            if key in self._loaded:
                self._loaded.move_to_end(key)
                return self._loaded[key][0]
        check(self._artifacts, artifact.sha256)
        from quickml.export.runtime import Runtime

        with self._model(artifact) as path:
            runtime = Runtime.load(path, keep=keep, engine="onnx")  # Core ML shows no layers
        with self._lock:
            self._loaded[key] = runtime, 4 * plan.graph.parameters.total
            while len(self._loaded) > 1 and self._is_full():
                self._loaded.popitem(last=False)
        return runtime

    def _is_full(self) -> bool:
        return (
            len(self._loaded) > MAX_LOADED
            or sum(size for _, size in self._loaded.values()) > MAX_LOADED_BYTES
        )

    @contextmanager
    def _model(self, artifact: Artifact) -> Iterator[Path]:
        """The model's file or unpacked package, which is removed when it is loaded."""
        with self._artifacts.local_path(artifact.sha256) as stored:
            if artifact.media_type != ZIP:
                yield stored
                return
            with _folder_in(self._scratch) as folder:
                _unpack(stored, folder)
                (package,) = folder.iterdir()
                yield package


def _runnable(artifacts: Sequence[Artifact]) -> Artifact:
    for format in runnable():
        for artifact in artifacts:
            if artifact.kind == format.kind:
                return artifact
    raise UnsupportedModelError("this job has no Core ML file that can be run here")


@contextmanager
def _folder_in(scratch: Path) -> Iterator[Path]:
    try:
        scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True)
    except OSError as error:
        raise ArtifactError(f"{scratch}: no package can be unpacked there ({error.strerror})") from error
    with folder as name:
        yield Path(name)


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
    except (OSError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{archive.name}: the package cannot be unpacked ({error})") from error


def _arrays(inputs: Sequence[Any], taken: Input) -> list[NDArray[Any]]:
    from quickml.export.inputs import sample

    return [
        sample(
            value,
            taken.shape,
            is_image=taken.kind == "image",
            name=f"inputs/{index}",
            formats=PICTURE_FORMATS,
            max_pixels=MAX_PIXELS // len(inputs),
        )
        for index, value in enumerate(inputs)
    ]


def _check_layers(plan: Plan) -> None:
    found = max(math.prod(node.output_shape) for node in plan.graph.nodes)
    if found > MAX_LAYER_VALUES:
        raise UnsupportedModelError(
            f"the model: expected layers of at most {MAX_LAYER_VALUES:,} values, found {found:,};"
            " download it, and use `quickml predict`"
        )


def _check_amount(nodes: Sequence[Node], inputs: int) -> None:
    found = inputs * sum(math.prod(node.output_shape) for node in nodes)
    if found > MAX_VALUES:
        raise InputError(
            f"activations: expected at most {MAX_VALUES:,} values in one response, found {found:,};"
            " ask for fewer inputs or layers"
        )


def _predicted(
    given: Mapping[str, NDArray[Any]], labels: Sequence[str], kept: Sequence[str], nodes: Sequence[Node]
) -> Prediction:
    answer = next(array for name, array in given.items() if name not in kept)
    values = [float(value) for value in answer.reshape(-1)]
    probabilities = dict(zip(labels, values, strict=True)) if labels else {}
    return Prediction(
        label=max(probabilities, key=lambda label: probabilities[label]) if probabilities else None,
        probabilities=probabilities,
        values=values,
        activations={
            node.name: _activation(given.get(node.name, answer), node.output_shape) for node in nodes
        },
    )


def _activation(array: NDArray[Any], shape: tuple[int, ...]) -> LayerOutput:
    """Convert to the layout of the document: in the files, images have their channels first.

    The output of the last layer is that of the model, which has two probabilities where a sigmoid has one.
    """
    array = array.reshape(-1)[-math.prod(shape) :]
    if len(shape) == 3:
        height, width, channels = shape
        array = array.reshape(channels, height, width).transpose(1, 2, 0)
    return LayerOutput(shape=shape, values=array.reshape(-1))
