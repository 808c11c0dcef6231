"""Whether a network can go on learning on a phone: `export.updatable` held against the layers.

Core ML trains neural networks of its oldest layers, and of these only convolutions and inner products. It
goes back from the loss to each layer that learns, through layers that it has gradients for. These are Apple's
own rules, by which the compiler on a Mac or phone judges the file: `UpdatableNeuralNetworkValidator.cpp` and
`NeuralNetworkValidatorGraph.hpp` in the sources of coremltools (mlmodel/src/NeuralNetwork).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

from quickml.datasets.info import DatasetInfo
from quickml.document.advice import end_with, leave_out, meant, told
from quickml.document.export import Updatable
from quickml.document.layers.layer import axis_of, shown
from quickml.document.problem import problem
from quickml.document.shapes import Graph, Node
from quickml.document.training import SGD, Adam
from quickml.document.wiring import INPUT
from quickml.errors import Notice, Problem

POINTER = "/export/updatable"
ACTIVATIONS = frozenset({
    "linear", "relu", "relu6", "leaky_relu", "elu", "selu", "silu", "softplus", "softsign", "tanh", "sigmoid",
    "hard_sigmoid", "exponential", "softmax",
})  # fmt: skip
"""All that these layers can be made into: there is none for `gelu`."""

_PASSED = "Dense, Conv2D, pooling, Flatten, Reshape, BatchNormalization, ReLU, sigmoid, tanh"
_WAYS = f"Core ML goes back through {_PASSED}"


def updatable_problems(updatable: Updatable, graph: Graph | None, info: DatasetInfo | None) -> list[Problem]:
    """What stands in the way of a file that a phone can train; as much of it as the known parts show."""
    problems = _optimizer_problems(updatable.optimizer)
    if info:
        problems += _loss_problems(updatable, info)
    if info and info.kind not in ("image", "features"):
        problems.append(
            problem(
                "updatable-dataset",
                POINTER,
                expected="a dataset of pictures or features",
                found=f"{info.name} ({info.kind})",
                advice=leave_out(POINTER, "leave updatable out of export"),
                dataset=info.name,
                kind=info.kind,
            )
        )
    elif graph and info:
        problems += [problem for node in graph.nodes for problem in _writing_problems(node)]
        problems += _end_problems(graph, info) + _layer_problems(updatable, graph)
    return problems


def with_defaults(updatable: Updatable, graph: Graph, info: DatasetInfo) -> Updatable:
    """With the defaults that depend on the network written out, for a document without problems."""
    return updatable.model_copy(
        update={"layers": updatable.layers or _reached(graph)[0][:1], "loss": _loss_of(info)}
    )


def updatable_notices(updatable: Updatable | None, info: DatasetInfo) -> Iterator[Notice]:
    """How a phone learns several targets, which differs from the training here."""
    if updatable is None or not info.target_names:
        return
    message = "on the phone, Core ML knows mean_squared_error only"
    if not info.is_multi_label:
        message += ", in the targets' own units: those with large numbers are learned most"
    yield Notice(pointer=POINTER, message=message)


def _loss_of(info: DatasetInfo) -> str:
    return "categorical_crossentropy" if info.task == "classification" else "mean_squared_error"


def _loss_problems(updatable: Updatable, info: DatasetInfo) -> list[Problem]:
    if updatable.loss in (None, _loss_of(info)):
        return []
    subject = f"{info.name} ({info.task})"
    return [
        problem(
            "updatable-loss",
            f"{POINTER}/loss",
            subject=subject,
            expected=repr(_loss_of(info)),
            found=repr(updatable.loss),
            advice=leave_out(f"{POINTER}/loss", "it can be left out"),
            dataset=info.name,
            task=info.task,
            loss=updatable.loss,
            allowed=[_loss_of(info)],
        )
    ]


def _optimizer_problems(optimizer: SGD | Adam) -> list[Problem]:
    """What Core ML's optimizers do not have."""
    pointer, subject = f"{POINTER}/optimizer", f"{optimizer.type} on a phone"
    wrong = []
    if isinstance(optimizer, SGD) and optimizer.nesterov:
        wrong.append(("nesterov", "plain momentum", "true"))
    if optimizer.clipnorm is not None:
        wrong.append(("clipnorm", "none", f"{optimizer.clipnorm}"))
    return [
        problem(
            "updatable-optimizer",
            f"{pointer}/{key}",
            subject=subject,
            expected=expected,
            found=found,
            advice=leave_out(f"{pointer}/{key}", "leave it out"),
            optimizer=optimizer.type,
            key=key,
        )
        for key, expected, found in wrong
    ]


def _writing_problems(node: Node) -> list[Problem]:
    """Layers that the old form of neural networks does not have."""
    found = _unwritable(node)
    if not found:
        return []
    return [
        problem(
            "updatable-layer",
            f"/model/layers/{node.index}",
            subject="an updatable file",
            expected="layers of a dense or convolutional network",
            found=found,
            advice=leave_out(POINTER, "leave updatable out of export"),
            layer=node.name,
            type=node.layer.type,
        )
    ]


