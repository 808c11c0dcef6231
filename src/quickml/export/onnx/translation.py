"""`translate`: a Core ML file that was read -> an ONNX model that computes the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quickml.errors import CoreMLFileError, InputError, UnsupportedModelError
from quickml.export.coreml.reading.files import CoreMLFile
from quickml.export.onnx import mlprogram, neuralnetwork
from quickml.export.onnx.features import InputSpec
from quickml.export.onnx.graph import DAMAGE, OnnxGraph, Tensor
from quickml.export.onnx.network import Network

__all__ = ["InputSpec", "OnnxTranslation", "translate"]


_NUMBERS_PER_BYTE = 16  # 8 weights of a bit each, kept once as they are and once transposed
_SPARE_NUMBERS = 2**25  # for what a network needs besides its weights: ranges, masks, grids


@dataclass(frozen=True, kw_only=True)
class OnnxTranslation:
    """An ONNX model and how to talk to it.

    Images go in as float32 (1, H, W, C) with values from 0 to 255, RGB or gray; the preprocessing that the
    file asks for is part of the graph. Multiarrays go in as float32 of their declared shape. `probabilities`
    names the output (1, k) with one number for each of `labels`, in their order; `layers` are the inner
    values that can be asked for.
    """

    model: Any = field(repr=False)
    inputs: tuple[InputSpec, ...]
    outputs: tuple[str, ...]
    labels: tuple[str, ...] | None
    probabilities: str | None
    layers: tuple[str, ...]


def translate(file: CoreMLFile, *, keep: Sequence[str] = ()) -> OnnxTranslation:
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
    names = {feature.name for feature in features} | set(keep)
    graph = OnnxGraph(names, room=_SPARE_NUMBERS + _NUMBERS_PER_BYTE * file.size_bytes)
    try:
        with np.errstate(all="ignore"):  # weights may be any numbers, and warnings are no answer
            network = reader(file, graph)
        outputs = network.outputs | _kept(network, keep)
        for name, tensor in outputs.items():
            graph.output(name, tensor)
        model = graph.model()
    except CoreMLFileError as error:
        raise type(error)(f"{file.path.name}: {error}") from error
    except DAMAGE as error:
        raise CoreMLFileError(f"{file.path.name} is damaged: {error}") from error
    return OnnxTranslation(
        model=model,
        inputs=network.inputs,
        outputs=tuple(outputs),
        labels=network.labels,
        probabilities=network.probabilities,
        layers=_inner(network),
    )


def _reader(file: CoreMLFile) -> Callable[[CoreMLFile, OnnxGraph], Network]:
    if file.type in neuralnetwork.TYPES:
        return neuralnetwork.read
    if file.type == "mlProgram":
        return mlprogram.read
    raise UnsupportedModelError(
        f"{file.path.name} holds a model of the type {file.type}; "
        "only neural networks and ML programs can be run here."
    )


def _inner(network: Network) -> tuple[str, ...]:
    inputs = {spec.name for spec in network.inputs}
    return tuple(name for name in network.values if name not in inputs)


def _kept(network: Network, keep: Sequence[str]) -> dict[str, Tensor]:
    inner = set(_inner(network))
    missing = [name for name in keep if name not in inner]
    if missing:
        raise InputError(f"The model has no inner value {missing[0]!r}.")
    return {name: network.values[name] for name in keep if name not in network.outputs}
