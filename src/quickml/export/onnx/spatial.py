"""Convolutions and pooling as ONNX nodes, with Core ML's padding.

Values are (N, C, *spatial). Where ONNX's definition differs (the rounded-up size of pooling, and whether an
average counts padding), the values are computed here and passed explicitly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError
from quickml.export.onnx import arrays
from quickml.export.onnx.graph import OnnxGraph, Operand, Tensor


@dataclass(frozen=True, kw_only=True)
class Window:
    """Kernel size, stride, dilation and padding (`before` and `after`) of the spatial axes."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    dilation: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        axes = len(self.kernel)
        lengths = {len(self.stride), len(self.before), len(self.after), len(self.dilation) or axes}
        if lengths != {axes} or min(*self.kernel, *self.stride, *(self.dilation or (1,))) < 1:
            raise CoreMLFileError(f"a kernel of {self.kernel} cannot move with the stride {self.stride}")


def same_padding(
    size: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], lower: bool
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Padding for an output of ceil(size / stride). An odd pixel goes before if `lower`, otherwise after."""
    before, after = [], []
    for length, width, step, spread in zip(size, kernel, stride, dilation, strict=True):
        reach = (width - 1) * spread + 1
        total = max(0, (-(-length // max(step, 1)) - 1) * step + reach - length)
        small, large = total // 2, total - total // 2
        before.append(large if lower else small)
        after.append(small if lower else large)
    return tuple(before), tuple(after)


def convolution(
    g: OnnxGraph, x: Tensor, weight: Operand, bias: NDArray[np.float32] | None, *, window: Window, groups: int
) -> Tensor:
    """x (N, C, *S), weight (C_out, C / groups, *K), bias (C_out,) -> (N, C_out, *S_out)."""
    if groups < 1 or x.rank != len(window.kernel) + 2 or x.shape[1] % groups:
        raise CoreMLFileError(
            f"a value of shape {x.shape} does not fit a kernel of {window.kernel} with {groups} groups"
        )
    return g.op(
        "Conv", x, weight, bias,
        group=groups, kernel_shape=window.kernel, strides=window.stride,
        dilations=window.dilation or (1,) * len(window.kernel), pads=(*window.before, *window.after),
    )  # fmt: skip


def deconvolution(
    g: OnnxGraph,
    x: Tensor,
    weight: NDArray[np.float32],
    bias: NDArray[np.float32] | None,
    *,
    window: Window,
    groups: int,
    size: Sequence[int] | None = None,
) -> Tensor:
    """x (N, C, *S), weight (C, C_out / groups, *K) -> (N, C_out, *S_out).

    S_out is (S - 1) * stride + reach - before - after, where a negative `after` adds zeros. `size` is the
    declared S_out. Raises CoreMLFileError if they differ.
    """
    missing = [max(0, -crop) for crop in window.after]
    y = g.op(
        "ConvTranspose", x, weight,
        group=groups, kernel_shape=window.kernel, strides=window.stride,
        dilations=window.dilation or (1,) * len(window.kernel),
        pads=(*window.before, *(max(0, crop) for crop in window.after)),
    )  # fmt: skip
    y = arrays.pad(g, y, [0] * len(missing), missing)
    if size is not None and tuple(y.shape[2:]) != tuple(size):
        raise CoreMLFileError(f"a deconvolution: expected the size {tuple(size)}, found {y.shape[2:]}")
    return y if bias is None else g.op("Add", y, bias.reshape(-1, *[1] * len(missing)))


def complete_padding(
    size: Sequence[int], kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int]
) -> tuple[int, ...]:
    """The padding after, such that the last window includes the last pixel (sizes are rounded up).

    If there is padding, a window that would start in it is omitted (`ValidCompletePadding`).
    """
    after = []
    for length, width, step, edge in zip(size, kernel, stride, padding, strict=True):
        count = -(-(length + 2 * edge - width) // max(step, 1)) + 1
        if any(padding) and (count - 1) * step >= length + edge:
            count -= 1
        after.append(max(edge, (count - 1) * step + width - length - edge))
    return tuple(after)


def pooling(
    g: OnnxGraph,
    x: Tensor,
    kind: str,
    window: Window,
    *,
    exclude: bool = False,
    counted: Sequence[int] | None = None,
) -> Tensor:
    """`max`, `average` or `l2` pooling of (N, C, *S).

    With `exclude`, an average does not count padding. Otherwise it counts the padding before, and after as
    much of it as `counted` (by default all).
    """
    if x.rank != len(window.kernel) + 2:
        raise CoreMLFileError(f"a value of shape {x.shape} does not fit a kernel of {window.kernel}")
    if kind == "l2":
        mean = _average(g, g.op("Mul", x, x), window)
        return g.op("Sqrt", g.op("Mul", mean, float(math.prod(window.kernel))))
    if kind == "max":
        # Padding is a separate node, because ONNX Runtime rejects padding that is as wide as the kernel.
        padded = arrays.pad(g, x, window.before, window.after, value=float("-inf"))
        return g.op("MaxPool", padded, kernel_shape=window.kernel, strides=window.stride)
    mean = _average(g, x, window)
    if not any(window.before) and not any(window.after):
        return mean
    after = [0] * len(window.kernel) if exclude else list(window.after if counted is None else counted)
    before = [0] * len(window.kernel) if exclude else list(window.before)
    share = _share(x.shape[2:], mean.shape[2:], window, before, after)
    return mean if np.all(share == 1) else g.op("Div", mean, share)


def _average(g: OnnxGraph, x: Tensor, window: Window) -> Tensor:
    padded = arrays.pad(g, x, window.before, window.after)
    return g.op("AveragePool", padded, kernel_shape=window.kernel, strides=window.stride)


def _share(
    size: Sequence[int], out: Sequence[int], window: Window, before: Sequence[int], after: Sequence[int]
) -> NDArray[np.float32]:
    """The share of each window that is counted: 1 inside, less if a part of it is not counted."""
    share = np.ones((1, 1), dtype=np.float64)
    for axis, length in enumerate(size):
        start = np.arange(out[axis]) * window.stride[axis] - window.before[axis]
        first = np.maximum(start, -before[axis])
        last = np.minimum(start + window.kernel[axis], length + after[axis])
        counts = np.maximum(last - first, 0) / window.kernel[axis]
        share = share[..., None] * counts
    if np.any(share == 0):
        raise CoreMLFileError("a window of an average contains only padding")
    return share.astype(np.float32)


def global_pooling(g: OnnxGraph, x: Tensor, kind: str) -> Tensor:
    """Pool over the last two axes, which keep size 1."""
    axes = [-2, -1]
    if kind == "l2":
        return arrays.reduce(g, "ReduceL2", x, axes)
    return arrays.reduce(g, "ReduceMax" if kind == "max" else "ReduceMean", x, axes)


def depth_to_space(g: OnnxGraph, x: Tensor, block: int, mode: str) -> Tensor:
    """(N, C, H, W) -> (N, C / block^2, H * block, W * block). `mode` is ONNX's: DCR or CRD."""
    return g.op("DepthToSpace", x, blocksize=int(block), mode=mode)


def space_to_depth(g: OnnxGraph, x: Tensor, block: int) -> Tensor:
    """(N, C, H, W) -> (N, C * block^2, H / block, W / block)."""
    if block < 1 or x.shape[-1] % block or x.shape[-2] % block:
        raise CoreMLFileError(f"blocks of {block} do not fit a value of shape {x.shape}")
    return g.op("SpaceToDepth", x, blocksize=int(block))


def to_ints(values: Any, default: Sequence[int], what: str) -> tuple[int, ...]:
    """A repeated field as integers, or `default` if empty. Raises CoreMLFileError for a wrong length."""
    numbers = tuple(int(value) for value in values) or tuple(default)
    if len(numbers) != len(default):
        raise CoreMLFileError(f"{what}: expected {len(default)} numbers, found {len(numbers)}")
    return numbers
