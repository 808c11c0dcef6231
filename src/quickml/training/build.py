"""Plan → keras.Model. The spec's classes carry Keras' own names, so this is a walk and a lookup."""

from __future__ import annotations

from typing import Any

from quickml.spec import Plan
from quickml.spec.layers.layer import Regularizer
from quickml.spec.layers.preprocessing import Normalization, Rescaling
from quickml.spec.shapes import INPUT, Graph, Node
from quickml.training.backend import keras
from quickml.training.dropout import QuickDropout
from quickml.training.precision import Precision

EXACT = (Rescaling, Normalization)
"""Layers that compute in float32 always: bfloat16 keeps two or three digits, and raw 1013.25 needs six."""

QUICKER = {"Dropout": QuickDropout}
"""Forms of Keras' layers that do the same in less time while training."""


def build(plan: Plan, precision: Precision, *, quick: bool = False) -> Any:
    """Make the model, with its starting weights.

    With `quick`, layers that have a quicker form for training take it; such a model is not for saving.

    Returns:
        A keras.Model: (batch, *plan.dataset.shape) float32, raw pixels 0..255 or raw features, to
        (batch, outputs) float32. Weights are float32 whatever `precision` says.
    """
    return connect(plan.graph, "image" if plan.dataset.is_image else "features", precision, quick=quick)


def connect(graph: Graph, input_name: str, precision: Precision, *, quick: bool = False) -> Any:
    """As `build`, for layers that are not part of a plan."""
    source = keras.Input(graph.input_shape, name=input_name, dtype="float32")
    values = {INPUT: source}
    for node in graph.nodes:
        last = node is graph.nodes[-1]  # probabilities near 1 need more than bfloat16's digits
        dtype = "float32" if last or isinstance(node.layer, EXACT) else precision
        inputs = [values[name] for name in node.inputs]
        values[node.name] = make_layer(node, dtype, quick=quick)(inputs if node.layer.merges else inputs[0])
    return keras.Model(source, values[graph.nodes[-1].name], name="quickml")


def make_layer(node: Node, dtype: str, *, quick: bool = False) -> Any:
    """The Keras layer of the same type, name and arguments."""
    kind = node.layer.type
    make = QUICKER[kind] if quick and kind in QUICKER else getattr(keras.layers, kind)
    arguments = {key: _keras_value(value) for key, value in node.layer.arguments().items()}
    return make(name=node.name, dtype=dtype, **arguments)


def _keras_value(value: Any) -> Any:
    """Plain values are the same on both sides; objects of the document become Keras' objects."""
    if isinstance(value, Regularizer):
        return keras.regularizers.L1L2(l1=value.l1, l2=value.l2)
    return value
