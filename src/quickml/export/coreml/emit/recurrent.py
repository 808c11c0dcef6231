"""Recurrent layers.

An LSTM with default activations is an operation in both formats. A GRU is too, but the formats define it
differently: in MIL's documentation the reset gate multiplies the output of the recurrent kernel, in
NeuralNetwork.proto its input, and neither has the bias that Keras by default adds before the reset gate is
applied. coremltools does not use the operation for PyTorch's GRU either. A GRU is therefore unrolled into
elementary operations. So are a SimpleRNN, and an LSTM with other activations: Core ML's operations support
few activations and clip their inputs. All steps share one constant per kernel, so that unrolling adds names
to the file but no weights.
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
    """A layer with one direction."""
    output = _run(layer, context, context.weights, context.name)
    output.name = context.name  # coremltools would remove an identity of this name
    return output


@emits(Bidirectional)
def bidirectional(layer: Bidirectional, context: Context) -> Var:
    """Two layers, one of which processes the steps in reverse; its outputs are reversed before merging."""
    inner = layer.layer
    other = inner.model_copy(update={"go_backwards": not inner.go_backwards})
    forward = _run(inner, context, _within(context.weights, "forward"), f"{context.name}_forward")
    backward = _run(other, context, _within(context.weights, "backward"), f"{context.name}_backward")
    if inner.return_sequences:
        backward = mb.reverse(x=backward, axes=[1])
    if layer.merge_mode == "concat":
        return mb.concat(values=[forward, backward], axis=-1, name=context.name)
    if layer.merge_mode == "mul":
        return mb.mul(x=forward, y=backward, name=context.name)
    if layer.merge_mode == "sum":
        return mb.add(x=forward, y=backward, name=context.name)
    return mb.mul(x=mb.add(x=forward, y=backward), y=np.float32(0.5), name=context.name)


def _within(weights: Weights, direction: str) -> Weights:
    """The weights of one direction, renamed from `forward_lstm/kernel` to `kernel`."""
    selected = {path: value for path, value in weights.items() if path.startswith(direction)}
    return {path.rpartition("/")[2]: value for path, value in selected.items()}


def _run(layer: Recurrent, context: Context, weights: Weights, name: str) -> Var:
    """(1, steps, features) to (1, steps, units), in processing order, or to (1, units)."""
    x = context.input
    if layer.go_backwards:
        x = mb.reverse(x=x, axes=[1])
    if layer.is_unrolled:
        return unrolled(layer, weights, x, name)
    assert isinstance(layer, LSTM)
    return _lstm(layer, weights, x, context.input_shapes[0], name)


def _lstm(layer: LSTM, weights: Weights, x: Var, shape: Shape, name: str) -> Var:
    """Keras stores the gates as columns in the order i, f, c, o; Core ML as rows in the order i, f, o, c."""

    def gates(key: str) -> NDArray[np.float32]:
        i, f, c, o = np.split(weights[key], 4, axis=-1)
        return np.concatenate([i, f, o, c], axis=-1).T.copy()

    zeros = np.zeros((1, layer.units), np.float32)
    bias = {"bias": gates("bias")} if layer.use_bias else {}
    steps, last, _ = mb.lstm(
        x=mb.reshape(x=x, shape=[shape[0], 1, shape[1]]),  # (steps, batch, features)
        initial_h=zeros,
        initial_c=zeros,
        weight_ih=gates("kernel"),
        weight_hh=gates("recurrent_kernel"),
        output_sequence=layer.return_sequences,
        name=f"{name}_steps",
        **bias,
    )
    if not layer.return_sequences:
        return last
    return mb.reshape(x=steps, shape=[1, shape[0], layer.units])
