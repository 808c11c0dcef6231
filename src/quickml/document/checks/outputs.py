"""Whether the output of a model is what its dataset needs."""

from __future__ import annotations

import math
from typing import Any

from quickml.datasets.info import DatasetInfo
from quickml.document.layers.activation import Activation
from quickml.document.layers.dense import Dense
from quickml.document.layers.layer import Layer, shown
from quickml.document.layers.preprocessing import Normalization
from quickml.document.layers.recurrent import Recurrent
from quickml.document.shapes import Graph, walk
from quickml.errors import Problem
from quickml.fields import Shape


def output_problems(graph: Graph, info: DatasetInfo) -> list[Problem]:
    """Size and activation of the last layer, and inverted normalizations elsewhere."""
    return _answer_problems(graph, info) + _inversion_problems(graph, info)


def _answer_problems(graph: Graph, info: DatasetInfo) -> list[Problem]:
    """An output of another size than the dataset needs, or without probabilities."""
    last, classes = graph.nodes[-1], len(info.labels)
    pointer, activation = f"/model/layers/{last.index}", last.layer.final_activation()
    if classes == 2 and last.output_shape == (1,) and activation == "sigmoid":
        return []
    is_regression = info.task == "regression"
    units, asked = (1, "regression") if is_regression else (classes, f"{classes} classes")
    if last.output_shape != (units,):
        return [
            Problem(
                pointer=pointer,
                subject=f"{info.name} ({asked})",
                expected=f"an output of ({units},)",
                found=shown(last.output_shape),
                hint=_size_hint(graph, info, units),
            )
        ]
    if is_regression or activation == "softmax":
        return []
    return [
        Problem(
            pointer=pointer,
            subject="classification",
            found=f'the activation "{activation}"',
            expected='probabilities: the activation "softmax" on the last layer',
            hint=_softmax_hint(graph),
        )
    ]


def _size_hint(graph: Graph, info: DatasetInfo, units: int) -> str:
    """How the network gets an output of the right size."""
    ways = _ways_to_size(graph, units, "softmax" if info.labels else "linear")
    reproduces = info.is_image and math.prod(graph.output_shape) == math.prod(info.shape)
    return f"autoencoders are not possible; {ways}" if reproduces and graph.parameters.trainable else ways


def _ways_to_size(graph: Graph, units: int, final: str) -> str:
    layer, shape = graph.nodes[-1].layer, graph.output_shape
    given = layer.final_activation()
    if units == 2 and shape == (1,) and isinstance(layer, Dense | Activation):
        return f'write "activation": "sigmoid", or {_end("", units, final)}'
    if isinstance(layer, Dense) and len(shape) == 1:
        keeps = given == final or (final == "linear" and given != "softmax")
        return f'write "units": {units}' + ("" if keeps else f' and "activation": "{final}"')
    if len(shape) == 2 and final in (given, "linear") and _without_sequences(graph) == (units,):
        return (
            'one answer for all steps: set "return_sequences" to false in the last recurrent layer, '
            f"or {_end(_MEAN, units, final)}"
        )
    return _end({2: _MEAN, 3: _FLATTEN}.get(len(shape), ""), units, final)


_FLATTEN = '{"type": "Flatten"}, '
_MEAN = '{"type": "GlobalAveragePooling1D"}, '


def _without_sequences(graph: Graph) -> Shape | None:
    """The shape of the output if the last recurrent layer returned one answer; None if layers do not fit."""
    layers: list[Layer] = [node.layer.model_copy(update={"name": node.name}) for node in graph.nodes]
    for index in reversed(range(len(layers))):
        inner = getattr(layers[index], "layer", None)
        if isinstance(inner, Recurrent):
            changed: Any = inner.model_copy(update={"return_sequences": False})
            layers[index] = layers[index].model_copy(update={"layer": changed})
        elif isinstance(layers[index], Recurrent):
            layers[index] = layers[index].model_copy(update={"return_sequences": False})
        else:
            continue
        shorter, _ = walk(layers, graph.input_shape)
        return shorter.output_shape if shorter else None
    return None


def _end(before: str, units: int, activation: str) -> str:
    softmax = "" if activation == "linear" else f', "activation": "{activation}"'
    return f'end with {before}{{"type": "Dense", "units": {units}{softmax}}}'


def _softmax_hint(graph: Graph) -> str:
    """How the network gets probabilities, if its output has the right size."""
    last, nodes = graph.nodes[-1], {node.name: node for node in graph.nodes}
    node = last
    while node.layer.only_trains and node.inputs[0] in nodes:
        node = nodes[node.inputs[0]]
    if node is not last and node.layer.final_activation() == "softmax":
        return f"leave this {last.layer.type} out: the layer before it gives the probabilities"
    if not isinstance(last.layer, Dense | Activation):
        return 'end with {"type": "Softmax"}'
    if last.layer.activation == "sigmoid":
        return 'write "activation": "softmax"; several classes for one sample are not possible'
    return 'write "activation": "softmax"'


def _inversion_problems(graph: Graph, info: DatasetInfo) -> list[Problem]:
    """Only the last layer of a regression can be converted back to the target's unit."""
    return [
        Problem(
            pointer=f"/model/layers/{node.index}",
            subject="Normalization with invert",
            expected="mean and variance, or to be the last layer of a regression",
            found=f"layer {node.index + 1} of {len(graph.nodes)} of a {info.task}",
        )
        for node in graph.nodes
        if isinstance(node.layer, Normalization)
        and node.layer.invert
        and node.layer.mean is None
        and (node is not graph.nodes[-1] or info.task != "regression")
    ]
