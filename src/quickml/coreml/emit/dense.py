"""Dense."""

from __future__ import annotations

import numpy as np
from coremltools.converters.mil import Builder as mb

from quickml.coreml.emit.activation import activated
from quickml.coreml.emit.emitter import Context, Var, emits
from quickml.spec.layers import Dense


@emits(Dense)
def dense(layer: Dense, context: Context) -> Var:
    """Keras' kernel is (inputs, units), Core ML's weight (units, inputs)."""
    kernel = context.weights["kernel"]
    bias = context.weights.get("bias", np.zeros(layer.units, np.float32))
    return activated(
        layer.activation,
        context,
        lambda name: mb.linear(x=context.input, weight=kernel.T.copy(), bias=bias, name=name),
    )
