"""Dense layers, also applied to every step of a sequence."""

from __future__ import annotations

from dataclasses import replace

from coremltools.converters.mil import Builder as mb

from quickml.document.layers.dense import Dense
from quickml.document.layers.wrappers import TimeDistributed
from quickml.export.coreml.emit.activation import activated
from quickml.export.coreml.emit.emitter import Context, Var, emits


@emits(Dense)
def dense(layer: Dense, context: Context) -> Var:
    """Keras' kernel is (inputs, units), Core ML's weight (units, inputs)."""
    arguments = {"x": context.input, "weight": context.weights["kernel"].T.copy()}
    if "bias" in context.weights:
        arguments["bias"] = context.weights["bias"]
    return activated(layer.activation, context, lambda name: mb.linear(**arguments, name=name))


@emits(TimeDistributed)
def time_distributed(layer: TimeDistributed, context: Context) -> Var:
    """The inner Dense layer, which applies to the last axis of a value of any rank."""
    weights = {path.rpartition("/")[2]: value for path, value in context.weights.items()}
    return dense(layer.layer, replace(context, weights=weights))
