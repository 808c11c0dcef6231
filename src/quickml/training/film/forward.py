"""Run a network for a film: in float32, in inference mode, on the inputs of a scene.

There are two ways. A traced TensorFlow function runs any network. Tracing takes a fifth of the time of a
training on Iris, so networks of dense layers are run operation by operation, without Keras' calls, which take
longer than the computation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from quickml.document import Plan
from quickml.document.shapes import Node
from quickml.document.wiring import INPUT
from quickml.training.backend import current_graph, keras, tf
from quickml.training.build import build, call, make_layer
from quickml.training.film.current import CurrentWeights
from quickml.training.film.network import FilmedNetwork, over_time
from quickml.training.film.recipes import Look, WantedOutputs
from quickml.training.film.scene import FilmScene
from quickml.training.film.subject import Subject
from quickml.training.normalize import settle

DIRECT = frozenset({
    "Dense", "Activation", "ReLU", "LeakyReLU", "ELU", "Softmax", "Rescaling", "Normalization", "Flatten",
    "Reshape",
})  # fmt: skip
"""Layers that are run operation by operation, besides those that only train."""
ACTIVATIONS: Mapping[str, Callable[[Any], Any]] = {
    "linear": lambda values: values,
    "relu": lambda values: tf.raw_ops.Relu(features=values),
    "sigmoid": lambda values: tf.raw_ops.Sigmoid(x=values),
    "softmax": lambda values: tf.raw_ops.Softmax(logits=values),
    "tanh": lambda values: tf.raw_ops.Tanh(x=values),
}
"""What Keras' activations compute, without their checks; others are called through Keras."""


class Forward(Protocol):
    """Looks at a network with its present weights."""

    def look(self) -> Look:
        """Run the network. Raises TensorFlow's errors."""


def forward(subject: Subject, scene: FilmScene, wanted: WantedOutputs) -> Forward:
    """The faster way for a network: look at `scene`, and compute what is wanted."""
    is_direct = all(map(_is_direct, subject.plan.graph.nodes))
    return (_Direct if is_direct else _Traced)(subject, scene, wanted)


def _is_direct(node: Node) -> bool:
    layer = node.layer
    if len(node.inputs) != 1 or (layer.type == "Dense" and len(node.input_shapes[0]) != 1):
        return False
    return layer.type in DIRECT or layer.only_trains


class _Direct:
    """Networks of dense layers of vectors."""

    def __init__(self, subject: Subject, scene: FilmScene, wanted: WantedOutputs) -> None:
        plan, self._scene, self._wanted = subject.plan, scene, wanted
        learning, in_float32 = FilmedNetwork(plan).learning, _in_float32(subject)
        self._last = plan.graph.nodes[-1].name
        self._constant = {INPUT: tf.constant(scene.inputs.astype(np.float32))}
        self._weights = CurrentWeights()
        self._changing = []
        for node in plan.graph.nodes:
            compute = _operation(node, subject.model, in_float32, self._weights)
            if node.name in learning:
                self._changing.append((node.name, node.inputs[0], compute))
            else:
                self._constant[node.name] = compute(self._constant[node.inputs[0]])
        self._variables = _arrays(wanted, self._weights)

    def look(self) -> Look:
        self._weights.refresh()
        values = dict(self._constant)
        for name, source, compute in self._changing:
            values[name] = compute(values[source])
        points = self._scene.small_grid
        return Look(
            answers=np.asarray(values[self._last]),
            units={name: np.asarray(values[name])[points] for name in self._wanted.units},
            shown={
                name: np.asarray(values[name])[0, ..., :most] for name, most in self._wanted.shown.items()
            },
            variables={key: read() for key, read in self._variables.items()},
        )


def _operation(node: Node, model: Any, in_float32: Any, weights: CurrentWeights) -> Callable[[Any], Any]:
    """What a layer computes, with the weights of `model`. To look a layer up would take longer than that."""
    if node.layer.only_trains:
        return ACTIVATIONS["linear"]
    if node.layer.type != "Dense":
        compute: Callable[[Any], Any] = in_float32.get_layer(node.name).call
        return compute
    layer = model.get_layer(node.name)
    activation = ACTIVATIONS.get(node.layer.final_activation(), layer.activation)
    kernel = weights.getter(layer.kernel)
    bias = weights.getter(layer.bias) if layer.use_bias else None

    def dense(given: Any) -> Any:
        product = tf.raw_ops.MatMul(a=given, b=kernel())
        return activation(tf.raw_ops.BiasAdd(value=product, bias=bias()) if bias else product)

    return dense


