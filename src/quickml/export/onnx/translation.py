"""Translate a Core ML file to an equivalent ONNX model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quickml.errors import CoreMLFileError, InputError, UnsupportedModelError
from quickml.export.coreml.reading.contents import apple_parts
from quickml.export.coreml.reading.files import CoreMLFile
from quickml.export.onnx import mlprogram, neuralnetwork, pipeline
from quickml.export.onnx.features import InputSpec
from quickml.export.onnx.graph import DAMAGE, OnnxGraph, Tensor
from quickml.export.onnx.network import Network

__all__ = ["InputSpec", "OnnxTranslation", "translate"]


_NUMBERS_PER_BYTE = 16  # 8 weights of 1 bit, stored twice: unchanged and transposed
_SPARE_NUMBERS = 2**25  # for constants other than weights: ranges, masks, grids


@dataclass(frozen=True, kw_only=True)
class OnnxTranslation:
    """An ONNX model and its interface.

    Image inputs are float32 (1, H, W, C) with values from 0 to 255, RGB or gray; the file's preprocessing is
    part of the graph. Multiarray inputs are float32 of their declared shape, single values (1,).
    `probabilities` names the output (1, k) with the probabilities of `labels`, in the same order. `layers`
    are the names that `keep` accepts.
    """

    model: Any = field(repr=False)
    inputs: tuple[InputSpec, ...]
    outputs: tuple[str, ...]
    labels: tuple[str, ...] | None
    probabilities: str | None
    layers: tuple[str, ...]


def translate(file: CoreMLFile, *, keep: Sequence[str] = (), skip_missing: bool = False) -> OnnxTranslation:
    """Translate a neural network, an ML program, or a pipeline of such and of what prepares their inputs.

    `keep` names intermediate values (outputs of layers, results of operations) to add as outputs;
    `skip_missing` leaves out those that the file does not have. Raises UnsupportedModelError if the model
    cannot be run, with the reason; CoreMLFileError if the file is damaged; InputError if `keep` names an
    unknown value.
    """
    reader = _reader(file)
    description = file.model.description
    features = [
        feature for part in (description, *description.functions) for feature in (*part.input, *part.output)
    ]
    names = {feature.name for feature in features} | set(keep)
    graph = OnnxGraph(names, room=_SPARE_NUMBERS + _NUMBERS_PER_BYTE * file.size_bytes)
    try:
        with np.errstate(all="ignore"):  # weights are arbitrary numbers; numpy's warnings do not help users
            network = reader(file, graph)
        outputs = network.outputs | _kept(network, keep, skip_missing)
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
    apple = apple_parts(file.model)
    if file.type in pipeline.TYPES and not apple:
        return pipeline.read
    expected = f"{file.path.name}: expected a neural network or an ML program, found the type {file.type}"
    if apple:
        where = "whose network" if file.type in apple else f"whose network ({apple[0]})"
        raise UnsupportedModelError(
            f"{expected}, {where} is part of Apple's systems and not of the file; it cannot be run here."
        )
    raise UnsupportedModelError(f"{expected}, which cannot be run here.")


def _inner(network: Network) -> tuple[str, ...]:
    inputs = {spec.name for spec in network.inputs}
    return tuple(name for name in network.values if name not in inputs)


def _kept(network: Network, keep: Sequence[str], skip_missing: bool) -> dict[str, Tensor]:
    inner = set(_inner(network))
    missing = [name for name in keep if name not in inner]
    if skip_missing:
        keep = [name for name in keep if name in inner]
    elif missing:
        raise InputError(f"The model has no intermediate value {missing[0]!r}.")
    return {name: network.values[name] for name in keep if name not in network.outputs}
