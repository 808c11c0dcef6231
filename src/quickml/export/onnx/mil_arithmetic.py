"""Elementwise operations: activations, unary functions, arithmetic, comparisons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quickml.export.onnx import activations, arrays
from quickml.export.onnx.graph import BOOL, DOUBLE, OnnxGraph, Tensor
from quickml.export.onnx.mil_arguments import MilArguments, Translator, Value

_CHANNEL = 1


def unary(kind: str) -> Translator:
    """A single ONNX node with the input `x`."""
    return lambda g, a: g.op(kind, a.tensor())


def binary(kind: str) -> Translator:
    """A single ONNX node with the inputs `x` and `y`, which broadcast."""
    return lambda g, a: g.op(kind, a.tensor("x"), a.tensor("y"))


def not_equal(g: OnnxGraph, a: MilArguments) -> Tensor:
    """x != y."""
    return g.op("Not", g.op("Equal", a.tensor("x"), a.tensor("y")))


def real_div(g: OnnxGraph, a: MilArguments) -> Tensor:
    """x / y; a quotient of integers is truncated."""
    x, y = a.tensor("x"), a.tensor("y")
    return g.op("Div", x, y) if x.is_float else arrays.cast(g, _quotient(g, x, y), "int32")


def floor_div(g: OnnxGraph, a: MilArguments) -> Tensor:
    """floor(x / y), also for negative integers."""
    return _floor_div(g, a.tensor("x"), a.tensor("y"))


def modulo(g: OnnxGraph, a: MilArguments) -> Tensor:
    """x - floor(x / y) * y."""
    x, y = a.tensor("x"), a.tensor("y")
    return g.op("Sub", x, g.op("Mul", _floor_div(g, x, y), y))


def _floor_div(g: OnnxGraph, x: Tensor, y: Tensor) -> Tensor:
    if x.is_float:
        return g.op("Floor", g.op("Div", x, y))
    return arrays.cast(g, g.op("Floor", _quotient(g, x, y)), "int32")


def _quotient(g: OnnxGraph, x: Tensor, y: Tensor) -> Tensor:
    """The quotient of int32 in float64, which has all their bits.

    ONNX Runtime's division of integers ends the process if the divisor is 0.
    """
    return g.op("Div", g.op("Cast", x, to=DOUBLE), g.op("Cast", y, to=DOUBLE))


def log(g: OnnxGraph, a: MilArguments) -> Tensor:
    """log(x + epsilon)."""
    return g.op("Log", g.op("Add", a.tensor(), a.number("epsilon", 1e-45)))


def rsqrt(g: OnnxGraph, a: MilArguments) -> Tensor:
    """1 / sqrt(x + epsilon)."""
    return g.op("Reciprocal", g.op("Sqrt", g.op("Add", a.tensor(), a.number("epsilon", 1e-12))))


def inverse(g: OnnxGraph, a: MilArguments) -> Tensor:
    """1 / (x + epsilon)."""
    return g.op("Reciprocal", g.op("Add", a.tensor(), a.number("epsilon", 1e-4)))


def clip(g: OnnxGraph, a: MilArguments) -> Tensor:
    """min(max(x, alpha), beta)."""
    return activations.clip(g, a.tensor(), a.number("alpha"), a.number("beta"))


def prelu(g: OnnxGraph, a: MilArguments) -> Tensor:
    """x where x >= 0, alpha[channel] * x elsewhere; channels are the second axis."""
    return activations.prelu(g, a.tensor(), a.floats("alpha").reshape(-1), _CHANNEL - a.tensor().rank)


def softplus_parametric(g: OnnxGraph, a: MilArguments) -> Tensor:
    """alpha[channel] * log(1 + exp(beta[channel] * x))."""
    x = a.tensor()
    alpha, beta = a.floats("alpha").reshape(-1), a.floats("beta").reshape(-1)
    return activations.softplus_parametric(g, x, alpha, beta, _CHANNEL - x.rank)


def select(g: OnnxGraph, a: MilArguments) -> Tensor:
    """a where cond, b elsewhere."""
    condition = a.tensor("cond")
    truth = condition if condition.type == BOOL else g.op("Cast", condition, to=BOOL)
    return g.op("Where", truth, a.tensor("a"), a.tensor("b"))


def cast(g: OnnxGraph, a: MilArguments) -> Value:
    """Convert the element type; constants stay constants."""
    value, dtype = a.value("x"), a.text("dtype")
    kinds = {"int32": np.int32, "fp32": np.float32, "fp16": np.float16, "bool": np.bool_}
    if isinstance(value, np.ndarray) and dtype in kinds:
        return value.astype(kinds[dtype])
    return arrays.cast(g, a.tensor(), dtype)


def quantize(g: OnnxGraph, a: MilArguments) -> Tensor:
    """round(input / scale) + zero_point, clipped to the range of int8 or uint8, as int32."""
    x, low = a.tensor("input"), -128 if a.text("output_dtype") == "int8" else 0
    scaled = g.op("Round", g.op("Div", x, _scale(a, x, "scale")))
    shifted = g.op("Add", scaled, _scale(a, x, "zero_point")) if a.has("zero_point") else scaled
    return arrays.cast(g, activations.clip(g, shifted, low, low + 255), "int32")


def dequantize(g: OnnxGraph, a: MilArguments) -> Tensor:
    """scale * (input - zero_point)."""
    x = arrays.cast(g, a.tensor("input"), "fp32")
    shifted = g.op("Sub", x, _scale(a, x, "zero_point")) if a.has("zero_point") else x
    return g.op("Mul", shifted, _scale(a, x, "scale"))


def _scale(a: MilArguments, x: Tensor, name: str) -> NDArray[np.float32]:
    """A single number, or one per entry of `axis`, reshaped to broadcast."""
    axis = arrays.axis_of(a.integer("axis", 0), x.rank) - x.rank
    return activations.per_channel(a.floats(name).reshape(-1), x, axis)


_UNARY = {
    "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softplus": "Softplus", "softsign": "Softsign",
    "exp": "Exp", "sqrt": "Sqrt", "abs": "Abs", "erf": "Erf", "sign": "Sign", "floor": "Floor",
    "ceil": "Ceil", "round": "Round", "sin": "Sin", "cos": "Cos", "tan": "Tan", "asin": "Asin",
    "acos": "Acos", "atan": "Atan", "sinh": "Sinh", "cosh": "Cosh", "atanh": "Atanh", "logical_not": "Not",
}  # fmt: skip
_BINARY = {
    "add": "Add", "sub": "Sub", "mul": "Mul", "maximum": "Max", "minimum": "Min",
    "pow": "Pow", "equal": "Equal", "less": "Less", "less_equal": "LessOrEqual", "greater": "Greater",
    "greater_equal": "GreaterOrEqual", "logical_and": "And", "logical_or": "Or", "logical_xor": "Xor",
}  # fmt: skip

OPERATIONS: dict[str, Translator] = {
    **{name: unary(kind) for name, kind in _UNARY.items()},
    **{name: binary(kind) for name, kind in _BINARY.items()},
    "not_equal": not_equal,
    "real_div": real_div,
    "floor_div": floor_div,
    "mod": modulo,
    "log": log,
    "rsqrt": rsqrt,
    "inverse": inverse,
    "exp2": lambda g, a: g.op("Pow", g.constant(2.0), a.tensor()),
    "square": lambda g, a: g.op("Mul", a.tensor(), a.tensor()),
    "threshold": lambda g, a: g.op("Max", a.tensor(), a.number("alpha")),
    "clip": clip,
    "relu6": lambda g, a: activations.clip(g, a.tensor(), 0.0, 6.0),
    "leaky_relu": lambda g, a: activations.leaky_relu(g, a.tensor(), a.number("alpha", 0.01)),
    "prelu": prelu,
    "elu": lambda g, a: activations.elu(g, a.tensor(), a.number("alpha", 1.0)),
    "clamped_relu": lambda g, a: activations.clamped_relu(g, a.tensor(), a.number("alpha"), a.number("beta")),
    "thresholded_relu": lambda g, a: activations.thresholded_relu(g, a.tensor(), a.number("alpha", 1.0)),
    "linear_activation": lambda g, a: activations.linear(
        g, a.tensor(), a.number("alpha"), a.number("beta", 0.0)
    ),
    "sigmoid_hard": lambda g, a: activations.sigmoid_hard(
        g, a.tensor(), a.number("alpha", 0.2), a.number("beta", 0.5)
    ),
    "scaled_tanh": lambda g, a: activations.scaled_tanh(
        g, a.tensor(), a.number("alpha", 1.0), a.number("beta", 1.0)
    ),
    "softplus_parametric": softplus_parametric,
    "silu": lambda g, a: activations.silu(g, a.tensor()),
    "gelu": lambda g, a: activations.gelu(g, a.tensor(), a.text("mode", "EXACT")),
    "softmax": lambda g, a: activations.softmax(g, a.tensor(), a.integer("axis", -1)),
    "select": select,
    "cast": cast,
    "quantize": quantize,
    "dequantize": dequantize,
    "identity": lambda _, a: a.value("x"),
}
