"""Whether the output of a model is what its dataset needs."""

from __future__ import annotations

from quickml.datasets.info import DatasetInfo
from quickml.document.layers.layer import shown
from quickml.document.layers.preprocessing import Normalization
from quickml.document.shapes import Graph, Node
from quickml.errors import Problem


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
        softmax = "" if is_regression else ', "activation": "softmax"'
        return [
            Problem(
                pointer=pointer,
                subject=f"{info.name} ({asked})",
                expected=f"an output of ({units},)",
                found=shown(last.output_shape),
                hint=_ending(last, f'{{"type": "Dense", "units": {units}{softmax}}}'),
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
            hint='add "activation": "softmax"',
        )
    ]


def _ending(last: Node, layer: str) -> str:
    if len(last.output_shape) == 2:
        return (
            'one answer for all steps: set "return_sequences" to false in the last recurrent layer, '
            f"or put a GlobalAveragePooling1D before {layer}"
        )
    return f"end with {layer}"


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
