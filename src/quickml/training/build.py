"""Build the keras.Model of a plan. The document's layers have the names and arguments of Keras' layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quickml.document import Plan
from quickml.document.layers.layer import Layer, Regularizer, default_name
from quickml.document.shapes import Graph
from quickml.document.wiring import INPUT
from quickml.training.backend import keras
from quickml.training.precision import Precision
from quickml.training.quicker import IN_CUDNN, is_quicker_in_float32, quicker

NONE: Mapping[str, Any] = {}


def build(plan: Plan, precision: Precision, *, quick: bool = False, on_gpu: bool = False) -> Any:
    """Build the model with its initial weights, to be run on the processor, or `on_gpu`.

    With `quick`, use the faster layers of `quicker`; such a model must not be saved.

    Returns:
        A keras.Model from (batch, *plan.info.shape) float32, raw pixels 0..255 or raw features, to
        (batch, outputs) float32. Weights are float32 in any precision.
    """
    classes = quicker(plan, on_gpu=on_gpu) if quick else NONE
    return connect(plan.graph, plan.info.kind, precision, classes, on_gpu=on_gpu)


def connect(
    graph: Graph,
    input_name: str,
    precision: Precision,
    quick: Mapping[str, Any] = NONE,
    *,
    on_gpu: bool = False,
) -> Any:
    """Like `build`, for a graph without a plan. `quick` are classes in place of Keras', by their names."""
    source = keras.Input(graph.input_shape, name=input_name, dtype="float32")
    values = {INPUT: source}
    for node in graph.nodes:
        last = node is graph.nodes[-1]  # bfloat16 is too coarse for probabilities near 1
        exact = last or node.layer.needs_float32() or (quick and is_quicker_in_float32(node))
        dtype = "float32" if exact else precision
        layer = make_layer(node.layer, node.name, dtype, quick, on_gpu=on_gpu)
        values[node.name] = call(layer, node.layer, [values[name] for name in node.inputs])
    return keras.Model(source, values[graph.nodes[-1].name], name="quickml")


def make_layer(
    layer: Layer, name: str, dtype: str, quick: Mapping[str, Any] = NONE, *, on_gpu: bool = False
) -> Any:
    """The Keras layer of the same type and arguments, or that in `quick`."""
    make = quick.get(layer.type) or getattr(keras.layers, layer.type)
    arguments = {key: _keras_value(value, dtype, quick, on_gpu) for key, value in layer.arguments().items()}
    if layer.type in IN_CUDNN and not on_gpu:
        # Keras uses cuDNN wherever TensorFlow sees a GPU, even for a model that is placed on the processor.
        arguments["use_cudnn"] = False
    # Bidirectional makes two layers of the one that it is given, by the names of their classes.
    with keras.saving.custom_object_scope({each.__name__: each for each in quick.values()}):
        return make(name=name, dtype=dtype, **arguments)


def call(made: Any, layer: Layer, inputs: list[Any]) -> Any:
    """The output of a Keras layer that was made for `layer`."""
    given = [inputs[0]] * 2 if layer.attends_itself else [inputs] if layer.merges else inputs
    return made(*given, **layer.call_arguments())


def _keras_value(value: Any, dtype: str, quick: Mapping[str, Any], on_gpu: bool) -> Any:
    """Convert layers and regularizers of the document to Keras objects; return other values unchanged."""
    if isinstance(value, Layer):
        return make_layer(value, default_name(value.type), dtype, quick, on_gpu=on_gpu)
    if isinstance(value, Regularizer):
        return keras.regularizers.L1L2(l1=value.l1, l2=value.l2)
    if value == "gelu_approximate":
        # Keras has this function, but no name for it. A Lambda of Keras' own function can be loaded without
        # QuickML, unlike a function of ours.
        return keras.layers.Lambda(
            keras.activations.gelu, arguments={"approximate": True}, autocast=False, name=value
        )
    return value
