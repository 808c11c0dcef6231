"""Run a network for a film: in float32, in inference mode, on the inputs of a scene.

There are two ways. A traced TensorFlow function runs any network. Tracing takes a fifth of the time of a
training on Iris, so networks of dense layers are run operation by operation, without Keras' calls, which take
longer than the computation.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from quickml.document import Plan
from quickml.document.shapes import Node
from quickml.document.wiring import INPUT
from quickml.training.backend import current_graph, keras, tf
from quickml.training.build import build, call, make_layer
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
ACTIVATIONS = {
    "linear": lambda values: values,
    "relu": tf.nn.relu,
    "sigmoid": tf.nn.sigmoid,
    "softmax": tf.nn.softmax,
    "tanh": tf.nn.tanh,
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
        plan, self._model, self._scene, self._wanted = subject.plan, subject.model, scene, wanted
        self._layers = _in_float32(subject)
        learning = FilmedNetwork(plan).learning
        self._last = plan.graph.nodes[-1].name
        self._changing = [node for node in plan.graph.nodes if node.name in learning]
        self._constant = {INPUT: tf.constant(scene.inputs.astype(np.float32))}
        for node in plan.graph.nodes:
            if node.name not in learning:
                self._constant[node.name] = self._called(node, self._constant)

    def look(self) -> Look:
        values = dict(self._constant)
        for node in self._changing:
            values[node.name] = self._called(node, values)
        points = self._scene.small_grid
        return Look(
            answers=np.asarray(values[self._last]),
            units={name: np.asarray(values[name])[points] for name in self._wanted.units},
            shown={
                name: np.asarray(values[name])[0, ..., :most] for name, most in self._wanted.shown.items()
            },
            variables=_variables(self._wanted),
        )

    def _called(self, node: Node, values: dict[str, Any]) -> Any:
        given = values[node.inputs[0]]
        if node.layer.only_trains:
            return given
        if node.layer.type == "Dense":
            return self._dense(node, given)
        return self._layers.get_layer(node.name).call(given)

    def _dense(self, node: Node, given: Any) -> Any:
        layer = self._model.get_layer(node.name)
        product = tf.raw_ops.MatMul(a=given, b=_read(layer.kernel))
        if layer.use_bias:
            product = tf.raw_ops.BiasAdd(value=product, bias=_read(layer.bias))
        activation = ACTIVATIONS.get(node.layer.final_activation(), layer.activation)
        return activation(product)


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

    def look(self) -> Look:
        answers, units, shown = self._run()
        return Look(
            answers=np.asarray(answers),
            units={name: np.asarray(value) for name, value in zip(self._wanted.units, units, strict=True)},
            shown={name: np.asarray(value) for name, value in zip(self._wanted.shown, shown, strict=True)},
            variables=_variables(self._wanted),
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


def _variables(wanted: WantedOutputs) -> dict[str, NDArray[Any]]:
    """The weights that are wanted, without copying them: they are valid until the next training step."""
    found = {}
    for key, (variable, stride) in wanted.variables.items():
        value = np.asarray(_read(variable))
        found[key] = value.reshape(-1)[::stride] if stride > 1 else value
    return found


def _read(variable: Any) -> Any:
    """The value of a Keras variable, in a fifth of the time that `variable.value` takes."""
    inner = variable._value  # the variable of TensorFlow
    return tf.raw_ops.ReadVariableOp(resource=inner.handle, dtype=inner.dtype)
