"""One layer of a neural network, as the translating functions see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.onnx.graph import OnnxGraph, Tensor


@dataclass(frozen=True, kw_only=True)
class NetworkLayer:
    """Its kind (the field's name in `NeuralNetworkLayer`), its parameters and the values it takes."""

    kind: str
    params: Any
    inputs: tuple[Tensor, ...]
    outputs: int

    @property
    def x(self) -> Tensor:
        """The first input."""
        if not self.inputs:
            raise CoreMLFileError("it has no input")
        return self.inputs[0]

    def pair(self) -> tuple[Tensor, Tensor]:
        """Both inputs of a layer that takes two."""
        if len(self.inputs) != 2:
            raise CoreMLFileError(f"expected 2 inputs, found {len(self.inputs)}")
        return self.inputs[0], self.inputs[1]


def alone(layer: NetworkLayer) -> Tensor:
    """The first input of a layer whose parameters may come as further inputs, which cannot be run."""
    if len(layer.inputs) > 1:
        raise UnsupportedModelError("parameters that are computed")
    return layer.x


Translator = Callable[[OnnxGraph, NetworkLayer], Tensor | Sequence[Tensor]]


def at_least(x: Tensor, rank: int) -> Tensor:
    """The value itself; raises CoreMLFileError where it has fewer axes than the layer is defined for."""
    if x.rank < rank:
        raise CoreMLFileError(f"expected at least {rank} axes, found the shape {x.shape}")
    return x
