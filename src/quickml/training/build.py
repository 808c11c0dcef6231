"""Build the keras.Model of a plan. The document's layers have the names and arguments of Keras' layers."""

from __future__ import annotations

from typing import Any

from quickml.document import Plan
from quickml.document.layers.layer import Layer, Regularizer, default_name
from quickml.document.shapes import Graph
from quickml.document.wiring import INPUT
from quickml.training.backend import keras
from quickml.training.batch_norm import QuickBatchNormalization
from quickml.training.dropout import QuickDropout
from quickml.training.precision import Precision

QUICKER = {"BatchNormalization": QuickBatchNormalization, "Dropout": QuickDropout}
"""Faster equivalents of Keras' layers, for training only."""


def build(plan: Plan, precision: Precision, *, quick: bool = False) -> Any:
    """Build the model with its initial weights.

    With `quick`, use the faster layers of `QUICKER`; such a model must not be saved.

    Returns:
        A keras.Model from (batch, *plan.info.shape) float32, raw pixels 0..255 or raw features, to
        (batch, outputs) float32. Weights are float32 in any precision.
    """
    return connect(plan.graph, plan.info.kind, precision, quick=quick)


def connect(graph: Graph, input_name: str, precision: Precision, *, quick: bool = False) -> Any:
    """Like `build`, for a graph without a plan."""
    source = keras.Input(graph.input_shape, name=input_name, dtype="float32")
    values = {INPUT: source}
    for node in graph.nodes:
        last = node is graph.nodes[-1]  # bfloat16 is too coarse for probabilities near 1
        dtype = "float32" if last or node.layer.needs_float32() else precision
        layer = make_layer(node.layer, node.name, dtype, quick=quick)
        values[node.name] = call(layer, node.layer, [values[name] for name in node.inputs])
    return keras.Model(source, values[graph.nodes[-1].name], name="quickml")


def make_layer(layer: Layer, name: str, dtype: str, *, quick: bool = False) -> Any:
    """The Keras layer of the same type and arguments."""
    make = QUICKER[layer.type] if quick and layer.type in QUICKER else getattr(keras.layers, layer.type)
    arguments = {key: _keras_value(value, dtype) for key, value in layer.arguments().items()}
    return make(name=name, dtype=dtype, **arguments)


def call(made: Any, layer: Layer, inputs: list[Any]) -> Any:
    """The output of a Keras layer that was made for `layer`."""
    given = [inputs[0]] * 2 if layer.attends_itself else [inputs] if layer.merges else inputs
    return made(*given, **layer.call_arguments())


def _keras_value(value: Any, dtype: str) -> Any:
    """Convert layers and regularizers of the document to Keras objects; return other values unchanged."""
    if isinstance(value, Layer):
        return make_layer(value, default_name(value.type), dtype)
    if isinstance(value, Regularizer):
        return keras.regularizers.L1L2(l1=value.l1, l2=value.l2)
    if value == "gelu_approximate":
        # Keras has this function, but no name for it. A Lambda of Keras' own function can be loaded without
        # QuickML, unlike a function of ours.
        return keras.layers.Lambda(
            keras.activations.gelu, arguments={"approximate": True}, autocast=False, name=value
        )
    return value
