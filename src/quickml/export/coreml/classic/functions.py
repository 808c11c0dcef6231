"""Activations: layers of their own, and what follows a Dense or a convolution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from quickml.document.layers.activation import ELU, Activation, LeakyReLU, ReLU, Softmax
from quickml.export.coreml.classic.place import Place, add

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _at_most(most: float, place: Place, value: str) -> str:
    """min(x, most), by way of max(-x, -most): this form has no other."""
    turned = place.made("unary", mode="threshold", alpha=-most, scale=-1.0, of=value, part="turned")
    return place.function("LINEAR", turned, "least", -1.0, 0.0)


def _relu6(place: Place, value: str) -> str:
    return _at_most(6.0, place, place.function("RELU", value, "relu"))


def _selu(place: Place, value: str) -> str:
    return place.function(
        "LINEAR", place.function("ELU", value, "elu", _SELU_ALPHA), "selu", _SELU_SCALE, 0.0
    )


def _silu(place: Place, value: str) -> str:
    return place.merged("MULTIPLY", [value, place.function("SIGMOID", value, "sigmoid")], "silu")


def _simple(kind: str, *parameters: float) -> Callable[[Place, str], str]:
    return lambda place, value: place.function(kind, value, kind.lower(), *parameters)


FUNCTIONS: dict[str, Callable[[Place, str], str]] = {
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
    "exponential": lambda place, value: place.made("unary", mode="exp", of=value, part="exponential"),
    "softmax": lambda place, value: place.made("softmax", of=value, part="softmax"),
}
"""The activations, with Keras' constants."""


def activated(name: str, place: Place, value: str) -> str:
    """A value, and an activation behind it; returns the name of what comes out."""
    return FUNCTIONS[name](place, value)


@add.register
def _activation(layer: Activation, place: Place) -> str:
    return activated(layer.activation, place, place.inputs[0])


@add.register
def _softmax(layer: Softmax, place: Place) -> str:  # noqa: ARG001 - along the channels, as was checked
    return activated("softmax", place, place.inputs[0])


@add.register
def _leaky_relu(layer: LeakyReLU, place: Place) -> str:
    return place.function("LEAKYRELU", place.inputs[0], "leaky_relu", layer.negative_slope)


@add.register
def _elu(layer: ELU, place: Place) -> str:
    return place.function("ELU", place.inputs[0], "elu", layer.alpha)


@add.register
def _relu(layer: ReLU, place: Place) -> str:
    """Keras: max_value above it, x above the threshold, negative_slope * (x - threshold) from there down."""
    value = source = place.inputs[0]
    if layer.threshold:  # Core ML keeps x from its alpha on, Keras above: so alpha is the next number
        alpha = float(np.nextafter(np.float32(layer.threshold), np.float32(np.inf)))
        value = place.function("THRESHOLDEDRELU", source, "above", alpha)
    elif not layer.negative_slope:
        value = place.function("RELU", source, "relu")
    if layer.negative_slope and not layer.threshold:
        value = place.function("LEAKYRELU", source, "leaky_relu", layer.negative_slope)
    elif layer.negative_slope:
        lack = place.function("LINEAR", source, "lack", -1.0, layer.threshold)
        short = place.function("RELU", lack, "short")
        below = place.function("LINEAR", short, "below", -layer.negative_slope, 0.0)
        value = place.merged("ADD", [value, below], "sum")
    return value if layer.max_value is None else _at_most(layer.max_value, place, value)
