"""Run a network for a film: in float32, in inference mode, on the inputs of a scene.

A traced TensorFlow function runs any network. Small networks of dense layers are run by `direct.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from quickml.document import Plan
from quickml.document.wiring import INPUT
from quickml.training.backend import current_graph, keras, tf
from quickml.training.build import call, make_layer
from quickml.training.film.current import CurrentWeights
from quickml.training.film.direct import DirectForward, is_direct
from quickml.training.film.network import over_time
from quickml.training.film.recipes import Look, WantedOutputs
from quickml.training.film.scene import FilmScene
from quickml.training.film.subject import Subject


class Forward(Protocol):
    """Looks at a network with its present weights."""

    @property
    def watched(self) -> Sequence[Any]:
        """Variables of TensorFlow whose present values `look` can be given."""

    def look(self, values: Sequence[Any] = ()) -> Look:
        """Run the network. Raises TensorFlow's errors."""


def forward(subject: Subject, scene: FilmScene, wanted: WantedOutputs) -> Forward:
    """The faster way for a network: look at `scene`, and compute what is wanted."""
    way = DirectForward if is_direct(subject) else TracedForward
    return way(subject, scene, wanted)


class TracedForward:
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
        self._variables = wanted.arrays(self._weights)

    watched = ()
    """Nothing: values of large variables would be kept for too long."""

    def look(self, _: Sequence[Any] = ()) -> Look:
        """Run the network, with its present weights."""
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
        found = self._network(self._inputs, training=False)
        answers, *values = found if isinstance(found, list) else [found]  # Keras unpacks a list of one
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
