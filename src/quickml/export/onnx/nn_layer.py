"""A layer of a neural network, as the argument of the functions that translate it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.onnx.graph import OnnxGraph, Tensor


@dataclass(frozen=True, kw_only=True)
class NetworkLayer:
    """The kind (the field's name in `NeuralNetworkLayer`), parameters, inputs and number of outputs."""

    kind: str
    params: Any
    inputs: tuple[Tensor, ...]
    outputs: int

    @property
    def x(self) -> Tensor:
        """The first input."""
        if not self.inputs:
            raise CoreMLFileError("expected at least 1 input, found none")
        return self.inputs[0]

    def pair(self) -> tuple[Tensor, Tensor]:
        """The two inputs of a layer with exactly two."""
        if len(self.inputs) != 2:
            raise CoreMLFileError(f"expected 2 inputs, found {len(self.inputs)}")
        return self.inputs[0], self.inputs[1]


def numbers(g: OnnxGraph, layer: NetworkLayer, index: int) -> NDArray[Any] | None:
    """The numbers of an input that is a parameter of the layer; None if the layer has no such input.

    Raises UnsupportedModelError if they depend on more than the shapes of the model's inputs.
    """
    if index >= len(layer.inputs):
        return None
    known = g.known(layer.inputs[index])
    if known is None:
        raise UnsupportedModelError("parameters that are computed at run time cannot be run here")
    return known.reshape(-1)


def integers(g: OnnxGraph, layer: NetworkLayer, index: int, default: Iterable[int]) -> list[int]:
    """`numbers` as integers, or the default if the layer has no such input."""
    given = numbers(g, layer, index)
    return [int(number) for number in (default if given is None else given)]


Translator = Callable[[OnnxGraph, NetworkLayer], Tensor | Sequence[Tensor]]


def at_least(x: Tensor, rank: int) -> Tensor:
    """The value itself; raises CoreMLFileError if it has fewer axes than the layer requires."""
    if x.rank < rank:
        raise CoreMLFileError(f"expected at least {rank} axes, found the shape {x.shape}")
    return x
