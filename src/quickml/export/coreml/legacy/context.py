"""What a layer is written from, and the table of layers that can be written."""

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
    """What a layer is written from: the builder, its input values, and its weights by Keras' names."""

    builder: Any
    node: Node
    inputs: list[str]
    weights: Weights

    @property
    def channels(self) -> int:
        """Of the first input."""
        return self.node.input_shapes[0][-1]

    def _named(self, part: str) -> str:
        return f"{self.node.name}/{part}" if part else self.node.name

    def made(self, method: str, *arguments: Any, of: str = "", part: str = "", **named: Any) -> str:
        """Add one of the builder's layers; returns the name of what it gives.

        The layer that holds a document's layer's weights has its name; a document's names have no slash, so
        that all others are free.
        """
        name = self._named(part)
        add_layer = getattr(self.builder, f"add_{method}")
        add_layer(name, *arguments, input_name=of or self.inputs[0], output_name=f"{name}/output", **named)
        return f"{name}/output"

    def merged(self, mode: str, of: list[str], part: str = "") -> str:
        """Add a layer of several inputs."""
        name = self._named(part)
        self.builder.add_elementwise(name, of, f"{name}/output", mode)
        return f"{name}/output"

    def function(self, kind: str, of: str, part: str, *parameters: float) -> str:
        """Add an activation; without parameters it takes none."""
        single = parameters[0] if kind in ("ELU", "THRESHOLDEDRELU") else list(parameters)
        return self.made("activation", kind, of=of, part=part, params=single if parameters else None)


@singledispatch
def add(layer: Layer, context: LegacyContext) -> str:
    """Add a document's layer; returns the name of what it gives.

    Raises:
        CompileError: such files do not have this layer.
    """
    raise CompileError(
        f"{context.node.name}: {layer.type} cannot be written to a file that a phone can train"
    )
