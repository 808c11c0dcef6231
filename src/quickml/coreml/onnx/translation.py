"""`translate`: a Core ML file that was read -> an ONNX model that computes the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from quickml.coreml.files import CoreMLFile
from quickml.coreml.onnx import mlprogram, neuralnetwork
from quickml.coreml.onnx.features import InputSpec
from quickml.coreml.onnx.graph import Graph, Tensor
from quickml.coreml.onnx.network import Network
from quickml.errors import CoreMLFileError, InputError, UnsupportedModelError

__all__ = ["InputSpec", "Translation", "translate"]


@dataclass(frozen=True, kw_only=True)
class Translation:
    """An ONNX model and how to talk to it.

    Images go in as float32 (1, H, W, C) with values from 0 to 255, RGB or gray; the preprocessing that the
    file asks for is part of the graph. Multiarrays go in as float32 of their declared shape. `probabilities`
    names the output (1, k) with one number for each of `labels`, in their order.
    """

    model: Any = field(repr=False)
    inputs: tuple[InputSpec, ...]
    outputs: tuple[str, ...]
    labels: tuple[str, ...] | None
    probabilities: str | None


def translate(file: CoreMLFile, *, keep: Sequence[str] = ()) -> Translation:
    """Translate a neural network or an ML program.

    `keep` names inner values (a layer's output, an operation's result) to have as further outputs. Raises
    UnsupportedModelError for what cannot be run, naming it; CoreMLFileError for a damaged file; InputError
    where `keep` names what is not there.
    """
    reader = _reader(file)
    description = file.model.description
    features = [
        feature for part in (description, *description.functions) for feature in (*part.input, *part.output)
    ]
    graph = Graph({feature.name for feature in features} | set(keep))
    try:
        network = reader(file, graph)
        outputs = network.outputs | _kept(network, keep)
        for name, tensor in outputs.items():
            graph.output(name, tensor)
        model = graph.model()
    except CoreMLFileError as error:
        raise type(error)(f"{file.path.name}: {error}") from error
    return Translation(
        model=model,
        inputs=network.inputs,
        outputs=tuple(outputs),
        labels=network.labels,
        probabilities=network.probabilities,
    )


def _reader(file: CoreMLFile) -> Callable[[CoreMLFile, Graph], Network]:
    if file.type in neuralnetwork.TYPES:
        return neuralnetwork.read
    if file.type == "mlProgram":
        return mlprogram.read
    raise UnsupportedModelError(
        f"{file.path.name} holds a model of the type {file.type}; "
        "only neural networks and ML programs can be run here."
    )


def _kept(network: Network, keep: Sequence[str]) -> dict[str, Tensor]:
    inputs = {spec.name for spec in network.inputs}
    missing = [name for name in keep if name not in network.values or name in inputs]
    if missing:
        raise InputError(f"The model has no inner value {missing[0]!r}.")
    return {name: network.values[name] for name in keep if name not in network.outputs}
