"""Write a whole network, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quickml.document.shapes import Graph
from quickml.document.wiring import INPUT
from quickml.export.coreml.legacy import layers as _layers  # noqa: F401 - fills the table behind `add`
from quickml.export.coreml.legacy.context import LegacyContext, Weights, add


def write(builder: Any, graph: Graph, weights: Mapping[str, Weights], *, source: str, result: str) -> None:
    """Add a network to a `NeuralNetworkBuilder`.

    Args:
        builder: an empty builder in its default mode, with values of five axes.
        graph: the layers with their shapes, of one or three axes.
        weights: by layer name, then by Keras' variable name; float32.
        source: the name of the file's input.
        result: the name of the file's output.

    Raises:
        CompileError: a layer is not supported.
    """
    values = {INPUT: source}
    for node in graph.nodes:
        context = LegacyContext(
            builder=builder,
            node=node,
            inputs=[values[name] for name in node.inputs],
            weights=weights.get(node.name, {}),
        )
        values[node.name] = add(node.layer, context)
    _rename(builder, values[graph.nodes[-1].name], result)


def _rename(builder: Any, old: str, new: str) -> None:
    for layer in builder.nn_spec.layers:
        for names in (layer.input, layer.output):
            names[:] = [new if name == old else name for name in names]