def _in_float32(subject: Subject) -> Any:
    """A model with layers that compute in float32: the model itself, or a copy."""
    if subject.precision == "float32":
        return subject.model
    copy = build(subject.plan, "float32")
    copy.set_weights(subject.model.get_weights())
    settle(subject.plan, copy)
    return copy


class _Traced:
    """Any network, in one TensorFlow function."""

    def __init__(self, subject: Subject, scene: FilmScene, wanted: WantedOutputs) -> None:
        self._scene, self._wanted, self._graphs = scene, wanted, subject.graphs
        self._inputs = tf.constant(scene.inputs.astype(np.float32))
        outputs, self._copied = _outputs(subject)
        plan = subject.plan
        ends = [plan.graph.nodes[-1].name, *wanted.units]
        shown = [_shown(plan, name) for name in wanted.shown]
        self._network = keras.Model(outputs[INPUT], [outputs[name] for name in (*ends, *shown)])
        self._run = tf.function(self._traced, autograph=False)
        self._weights = CurrentWeights()
        self._variables = _arrays(wanted, self._weights)

    def look(self) -> Look:
        answers, units, shown = self._run()
        self._weights.refresh()
        return Look(
            answers=np.asarray(answers),
            units={name: np.asarray(value) for name, value in zip(self._wanted.units, units, strict=True)},
            shown={name: np.asarray(value) for name, value in zip(self._wanted.shown, shown, strict=True)},
            variables={key: read() for key, read in self._variables.items()},
        )

    def _traced(self) -> Any:
        self._graphs.append(current_graph())
        for copy, original in self._copied:
            copy.assign(original.value)
        answers, *values = self._network(self._inputs, training=False)
        count, points = len(self._wanted.units), self._scene.small_grid
        units = [value[points] for value in values[:count]]
        most = self._wanted.shown.values()
        shown = [value[0, ..., :some] for value, some in zip(values[count:], most, strict=True)]
        return answers, units, shown


def _outputs(subject: Subject) -> tuple[dict[str, Any], list[tuple[Any, Any]]]:
    """Symbolic outputs of layers that compute in float32, and pairs of copied and original weights.

    Layers are copied only if the model has another precision, or returns last states only: then the copies
    return the states of all steps, as outputs of their own.
    """
    plan, model = subject.plan, subject.model
    if subject.precision == "float32" and not any(map(over_time, plan.graph.nodes)):
        return {INPUT: model.input, **{layer.name: layer.output for layer in model.layers[1:]}}, []
    outputs = {INPUT: keras.Input(plan.graph.input_shape, name=plan.info.kind, dtype="float32")}
    pairs: list[tuple[Any, Any]] = []
    for node in plan.graph.nodes:
        layer = node.layer.model_copy(update={"return_sequences": True}) if over_time(node) else node.layer
        made = make_layer(layer, node.name, "float32")
        output = call(made, layer, [outputs[name] for name in node.inputs])
        if over_time(node):
            outputs[_states(node.name)] = output
            output = output[:, -1]
        outputs[node.name] = output
        pairs += _copied(made, model.get_layer(node.name))
    return outputs, pairs


def _copied(copy: Any, original: Any) -> list[tuple[Any, Any]]:
    """Copy the weights of a layer; return them in pairs if they change during training."""
    pairs = list(zip(copy.weights, original.weights, strict=True))
    for mine, theirs in pairs:
        mine.assign(theirs)
    if not isinstance(copy, keras.layers.Normalization):
        return pairs
    if copy.weights:
        copy.finalize_state()
    return []


def _states(name: str) -> str:
    return f"{name}/states"


def _shown(plan: Plan, name: str) -> str:
    """Which output is shown for a layer."""
    return next(_states(name) if over_time(node) else name for node in plan.graph.nodes if node.name == name)


def _arrays(wanted: WantedOutputs, weights: CurrentWeights) -> dict[str, Callable[[], NDArray[Any]]]:
    """Functions that return the weights that are wanted."""
    return {
        key: _array(weights.getter(variable), stride) for key, (variable, stride) in wanted.variables.items()
    }


def _array(tensor: Callable[[], Any], stride: int) -> Callable[[], NDArray[Any]]:
    if stride == 1:
        return lambda: np.asarray(tensor())
    return lambda: np.asarray(tensor()).reshape(-1)[::stride]
