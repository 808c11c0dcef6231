"""Run a small network of dense layers for a film, with numpy.

Nothing is traced, which would take a fifth of the time of a training on Iris. Keras is not called, because
its calls take longer than the computation. Arrays have their samples in the last axis, in pieces that fit in
the cache and are multiplied in one thread: the result does not depend on the number of processors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from quickml.document.shapes import Node
from quickml.document.wiring import INPUT
from quickml.model import Array
from quickml.training.backend import tf
from quickml.training.build import build
from quickml.training.film.current import CurrentWeights
from quickml.training.film.network import FilmedNetwork
from quickml.training.film.recipes import Look, WantedOutputs
from quickml.training.film.scene import FilmScene
from quickml.training.film.subject import Subject
from quickml.training.normalize import settle

Compute = Callable[[Array], Array]

VECTORS = frozenset({"Dense", "Activation", "ReLU", "LeakyReLU", "ELU", "Softmax", "Normalization"})
BEFORE = VECTORS | {"Rescaling", "Flatten", "Reshape"}
"""Layers that may be there where nothing is learned yet: their outputs are computed once."""
MOST_PRODUCTS = 2**18
"""OpenBLAS computes matrix products of at most so many multiplications in one thread."""
LARGEST_KERNEL = 2**13
MOST_COLUMNS = 1024
MOST_WATCHED = 2**16
"""Most weights that are kept for each frame that waits: 256 KiB."""


def is_direct(subject: Subject) -> bool:
    """Whether a network can be run in this way."""
    learning = FilmedNetwork(subject.plan).learning
    return all(_is_direct(node, node.name in learning) for node in subject.plan.graph.nodes)


def _is_direct(node: Node, learns: bool) -> bool:
    if len(node.inputs) != 1:
        return False
    if not learns or node.layer.only_trains:
        return node.layer.type in BEFORE or node.layer.only_trains
    shapes = (node.input_shapes[0], node.output_shape)
    is_small = all(len(shape) == 1 for shape in shapes) and shapes[0][0] * shapes[1][0] <= LARGEST_KERNEL
    return node.layer.type in VECTORS and is_small


class DirectForward:
    """Looks at a small network of dense layers."""

    def __init__(self, subject: Subject, scene: FilmScene, wanted: WantedOutputs) -> None:
        """Compute everything that does not change during training."""
        plan, network = subject.plan, FilmedNetwork(subject.plan)
        self._scene, self._wanted, self._weights = scene, wanted, CurrentWeights()
        self._variables = wanted.arrays(self._weights)
        self._last = plan.graph.nodes[-1].name
        layers = _in_float32(subject)
        nodes = [node for node in plan.graph.nodes if node.name in network.learning]
        self._steps = [
            (node.name, node.inputs[0], _operation(node, layers, self._weights, subject)) for node in nodes
        ]
        constants = _constants(plan.graph.nodes, network, layers, scene)
        self._pieces = list(_pieces(constants, nodes))
        kept = {self._last, *wanted.units, *wanted.shown}
        self._kept = {
            node.name: np.empty((*node.output_shape, len(scene.inputs)), np.float32)
            for node in nodes
            if node.name in kept
        }

    @property
    def watched(self) -> Sequence[Any]:
        """Variables whose values `look` can be given, which is faster than reading them; none if large."""
        variables = self._weights.variables
        return variables if sum(math.prod(each.shape) for each in variables) <= MOST_WATCHED else ()

    def look(self, values: Sequence[Any] = ()) -> Look:
        """Run the network. The arrays are valid until the next look or training step."""
        self._weights.refresh(values)
        start = 0
        for piece in self._pieces:
            outputs = dict(piece)
            for name, source, compute in self._steps:
                outputs[name] = compute(outputs[source])
            end = start + outputs[self._last].shape[1]
            for name, array in self._kept.items():
                array[:, start:end] = outputs[name]
            start = end
        points = self._scene.small_grid
        return Look(
            answers=self._kept[self._last].T,
            units={name: self._kept[name][:, points].T for name in self._wanted.units},
            shown={name: self._kept[name][:most, 0] for name, most in self._wanted.shown.items()},
            variables={key: read() for key, read in self._variables.items()},
        )


def _in_float32(subject: Subject) -> Any:
    """A model with layers that compute in float32: the model itself, or a copy."""
    if subject.precision == "float32":
        return subject.model
    copy = build(subject.plan, "float32")
    copy.set_weights(subject.model.get_weights())
    settle(subject.plan, copy)
    return copy


def _constants(
    nodes: tuple[Node, ...], network: FilmedNetwork, layers: Any, scene: FilmScene
) -> dict[str, Array]:
    """Outputs of the layers before the first that learns, (samples, ...)."""
    values = {INPUT: tf.constant(scene.inputs.astype(np.float32))}
    for node in nodes:
        if node.name not in network.learning:
            given = values[node.inputs[0]]
            values[node.name] = given if node.layer.only_trains else layers.get_layer(node.name).call(given)
    return {name: np.asarray(value) for name, value in values.items()}


def _pieces(constants: Mapping[str, Array], nodes: list[Node]) -> list[dict[str, Array]]:
    """What the layers that learn are given, (values, columns), in pieces."""
    largest = max(node.input_shapes[0][0] * node.output_shape[0] for node in nodes)
    columns = min(MOST_COLUMNS, MOST_PRODUCTS // largest)
    sources = {node.inputs[0] for node in nodes} & set(constants)
    count = len(constants[INPUT])
    return [
        {name: np.ascontiguousarray(constants[name][at : at + columns].T) for name in sources}
        for at in range(0, count, columns)
    ]


def _operation(node: Node, layers: Any, weights: CurrentWeights, subject: Subject) -> Compute:
    """What a layer computes. Looking a layer up for every frame would take longer than that."""
    if node.layer.only_trains:
        return _linear
    layer = layers.get_layer(node.name)
    if node.layer.type != "Dense":
        return _through_keras(layer.call)
    trained = subject.model.get_layer(node.name)
    activation = ACTIVATIONS.get(node.layer.final_activation()) or _through_keras(layer.activation)
    kernel = weights.getter(trained.kernel)
    bias = weights.getter(trained.bias) if trained.use_bias else None

    def dense(given: Array) -> Array:
        product = kernel().T @ given
        if bias:
            product += bias()[:, None]
        return activation(product)

    return dense


def _through_keras(compute: Callable[[Any], Any]) -> Compute:
    """A function of Keras, which takes (samples, values)."""
    return lambda values: np.asarray(compute(tf.constant(values.T))).T


def _linear(values: Array) -> Array:
    return values


def _relu(values: Array) -> Array:
    return np.maximum(values, 0, out=values)


def _tanh(values: Array) -> Array:
    return np.tanh(values, out=values)


def _sigmoid(values: Array) -> Array:
    np.exp(np.negative(values, out=values), out=values)
    values += 1
    return np.reciprocal(values, out=values)


def _softmax(values: Array) -> Array:
    values -= values.max(axis=0)
    np.exp(values, out=values)
    values /= values.sum(axis=0)
    return values


ACTIVATIONS: Mapping[str, Compute] = {
    "linear": _linear, "relu": _relu, "sigmoid": _sigmoid, "softmax": _softmax, "tanh": _tanh,
}  # fmt: skip
"""On new arrays, which they may change; other activations are called through Keras."""
