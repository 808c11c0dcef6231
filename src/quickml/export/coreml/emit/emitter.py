"""What an emitter is, and the table of all of them.

Layout: Core ML convolves channels first. So every value of three axes (height, width, channels) travels as
(1, channels, height, width), from the input on; values of other ranks travel as (1, *shape). An emitter
that minds the order of numbers, as Flatten does, goes back to Keras' order with `channels_last`.
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
"""A coremltools MIL variable; its library has no types."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What an emitter has to go by."""

    name: str
    """Of the layer; the operation that gives its output carries it."""
    inputs: Sequence[Var]
    input_shapes: Sequence[Shape]
    """As Keras has them, without the batch."""
    output_shape: Shape
    weights: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """By Keras' name of the variable."""

    @property
    def input(self) -> Var:
        """The only input."""
        (value,) = self.inputs
        return value


L = TypeVar("L", bound=Layer)
Emitter = Callable[[Any, Context], Var]

EMITTERS: dict[type[Layer], Emitter] = {}


def emits(*kinds: type[L]) -> Callable[[Callable[[L, Context], Var]], Callable[[L, Context], Var]]:
    """Enter a function into the table as the emitter of these layers."""

    def enter(function: Callable[[L, Context], Var]) -> Callable[[L, Context], Var]:
        for kind in kinds:
            EMITTERS[kind] = function
        return function

    return enter


def axis_of(axis: int, shape: Shape) -> int:
    """Where Keras' `axis` (0 is the batch) of a value of `shape` lies in our layout."""
    position = position_of(axis, shape)
    return (2, 3, 1)[position] if len(shape) == 3 else position + 1


def channels_last(value: Var, shape: Shape) -> Var:
    """A value in Keras' order of axes, with the batch."""
    return mb.transpose(x=value, perm=[0, 2, 3, 1]) if len(shape) == 3 else value


def reshaped(value: Var, before: Shape, after: Shape, name: str) -> Var:
    """The same numbers in Keras' order, in another shape, in our layout again."""
    value = channels_last(value, before)
    if len(after) != 3:
        return mb.reshape(x=value, shape=[1, *after], name=name)
    return mb.transpose(x=mb.reshape(x=value, shape=[1, *after]), perm=[0, 3, 1, 2], name=name)
