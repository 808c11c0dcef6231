"""Recurrent layers.

An LSTM with its own activations has an operation in both formats. A GRU has one too, but not one that means
the same in both: by its page in MIL the reset gate multiplies what leaves the recurrent kernel, by
NeuralNetwork.proto what enters it, and neither has a bias inside the reset gate's reach, as Keras has by
default. coremltools itself avoids it for PyTorch's GRU. So a GRU is written step by step, of operations that
nobody doubts, and so are a SimpleRNN and an LSTM with other activations, which Core ML's operations have few
of and clip. All steps share one constant for each kernel: the file grows by names, not by weights.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from coremltools.converters.mil import Builder as mb
from numpy.typing import NDArray

from quickml.document.layers.recurrent import GRU, LSTM, Recurrent, SimpleRNN
from quickml.document.layers.wrappers import Bidirectional
from quickml.export.coreml.emit.emitter import Context, Var, emits
from quickml.export.coreml.emit.unrolled import unrolled
from quickml.fields import Shape

Weights = Mapping[str, NDArray[np.float32]]


@emits(SimpleRNN, LSTM, GRU)
def recurrent(layer: Recurrent, context: Context) -> Var:
    """One direction."""
    answer = _run(layer, context, context.weights, context.name)
    return mb.identity(x=answer, name=context.name)


@emits(Bidirectional)
def bidirectional(layer: Bidirectional, context: Context) -> Var:
    """Two layers, one of which goes backwards; its answers are turned around to stand beside the others."""
    inner = layer.layer
    other = inner.model_copy(update={"go_backwards": not inner.go_backwards})
    there = _run(inner, context, _within(context.weights, "forward"), f"{context.name}_forward")
    back = _run(other, context, _within(context.weights, "backward"), f"{context.name}_backward")
    if inner.return_sequences:
        back = mb.reverse(x=back, axes=[1])
    if layer.merge_mode == "concat":
        return mb.concat(values=[there, back], axis=-1, name=context.name)
    if layer.merge_mode == "mul":
        return mb.mul(x=there, y=back, name=context.name)
    if layer.merge_mode == "sum":
        return mb.add(x=there, y=back, name=context.name)
    return mb.mul(x=mb.add(x=there, y=back), y=np.float32(0.5), name=context.name)


def _within(weights: Weights, direction: str) -> Weights:
    """`forward_lstm/kernel` as `kernel`."""
    mine = {path: value for path, value in weights.items() if path.startswith(direction)}
    return {path.rpartition("/")[2]: value for path, value in mine.items()}


def _run(layer: Recurrent, context: Context, weights: Weights, name: str) -> Var:
    """(1, steps, features) to (1, steps, units) in the order of going, or to (1, units)."""
    x = context.input
    if layer.go_backwards:
        x = mb.reverse(x=x, axes=[1])
    if layer.is_unrolled:
        return unrolled(layer, weights, x, name)
    assert isinstance(layer, LSTM)
    return _lstm(layer, weights, x, context.input_shapes[0], name)


def _lstm(layer: LSTM, weights: Weights, x: Var, shape: Shape, name: str) -> Var:
    """Keras has the gates i, f, c, o side by side in columns, Core ML i, f, o, c below each other in rows."""

    def gates(key: str) -> NDArray[np.float32]:
        i, f, c, o = np.split(weights[key], 4, axis=-1)
        return np.concatenate([i, f, o, c], axis=-1).T.copy()

    nothing = np.zeros((1, layer.units), np.float32)
    bias = {"bias": gates("bias")} if layer.use_bias else {}
    steps, last, _ = mb.lstm(
        x=mb.reshape(x=x, shape=[shape[0], 1, shape[1]]),  # (steps, batch, features)
        initial_h=nothing,
        initial_c=nothing,
        weight_ih=gates("kernel"),
        weight_hh=gates("recurrent_kernel"),
        output_sequence=layer.return_sequences,
        name=f"{name}_steps",
        **bias,
    )
    if not layer.return_sequences:
        return last
    return mb.reshape(x=steps, shape=[1, shape[0], layer.units])
