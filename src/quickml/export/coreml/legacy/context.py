"""The context that a layer is written in, and the dispatch by layer type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.document.layers import Layer
from quickml.document.shapes import Node
from quickml.errors import CompileError

Weights = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class LegacyContext:
    """The builder, the layer's node, its input values, and its weights by Keras' variable names."""

    builder: Any
    node: Node
    inputs: list[str]
    weights: Weights

    @property
    def channels(self) -> int:
        """The number of channels of the first input."""
        return self.node.input_shapes[0][-1]

    def _named(self, part: str) -> str:
        return f"{self.node.name}/{part}" if part else self.node.name

    def made(self, method: str, *arguments: Any, of: str = "", part: str = "", **named: Any) -> str:
        """Add one of the builder's layers; returns the name of its output.

        The layer that holds the weights of a document's layer has the same name. Names in a document contain
        no slash, so that names with a slash never collide with them.
        """
        name = self._named(part)
        add_layer = getattr(self.builder, f"add_{method}")
        add_layer(name, *arguments, input_name=of or self.inputs[0], output_name=f"{name}/output", **named)
        return f"{name}/output"

    def merged(self, mode: str, of: list[str], part: str = "") -> str:
        """Add an elementwise layer with several inputs; returns the name of its output."""
        name = self._named(part)
        self.builder.add_elementwise(name, of, f"{name}/output", mode)
        return f"{name}/output"

    def function(self, kind: str, of: str, part: str, *parameters: float) -> str:
        """Add an activation with its parameters, if it has any; returns the name of its output."""
        single = parameters[0] if kind in ("ELU", "THRESHOLDEDRELU") else list(parameters)
        return self.made("activation", kind, of=of, part=part, params=single if parameters else None)


@singledispatch
def add(layer: Layer, context: LegacyContext) -> str:
    """Add a document's layer; returns the name of its output.

    Raises:
        CompileError: updatable files do not support this layer.
    """
    raise CompileError(f"{context.node.name}: {layer.type} cannot be written to an updatable file")
