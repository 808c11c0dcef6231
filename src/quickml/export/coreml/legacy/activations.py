"""Activations, both as separate layers and as the activation of a Dense layer or a convolution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from quickml.document.layers.activation import ELU, Activation, LeakyReLU, ReLU, Softmax
from quickml.export.coreml.legacy.context import LegacyContext, add

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _at_most(most: float, context: LegacyContext, value: str) -> str:
    """min(x, most), computed as -max(-x, -most): these files have no minimum with a constant."""
    negated = context.made("unary", mode="threshold", alpha=-most, scale=-1.0, of=value, part="turned")
    return context.function("LINEAR", negated, "least", -1.0, 0.0)


def _relu6(context: LegacyContext, value: str) -> str:
    return _at_most(6.0, context, context.function("RELU", value, "relu"))


def _selu(context: LegacyContext, value: str) -> str:
    return context.function(
        "LINEAR", context.function("ELU", value, "elu", _SELU_ALPHA), "selu", _SELU_SCALE, 0.0
    )


def _silu(context: LegacyContext, value: str) -> str:
    return context.merged("MULTIPLY", [value, context.function("SIGMOID", value, "sigmoid")], "silu")


def _simple(kind: str, *parameters: float) -> Callable[[LegacyContext, str], str]:
    return lambda context, value: context.function(kind, value, kind.lower(), *parameters)


FUNCTIONS: dict[str, Callable[[LegacyContext, str], str]] = {
    "linear": lambda _, value: value,
    "relu": _simple("RELU"),
    "relu6": _relu6,
    "leaky_relu": _simple("LEAKYRELU", 0.2),
    "elu": _simple("ELU", 1.0),
    "selu": _selu,
    "silu": _silu,
    "softplus": _simple("SOFTPLUS"),
    "softsign": _simple("SOFTSIGN"),
    "tanh": _simple("TANH"),
    "sigmoid": _simple("SIGMOID"),
    "hard_sigmoid": _simple("SIGMOID_HARD", 1 / 6, 0.5),
    "exponential": lambda context, value: context.made("unary", mode="exp", of=value, part="exponential"),
    "softmax": lambda context, value: context.made("softmax", of=value, part="softmax"),
}
"""The activation functions, with Keras' constants."""


def activated(name: str, context: LegacyContext, value: str) -> str:
    """Apply an activation to a value; returns the name of the result."""
    return FUNCTIONS[name](context, value)


@add.register
def _activation(layer: Activation, context: LegacyContext) -> str:
    return activated(layer.activation, context, context.inputs[0])


@add.register
def _softmax(layer: Softmax, context: LegacyContext) -> str:  # noqa: ARG001 - checks allow only the channel axis
    return activated("softmax", context, context.inputs[0])


@add.register
def _leaky_relu(layer: LeakyReLU, context: LegacyContext) -> str:
    return context.function("LEAKYRELU", context.inputs[0], "leaky_relu", layer.negative_slope)


@add.register
def _elu(layer: ELU, context: LegacyContext) -> str:
    return context.function("ELU", context.inputs[0], "elu", layer.alpha)


@add.register
def _relu(layer: ReLU, context: LegacyContext) -> str:
    """Keras: max_value above it, x above the threshold, negative_slope * (x - threshold) from there down."""
    value = source = context.inputs[0]
    if layer.threshold:  # Core ML keeps x >= alpha, Keras x > threshold: so alpha is the next larger float32
        alpha = float(np.nextafter(np.float32(layer.threshold), np.float32(np.inf)))
        value = context.function("THRESHOLDEDRELU", source, "above", alpha)
    elif not layer.negative_slope:
        value = context.function("RELU", source, "relu")
    if layer.negative_slope and not layer.threshold:
        value = context.function("LEAKYRELU", source, "leaky_relu", layer.negative_slope)
    elif layer.negative_slope:
        difference = context.function("LINEAR", source, "lack", -1.0, layer.threshold)
        distance = context.function("RELU", difference, "short")
        below = context.function("LINEAR", distance, "below", -layer.negative_slope, 0.0)
        value = context.merged("ADD", [value, below], "sum")
    return value if layer.max_value is None else _at_most(layer.max_value, context, value)
