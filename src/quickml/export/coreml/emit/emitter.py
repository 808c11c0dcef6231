"""The interface of emitters, and their registry.

Layout: Core ML's convolutions are channels-first. Every value of three axes (height, width, channels) is
therefore stored as (1, channels, height, width), from the input on; values of other ranks are (1, *shape). An
emitter that depends on the order of elements, such as Flatten, restores Keras' order with `channels_last`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from coremltools.converters.mil import Builder as mb
from numpy.typing import NDArray

from quickml.document.layers import Layer
from quickml.document.layers.layer import axis_of as position_of
from quickml.fields import Shape

Var = Any
"""A coremltools MIL variable; coremltools has no type annotations."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """The arguments of an emitter besides the layer."""

    name: str
    """The layer's name, also given to the operation that computes its output."""
    inputs: Sequence[Var]
    input_shapes: Sequence[Shape]
    """The shapes in Keras, without the batch axis."""
    output_shape: Shape
    weights: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """The weights by Keras' variable names."""

    @property
    def input(self) -> Var:
        """The only input."""
        (value,) = self.inputs
        return value


L = TypeVar("L", bound=Layer)
Emitter = Callable[[Any, Context], Var]

EMITTERS: dict[type[Layer], Emitter] = {}


def emits(*kinds: type[L]) -> Callable[[Callable[[L, Context], Var]], Callable[[L, Context], Var]]:
    """Register a function as the emitter of these layers."""

    def register(function: Callable[[L, Context], Var]) -> Callable[[L, Context], Var]:
        for kind in kinds:
            EMITTERS[kind] = function
        return function

    return register


def axis_of(axis: int, shape: Shape) -> int:
    """The position in Core ML's layout of Keras' `axis` (0 is the batch) of a value of `shape`."""
    position = position_of(axis, shape)
    return (2, 3, 1)[position] if len(shape) == 3 else position + 1


def channels_last(value: Var, shape: Shape) -> Var:
    """Transpose a value to Keras' order of axes, with the batch."""
    return mb.transpose(x=value, perm=[0, 2, 3, 1]) if len(shape) == 3 else value


def reshaped(value: Var, before: Shape, after: Shape, name: str) -> Var:
    """Reshape a value from `before` to `after`, in Keras' order of elements."""
    value = channels_last(value, before)
    if len(after) != 3:
        return mb.reshape(x=value, shape=[1, *after], name=name)
    return mb.transpose(x=mb.reshape(x=value, shape=[1, *after]), perm=[0, 3, 1, 2], name=name)
