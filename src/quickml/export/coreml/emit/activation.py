"""Activations, both as separate layers and as the activation of a Dense layer or a convolution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from coremltools.converters.mil import Builder as mb

from quickml.document.layers.activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from quickml.export.coreml.emit.emitter import Context, Var, axis_of, emits

# The constants are those of keras.activations, some of which differ from MIL's defaults:
# hard_sigmoid is relu6(x + 3) / 6, leaky_relu has the slope 0.2, gelu is exact.
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _selu(x: Var, name: str) -> Var:
    return mb.mul(x=mb.elu(x=x, alpha=_SELU_ALPHA), y=np.float32(_SELU_SCALE), name=name)


_FUNCTIONS: dict[str, Callable[[Var, str], Var]] = {
    "relu": lambda x, name: mb.relu(x=x, name=name),
    "relu6": lambda x, name: mb.relu6(x=x, name=name),
    "leaky_relu": lambda x, name: mb.leaky_relu(x=x, alpha=0.2, name=name),
    "elu": lambda x, name: mb.elu(x=x, alpha=1.0, name=name),
    "selu": _selu,
    "gelu": lambda x, name: mb.gelu(x=x, mode="EXACT", name=name),
    "gelu_approximate": lambda x, name: mb.gelu(x=x, mode="TANH_APPROXIMATION", name=name),
    "silu": lambda x, name: mb.mul(x=x, y=mb.sigmoid(x=x), name=name),
    "softplus": lambda x, name: mb.softplus(x=x, name=name),
    "softsign": lambda x, name: mb.softsign(x=x, name=name),
    "tanh": lambda x, name: mb.tanh(x=x, name=name),
    "sigmoid": lambda x, name: mb.sigmoid(x=x, name=name),
    "hard_sigmoid": lambda x, name: mb.sigmoid_hard(x=x, alpha=1 / 6, beta=0.5, name=name),
    "exponential": lambda x, name: mb.exp(x=x, name=name),
}


def activated(activation: str, context: Context, before: Callable[[str], Var]) -> Var:
    """Add an operation and its activation; the last of the two gets the layer's name."""
    if activation == "linear":
        return before(context.name)
    return _function(activation, before(f"{context.name}_linear"), context)


def _function(activation: str, value: Var, context: Context) -> Var:
    return function(activation, value, axis=axis_of(-1, context.output_shape), name=context.name)


def function(activation: str, value: Var, *, axis: int = -1, name: str = "") -> Var:
    """Apply an activation; `linear` returns the value itself. `axis` is used by softmax only."""
    if activation == "linear":
        return value
    name = name or f"{value.name}_{activation}"
    if activation == "softmax":
        return mb.softmax(x=value, axis=axis, name=name)
    return _FUNCTIONS[activation](value, name)


@emits(Activation)
def activation(layer: Activation, context: Context) -> Var:
    """Applies a function to each element; softmax to the channels."""
    if layer.activation == "linear":
        return mb.identity(x=context.input, name=context.name)
    return _function(layer.activation, context.input, context)


@emits(Softmax)
def softmax(layer: Softmax, context: Context) -> Var:
    """Softmax along any axis."""
    return mb.softmax(x=context.input, axis=axis_of(layer.axis, context.input_shapes[0]), name=context.name)


@emits(LeakyReLU)
def leaky_relu(layer: LeakyReLU, context: Context) -> Var:
    """Linear with the slope `negative_slope` below zero."""
    return mb.leaky_relu(x=context.input, alpha=layer.negative_slope, name=context.name)


@emits(ELU)
def elu(layer: ELU, context: Context) -> Var:
    """Exponential below zero: alpha * (exp(x) - 1)."""
    return mb.elu(x=context.input, alpha=layer.alpha, name=context.name)


@emits(PReLU)
def prelu(layer: PReLU, context: Context) -> Var:  # noqa: ARG001 - the shape of alpha is sufficient
    """Core ML's operation has one alpha per channel of an image; other shapes use elementwise operations."""
    x, alpha = context.input, context.weights["alpha"]
    if alpha.shape[:-1] == (1, 1):
        channels = context.output_shape[-1]
        return mb.prelu(x=x, alpha=np.broadcast_to(alpha.reshape(-1), channels).copy(), name=context.name)
    if alpha.ndim == 3:
        alpha = alpha.transpose(2, 0, 1)
    below = mb.mul(x=mb.minimum(x=x, y=np.float32(0)), y=alpha[None].copy())
    return mb.add(x=mb.relu(x=x), y=below, name=context.name)


@emits(ReLU)
def relu(layer: ReLU, context: Context) -> Var:
    """Keras: max_value above it, x above the threshold, negative_slope * (x - threshold) from there down."""
    x, top = context.input, layer.max_value
    if layer.threshold == 0 and layer.negative_slope == 0:
        if top is None:
            return mb.relu(x=x, name=context.name)
        return mb.clip(x=x, alpha=0.0, beta=top, name=context.name)
    return _general_relu(layer, x, context.name)


def _general_relu(layer: ReLU, x: Var, name: str) -> Var:
    """ReLU with a threshold t and a negative slope s, from operations that both formats have.

    Above the threshold the result is x, not x - t, so t is added: y = leaky_relu(x - t, s) + t * [x > t].
    """
    shifted = mb.sub(x=x, y=np.float32(layer.threshold))
    value = mb.leaky_relu(x=shifted, alpha=layer.negative_slope)
    if layer.threshold:
        above = mb.cast(x=mb.greater(x=x, y=np.float32(layer.threshold)), dtype="fp32")
        value = mb.add(x=value, y=mb.mul(x=above, y=np.float32(layer.threshold)))
    if layer.max_value is None:
        return mb.identity(x=value, name=name)
    return mb.minimum(x=value, y=np.float32(layer.max_value), name=name)
