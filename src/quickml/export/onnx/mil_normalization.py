"""Normalization and reduction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quickml.export.onnx import activations, arrays
from quickml.export.onnx.graph import OnnxGraph, Tensor
from quickml.export.onnx.mil_arguments import MilArguments, Translator

_EPSILON = 1e-5


def batch_norm(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Normalize with stored statistics; channels are the second axis."""
    x = a.tensor()
    return activations.batchnorm(
        g, x, 1 - x.rank, mean=a.floats("mean"), variance=a.floats("variance"),
        gamma=a.optional("gamma"), beta=a.optional("beta"), epsilon=a.number("epsilon", _EPSILON),
    )  # fmt: skip


def instance_norm(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Normalize over the spatial axes of each channel."""
    x = a.tensor()
    y = activations.standardize(g, x, list(range(2, x.rank)), a.number("epsilon", _EPSILON))
    return activations.affine(g, y, _along(a.optional("gamma"), x, [1]), _along(a.optional("beta"), x, [1]))


def layer_norm(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Normalize over axes (by default all)."""
    x = a.tensor()
    axes = [arrays.axis_of(axis, x.rank) for axis in a.ints("axes", range(x.rank))]
    y = activations.standardize(g, x, axes, a.number("epsilon", _EPSILON))
    return activations.affine(g, y, _along(a.optional("gamma"), x, axes), _along(a.optional("beta"), x, axes))


def _along(values: NDArray[np.float32] | None, x: Tensor, axes: list[int]) -> NDArray[np.float32] | None:
    """Reshape numbers for some axes of x, so that they broadcast to x."""
    if values is None:
        return None
    return values.reshape([size if axis in axes else 1 for axis, size in enumerate(x.shape)])


def l2_norm(g: OnnxGraph, a: MilArguments) -> Tensor:
    """x / sqrt(sum of x^2 over the last three axes + epsilon)."""
    x = a.tensor()
    squares = arrays.reduce(g, "ReduceSumSquare", x, [-3, -2, -1])
    return g.op("Div", x, g.op("Sqrt", g.op("Add", squares, a.number("epsilon", 1e-6))))


def local_response_norm(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Normalize over neighbouring channels of (N, C, ...)."""
    x = a.tensor()
    return activations.local_response(
        g, x, size=a.integer("size"), alpha=a.number("alpha", 1e-4), beta=a.number("beta", 0.75),
        k=a.number("k", 1.0),
    )  # fmt: skip


def reduction(kind: str) -> Translator:
    """Reduce over axes (by default all)."""
    return lambda g, a: arrays.reduce(g, kind, a.tensor(), a.ints("axes", ()), keep=a.flag("keep_dims"))


def extreme(kind: str) -> Translator:
    """The index of the largest or smallest value along an axis."""
    return lambda g, a: arrays.arg(g, kind, a.tensor(), a.integer("axis", -1), a.flag("keep_dims"))


_REDUCTIONS = {"mean": "Mean", "max": "Max", "min": "Min", "sum": "Sum", "prod": "Prod", "l1_norm": "L1",
               "l2_norm": "L2", "sum_square": "SumSquare", "log_sum": "LogSum",
               "log_sum_exp": "LogSumExp"}  # fmt: skip

OPERATIONS: dict[str, Translator] = {
    "batch_norm": batch_norm,
    "instance_norm": instance_norm,
    "layer_norm": layer_norm,
    "l2_norm": l2_norm,
    "local_response_norm": local_response_norm,
    **{f"reduce_{name}": reduction(f"Reduce{kind}") for name, kind in _REDUCTIONS.items()},
    "reduce_argmax": extreme("ArgMax"),
    "reduce_argmin": extreme("ArgMin"),
}