def _unwritable(node: Node) -> str:
    layer = node.layer
    if not layer.is_updatable:
        return layer.type
    odd = [shape for shape in (*node.input_shapes, node.output_shape) if len(shape) not in (1, 3)]
    if odd:
        return f"a {layer.type} of a value of shape {shown(odd[0])}"
    shape = node.input_shapes[0]
    axis = getattr(layer, "axis", -1)
    if axis_of(axis, shape) != len(shape) - 1:
        return f"a {layer.type} along another axis than the last"
    activation = getattr(layer, "activation", "linear")
    return "" if activation in ACTIVATIONS else f"a {layer.type} with {activation}"


def _end_problems(graph: Graph, info: DatasetInfo) -> list[Problem]:
    """Core ML's cross entropy takes what a softmax gives, and nothing else."""
    if info.task == "regression" or graph.output_shape != (1,):
        return []  # that classes want a softmax is told where the output is held against the dataset
    return [
        problem(
            "updatable-output",
            f"/model/layers/{graph.nodes[-1].index}",
            subject="an updatable file",
            expected="a softmax over two outputs, which Core ML's cross entropy wants",
            found="one sigmoid output",
            advice=end_with({"type": "Dense", "units": 2, "activation": "softmax"}),
            layer=graph.nodes[-1].name,
        )
    ]


def _layer_problems(updatable: Updatable, graph: Graph) -> list[Problem]:
    """Whether the layers that are to learn can."""
    reached, barrier = _reached(graph)
    reached = reached[::-1]
    if updatable.layers is None and not reached:
        found = f"none behind {_named(barrier)}" if barrier else "none"
        expected = "a Dense or Conv2D that the loss can be traced back to"
        return [
            problem(
                "updatable-nothing",
                POINTER,
                expected=expected,
                found=found,
                advice=told(_WAYS),
                **_barrier(barrier),
            )
        ]
    problems = []
    for place, name in enumerate(updatable.layers or ()):
        pointer = f"/export/updatable/layers/{place}"
        if name in (updatable.layers or ())[:place]:
            problems.append(
                problem(
                    "repeated-layer",
                    pointer,
                    expected="each name once",
                    found=f"{name!r} again",
                    advice=leave_out(pointer, "leave it out"),
                    layer=name,
                )
            )
        elif name not in reached:
            problems.append(_unreached(pointer, name, graph, barrier, reached))
    return problems


def _unreached(
    pointer: str, name: str, graph: Graph, barrier: Node | None, reached: Sequence[str]
) -> Problem:
    nodes = {node.name: node for node in graph.nodes}
    able = [node.name for node in graph.nodes if node.layer.learns_on_phone]
    expected = "the name of a Dense or Conv2D"
    if name not in nodes:
        close = difflib.get_close_matches(name[:64], reached, n=1)
        there = f"there are {', '.join(reached[-12:])}" if reached else ""
        advice, found = meant(pointer, close) if close else told(there), repr(name[:64])
        values: dict[str, Any] = {"layer": name, "known": reached[-12:]}
        return problem("unknown-layer", pointer, expected=expected, found=found, advice=advice, **values)
    if name not in able:
        found = _named(nodes[name])
        kind = nodes[name].layer.type
        return problem("layer-cannot-learn", pointer, expected=expected, found=found, layer=name, type=kind)
    behind = f", behind which comes {_named(barrier)}" if barrier and barrier.name != name else ""
    itself = f" with {nodes[name].layer.activation}" if not behind else ""  # type: ignore[attr-defined]
    return problem(
        "layer-out-of-reach",
        pointer,
        expected="a layer that the loss can be traced back to",
        found=f"{_named(nodes[name])}{behind or itself}",
        advice=told(_WAYS),
        layer=name,
        **_barrier(barrier),
    )


def _barrier(barrier: Node | None) -> dict[str, Any]:
    return {"barrier": barrier.name, "barrier_type": barrier.layer.type} if barrier else {}


def _named(node: Node) -> str:
    return f"{node.name!r} ({node.layer.type})"


def _reached(graph: Graph) -> tuple[tuple[str, ...], Node | None]:
    """Layers that can learn, counted from the end, and the layer beyond which Core ML cannot go back.

    It is one way: where layers merge is where it ends.
    """
    nodes = {node.name: node for node in graph.nodes}
    names: list[str] = []
    node = graph.nodes[-1]
    while node.layer.has_gradient() or (node is graph.nodes[-1] and _gives_probabilities(node)):
        if node.layer.learns_on_phone:
            names.append(node.name)
        if node.inputs == (INPUT,):
            return tuple(names), None
        node = nodes[node.inputs[0]]
    return tuple(names), node


def _gives_probabilities(node: Node) -> bool:
    return node.layer.final_activation() == "softmax" and node.output_shape != (1,)
