"""Dense."""

from __future__ import annotations

from coremltools.converters.mil import Builder as mb

from quickml.coreml.emit.activation import activated
from quickml.coreml.emit.emitter import Context, Var, emits
from quickml.spec.layers.dense import Dense


@emits(Dense)
def dense(layer: Dense, context: Context) -> Var:
    """Keras' kernel is (inputs, units), Core ML's weight (units, inputs)."""
    arguments = {"x": context.input, "weight": context.weights["kernel"].T.copy()}
    if "bias" in context.weights:
        arguments["bias"] = context.weights["bias"]
    return activated(layer.activation, context, lambda name: mb.linear(**arguments, name=name))
