"""Whether the output of a model is what its dataset needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from quickml.datasets.info import DatasetInfo
from quickml.document.advice import Advice, either, end_with, leave_out, told, write, write_key
from quickml.document.layers.activation import Activation
from quickml.document.layers.dense import Dense
from quickml.document.layers.layer import Layer, shown
from quickml.document.layers.preprocessing import Normalization
from quickml.document.layers.recurrent import Recurrent
from quickml.document.problem import problem
from quickml.document.shapes import Graph, walk
from quickml.document.spellings import PICTURES
from quickml.errors import Problem
from quickml.fields import Shape


def output_problems(graph: Graph, info: DatasetInfo) -> list[Problem]:
    """Size and activation of the last layer, and inverted normalizations elsewhere."""
    return _answer_problems(graph, info) + _inversion_problems(graph, info)


def _answer_problems(graph: Graph, info: DatasetInfo) -> list[Problem]:
    """An output of another size than the dataset needs, or without probabilities."""
    last, units, asked = graph.nodes[-1], info.outputs, _asked(info)
    pointer, activation = f"/model/layers/{last.index}", last.layer.final_activation()
    if len(info.labels) == 2 and last.output_shape == (1,) and activation == "sigmoid":
        return []
    if last.output_shape != (units,):
        if _answers_with_pictures(graph, info):
            return [_picture_problem(pointer, graph, info, units, asked)]
        return [
            problem(
                "output-size",
                pointer,
                subject=f"{info.name} ({asked})",
                expected=f"an output of ({units},)",
                found=shown(last.output_shape),
                advice=_size_advice(pointer, graph, info, units),
                dataset=info.name,
                task=info.task,
                units=units,
                output_shape=last.output_shape,
            )
        ]
    wanted = _activation(info)
    if wanted in ("linear", activation):
        return []
    what = "a probability for each label" if info.is_multi_label else "probabilities"
    return [
        problem(
            "output-activation",
            pointer,
            subject="multi_label" if info.is_multi_label else "classification",
            found=f'the activation "{activation}"',
            expected=f'{what}: the activation "{wanted}" on the last layer',
            advice=_activation_advice(pointer, graph, wanted),
            dataset=info.name,
            activation=activation,
            wanted=wanted,
        )
    ]


def _asked(info: DatasetInfo) -> str:
    """The task, with what it needs."""
    if info.is_multi_label:
        return f"{info.outputs} labels"
    if info.labels:
        return f"{info.outputs} classes"
    return f"regression of {info.outputs} numbers" if info.target_names else "regression"


def _activation(info: DatasetInfo) -> str:
    """What makes the output of the last layer an answer; `linear` if any does."""
    return "softmax" if info.labels else "sigmoid" if info.is_multi_label else "linear"


def with_units(found: Problem, document: Mapping[str, Any], info: DatasetInfo | None) -> Problem:
    """The problem of a last Dense without `units`, with the number that the dataset needs; else as it is."""
    if found.code != "missing-key" or found.values["keys"] != ["units"] or info is None:
        return found
    layers = document["model"]["layers"]
    last = layers[-1]
    if found.pointer != f"/model/layers/{len(layers) - 1}" or last["type"] != "Dense":
        return found
    is_one = len(info.labels) == 2 and last.get("activation") == "sigmoid"
    advice = write_key(found.pointer, {"units": 1 if is_one else info.outputs})
    return replace(found, hint=advice.words, fix=advice.steps)


def _answers_with_pictures(graph: Graph, info: DatasetInfo) -> bool:
    """Whether the output of a network that learns is a picture like the input, or a mask of it."""
    if not info.is_image or not graph.parameters.trainable:
        return False
    shape, last = graph.output_shape, graph.nodes[-1].layer
    final = getattr(last, "activation", last.final_activation())
    is_mask = len(shape) == 3 and shape[:2] == info.shape[:2] and final in ("sigmoid", "softmax")
    return is_mask or math.prod(shape) == math.prod(info.shape)


def _picture_problem(pointer: str, graph: Graph, info: DatasetInfo, units: int, asked: str) -> Problem:
    return problem(
        "picture-as-answer",
        pointer,
        subject=f"{info.name} ({asked})",
        expected=f"an output of ({units},)",
        found=f"pictures, {shown(graph.output_shape)}",
        advice=told(PICTURES),
        dataset=info.name,
        units=units,
        output_shape=graph.output_shape,
    )


def _size_advice(pointer: str, graph: Graph, info: DatasetInfo, units: int) -> Advice:
    """How the network gets an output of the right size."""
    layer, shape, final = graph.nodes[-1].layer, graph.output_shape, _activation(info)
    given = layer.final_activation()
    if len(info.labels) == 2 and shape == (1,) and isinstance(layer, Dense | Activation):
        return either(write_key(pointer, {"activation": "sigmoid"}), end_with(_dense(units, final)))
    if isinstance(layer, Dense) and len(shape) == 1:
        keeps = given == final or (final == "linear" and given != "softmax")
        return write_key(pointer, {"units": units} | ({} if keeps else {"activation": final}))
    index, output = _without_sequences(graph)
    if len(shape) == 2 and final in (given, "linear") and output == (units,):
        inner = "/layer" if hasattr(graph.nodes[index].layer, "layer") else ""
        words = 'one answer for all steps: set "return_sequences" to false in the last recurrent layer'
        place = f"/model/layers/{graph.nodes[index].index}{inner}/return_sequences"
        return either(write(place, value=False, words=words), end_with(_MEAN, _dense(units, final)))
    return end_with(*{2: [_MEAN], 3: [_FLATTEN]}.get(len(shape), []), _dense(units, final))


_FLATTEN = {"type": "Flatten"}
_MEAN = {"type": "GlobalAveragePooling1D"}


def _without_sequences(graph: Graph) -> tuple[int, Shape | None]:
    """Index of the last recurrent layer, and the output if it returned one answer; None if no layer fits."""
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
        return index, shorter.output_shape if shorter else None
    return 0, None


def _dense(units: int, activation: str) -> dict[str, Any]:
    return {"type": "Dense", "units": units} | ({} if activation == "linear" else {"activation": activation})


def _activation_advice(pointer: str, graph: Graph, wanted: str) -> Advice:
    """How the network gets probabilities, if its output has the right size."""
    last, nodes = graph.nodes[-1], {node.name: node for node in graph.nodes}
    node = last
    while node.layer.only_trains and node.inputs[0] in nodes:
        node = nodes[node.inputs[0]]
    if node is not last and node.layer.final_activation() == wanted:
        words = f"leave this {last.layer.type} out: the layer before it gives the probabilities"
        return leave_out(pointer, words)
    if not isinstance(last.layer, Dense | Activation):
        is_softmax = wanted == "softmax"
        return end_with({"type": "Softmax"} if is_softmax else {"type": "Activation", "activation": wanted})
    advice = write_key(pointer, {"activation": wanted})
    reasons = {
        "sigmoid": "for several labels of one sample, name several columns of a table as target",
        "softmax": "probabilities of a softmax exclude each other",
    }
    given = str(last.layer.activation)
    return advice.said(f"{advice.words}; {reasons[given]}") if given in reasons else advice


def _inversion_problems(graph: Graph, info: DatasetInfo) -> list[Problem]:
    """Only the last layer of a regression can be converted back to the target's unit."""
    return [
        problem(
            "inverted-normalization",
            f"/model/layers/{node.index}",
            subject="Normalization with invert",
            expected="mean and variance, or to be the last layer of a regression",
            found=f"layer {node.index + 1} of {len(graph.nodes)} of a {info.task}",
            task=info.task,
            position=node.index + 1,
            layers=len(graph.nodes),
        )
        for node in graph.nodes
        if isinstance(node.layer, Normalization)
        and node.layer.invert
        and node.layer.mean is None
        and (node is not graph.nodes[-1] or info.task != "regression")
    ]
