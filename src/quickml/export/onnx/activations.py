"""Activation functions as ONNX nodes, by the formulas of Apple's `NeuralNetwork.proto` and MIL's op pages."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.onnx.graph import OnnxGraph, Operand, Tensor


def linear(g: OnnxGraph, x: Tensor, alpha: float, beta: float) -> Tensor:
    """alpha * x + beta."""
    return g.op("Add", g.op("Mul", x, float(alpha)), float(beta))


def clip(g: OnnxGraph, x: Tensor, low: float, high: float) -> Tensor:
    """min(max(x, low), high)."""
    return g.op("Min", g.op("Max", x, float(low)), float(high))


def leaky_relu(g: OnnxGraph, x: Tensor, alpha: float) -> Tensor:
    """x where x >= 0, alpha * x elsewhere."""
    return g.op("LeakyRelu", x, alpha=float(alpha))


def clamped_relu(g: OnnxGraph, x: Tensor, alpha: float, beta: float) -> Tensor:
    """min(beta, x) where x >= 0, min(beta, alpha * x) elsewhere."""
    return g.op("Min", leaky_relu(g, x, alpha), float(beta))


def thresholded_relu(g: OnnxGraph, x: Tensor, alpha: float) -> Tensor:
    """x where x >= alpha, 0 elsewhere (ONNX's ThresholdedRelu leaves out the equal sign)."""
    return g.op("Where", g.op("GreaterOrEqual", x, float(alpha)), x, 0.0)


def per_channel(values: NDArray[np.float32], x: Tensor, axis: int) -> NDArray[np.float32]:
    """Reshape a vector to broadcast along one (negative) axis of a value; a single number fits any axis."""
    if values.size == 1:
        return values.reshape(())
    if x.rank < -axis or x.shape[axis] != values.size:
        raise CoreMLFileError(f"{values.size} channel values do not fit a value of shape {x.shape}")
    return values.reshape(-1, *[1] * (-axis - 1))


def prelu(g: OnnxGraph, x: Tensor, alpha: NDArray[np.float32], axis: int) -> Tensor:
    """x where x >= 0, alpha[channel] * x elsewhere."""
    scaled = g.op("Mul", x, per_channel(alpha, x, axis))
    return g.op("Where", g.op("GreaterOrEqual", x, 0.0), x, scaled)


def scaled_tanh(g: OnnxGraph, x: Tensor, alpha: float, beta: float) -> Tensor:
    """alpha * tanh(beta * x)."""
    return g.op("Mul", g.op("Tanh", g.op("Mul", x, float(beta))), float(alpha))


def sigmoid_hard(g: OnnxGraph, x: Tensor, alpha: float, beta: float) -> Tensor:
    """min(max(alpha * x + beta, 0), 1)."""
    return clip(g, linear(g, x, alpha, beta), 0.0, 1.0)


def elu(g: OnnxGraph, x: Tensor, alpha: float) -> Tensor:
    """x where x >= 0, alpha * (exp(x) - 1) elsewhere."""
    return g.op("Elu", x, alpha=float(alpha))


def softplus_parametric(
    g: OnnxGraph, x: Tensor, alpha: NDArray[np.float32], beta: NDArray[np.float32], axis: int
) -> Tensor:
    """alpha[channel] * log(1 + exp(beta[channel] * x))."""
    inner = g.op("Mul", x, per_channel(beta, x, axis))
    return g.op("Mul", g.op("Softplus", inner), per_channel(alpha, x, axis))


def silu(g: OnnxGraph, x: Tensor) -> Tensor:
    """x * sigmoid(x)."""
    return g.op("Mul", x, g.op("Sigmoid", x))


def gelu(g: OnnxGraph, x: Tensor, mode: str) -> Tensor:
    """`EXACT` is x * Phi(x); the formats define `TANH_APPROXIMATION` and `SIGMOID_APPROXIMATION`."""
    if mode == "EXACT":
        gate = g.op("Add", g.op("Erf", g.op("Mul", x, math.sqrt(0.5))), 1.0)
    elif mode == "TANH_APPROXIMATION":
        cube = g.op("Mul", g.op("Mul", g.op("Mul", x, x), x), 0.044715)
        gate = g.op("Add", g.op("Tanh", g.op("Mul", g.op("Add", x, cube), math.sqrt(2 / math.pi))), 1.0)
    elif mode == "SIGMOID_APPROXIMATION":
        return g.op("Mul", x, g.op("Sigmoid", g.op("Mul", x, 1.702)))
    else:
        raise CoreMLFileError(f"gelu: the mode {mode!r} is unknown")
    return g.op("Mul", g.op("Mul", x, 0.5), gate)


def softmax(g: OnnxGraph, x: Tensor, axis: int) -> Tensor:
    """exp(x) divided by its sum along an axis."""
    return g.op("Softmax", x, axis=axis)


def batchnorm(
    g: OnnxGraph,
    x: Tensor,
    axis: int,
    *,
    mean: NDArray[np.float32],
    variance: NDArray[np.float32],
    gamma: NDArray[np.float32] | None,
    beta: NDArray[np.float32] | None,
    epsilon: float,
) -> Tensor:
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, per channel."""
    scale = 1.0 / np.sqrt(variance.astype(np.float64) + epsilon)
    scale = scale if gamma is None else scale * gamma
    shift = -mean.astype(np.float64) * scale
    shift = shift if beta is None else shift + beta
    scaled = g.op("Mul", x, per_channel(scale.astype(np.float32), x, axis))
    return g.op("Add", scaled, per_channel(shift.astype(np.float32), x, axis))


def standardize(g: OnnxGraph, x: Tensor, axes: list[int], epsilon: float, divide: bool = True) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon), with moments over axes; without `divide` only x - mean."""
    reduced = np.asarray([axis % x.rank for axis in axes], dtype=np.int64)
    centred = g.op("Sub", x, g.op("ReduceMean", x, reduced))
    if not divide:
        return centred
    variance = g.op("ReduceMean", g.op("Mul", centred, centred), reduced)
    return g.op("Div", centred, g.op("Sqrt", g.op("Add", variance, float(epsilon))))


def affine(g: OnnxGraph, x: Tensor, gamma: Operand | None, beta: Operand | None) -> Tensor:
    """gamma * x + beta; either may be None."""
    scaled = x if gamma is None else g.op("Mul", x, gamma)
    return scaled if beta is None else g.op("Add", scaled, beta)


def local_response(g: OnnxGraph, x: Tensor, *, size: int, alpha: float, beta: float, k: float) -> Tensor:
    """x / (k + alpha / size * sum of x^2 over `size` neighbouring channels)^beta; x is (N, C, H, W)."""
    if size < 1 or size % 2 == 0 or min(alpha, beta) <= 0:
        raise UnsupportedModelError(
            f"a normalization over {size} channels with alpha {alpha} and beta {beta} cannot be run here"
        )
    widest = 2 * x.shape[1] - 1  # covers all channels from each; ONNX Runtime would allocate memory for more
    if size > widest:
        alpha, size = alpha * widest / size, widest
    return g.op("LRN", x, size=int(size), alpha=float(alpha), beta=float(beta), bias=float(k))
