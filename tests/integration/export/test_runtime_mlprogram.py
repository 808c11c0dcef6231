"""Files that coremltools writes from one program, in both formats, against numpy.

Every expected number is computed here in plain numpy from the definition of the operation, never by
the code under test nor by coremltools.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from networks import load
from programs import BOTH, RNG, Case, convert, ct, mb, normal, run_together
from quickml.errors import CoreMLFileError, InputError, UnsupportedModelError

# --- definitions in numpy ---------------------------------------------------------------------------


def windows(x, kernel, stride, before, after, dilation=None, fill=0.0):
    """(N, C, *S) -> (N, C, *out, *kernel), padded with `fill`."""
    dilation = dilation or [1] * len(kernel)
    x = np.pad(x, [(0, 0), (0, 0), *zip(before, after, strict=True)], constant_values=fill)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    out = [(n - r) // s + 1 for n, r, s in zip(x.shape[2:], reach, stride, strict=True)]
    result = np.zeros((*x.shape[:2], *out, *kernel), dtype=np.float64)
    for place in itertools.product(*map(range, out)):
        cut = tuple(
            slice(p * s, p * s + r, d) for p, s, r, d in zip(place, stride, reach, dilation, strict=True)
        )
        result[(slice(None), slice(None), *place)] = x[(slice(None), slice(None), *cut)]
    return result


def convolve(x, weight, bias, stride, before, after, dilation=None, groups=1):
    axes = x.ndim - 2
    pieces = []
    for part, kernels in zip(np.split(x, groups, 1), np.split(weight, groups), strict=True):
        seen = windows(part, weight.shape[2:], stride, before, after, dilation)
        kernel_axes = [1, *range(2 + axes, 2 + 2 * axes)]
        pieces.append(np.tensordot(seen, kernels, (kernel_axes, [1, *range(2, 2 + axes)])))
    y = np.moveaxis(np.concatenate(pieces, -1), -1, 1)
    return y + bias.reshape(1, -1, *[1] * axes)


def same(size, kernel, stride, dilation=1, lower=False):
    total = max(0, (math.ceil(size / stride) - 1) * stride + (kernel - 1) * dilation + 1 - size)
    small, large = total // 2, total - total // 2
    return (large, small) if lower else (small, large)


def transposed(x, weight, bias, stride, before, after):
    """Scatter every input over its window: the definition of a transposed convolution."""
    _, _, height, width = x.shape
    _, outs, kh, kw = weight.shape
    full = np.zeros((1, outs, (height - 1) * stride[0] + kh, (width - 1) * stride[1] + kw))
    for i, j in itertools.product(range(height), range(width)):
        patch = np.tensordot(x[0, :, i, j], weight, (0, 0))
        full[0, :, i * stride[0] : i * stride[0] + kh, j * stride[1] : j * stride[1] + kw] += patch
    cut = full[:, :, before[0] : full.shape[2] - after[0], before[1] : full.shape[3] - after[1]]
    return cut + bias.reshape(1, -1, 1, 1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def run_lstm(x, w, r, b, *, peephole=None, h=None, c=None, gate=sigmoid):
    """Gates i, f, o, z; x is (S, N, I)."""
    hidden = r.shape[1]
    h = np.zeros((x.shape[1], hidden)) if h is None else h
    c = np.zeros((x.shape[1], hidden)) if c is None else c
    p = np.zeros((3, hidden)) if peephole is None else peephole.reshape(3, hidden)
    steps = []
    for step in x:
        i, f, o, z = np.split(step @ w.T + h @ r.T + b, 4, axis=1)
        new = gate(f + p[1] * c) * c + gate(i + p[0] * c) * np.tanh(z)
        h = gate(o + p[2] * new) * np.tanh(new)
        c = new
        steps.append(h)
    return np.stack(steps), h, c


def erf(x):
    return np.vectorize(math.erf)(x)


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


# --- elementwise operations, many in one program -----------------------------------------------------

UNARY: dict[str, tuple[Callable[[Any], Any], Callable[[np.ndarray], np.ndarray]]] = {
    "relu": (lambda x: mb.relu(x=x), lambda x: np.maximum(x, 0)),
    "relu6": (lambda x: mb.relu6(x=mb.mul(x=x, y=4.0)), lambda x: np.clip(4 * x, 0, 6)),
    "leaky_relu": (lambda x: mb.leaky_relu(x=x, alpha=0.3), lambda x: np.where(x >= 0, x, 0.3 * x)),
    "elu": (lambda x: mb.elu(x=x, alpha=0.7), lambda x: np.where(x >= 0, x, 0.7 * (np.exp(x) - 1))),
    "clamped_relu": (
        lambda x: mb.clamped_relu(x=x, alpha=0.2, beta=0.5),
        lambda x: np.minimum(np.where(x >= 0, x, 0.2 * x), 0.5),
    ),
    "thresholded_relu": (lambda x: mb.thresholded_relu(x=x, alpha=0.4), lambda x: np.where(x >= 0.4, x, 0)),
    "linear_activation": (lambda x: mb.linear_activation(x=x, alpha=1.5, beta=-2.0), lambda x: 1.5 * x - 2),
    "sigmoid": (lambda x: mb.sigmoid(x=x), sigmoid),
    "sigmoid_hard": (
        lambda x: mb.sigmoid_hard(x=x, alpha=0.3, beta=0.4),
        lambda x: np.clip(0.3 * x + 0.4, 0, 1),
    ),
    "scaled_tanh": (lambda x: mb.scaled_tanh(x=x, alpha=1.7, beta=0.6), lambda x: 1.7 * np.tanh(0.6 * x)),
    "tanh": (lambda x: mb.tanh(x=x), np.tanh),
    "softplus": (lambda x: mb.softplus(x=x), lambda x: np.log1p(np.exp(x))),
    "softsign": (lambda x: mb.softsign(x=x), lambda x: x / (1 + np.abs(x))),
    "silu": (lambda x: mb.silu(x=x), lambda x: x * sigmoid(x)),
    "gelu": (lambda x: mb.gelu(x=x, mode="EXACT"), lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2)))),
    "gelu_tanh": (
        lambda x: mb.gelu(x=x, mode="TANH_APPROXIMATION"),
        lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    "gelu_sigmoid": (lambda x: mb.gelu(x=x, mode="SIGMOID_APPROXIMATION"), lambda x: x * sigmoid(1.702 * x)),
    "softmax": (lambda x: mb.softmax(x=x, axis=1), lambda x: softmax(x, 1)),
    "exp": (lambda x: mb.exp(x=x), np.exp),
    "exp2": (lambda x: mb.exp2(x=x), np.exp2),
    "log": (lambda x: mb.log(x=mb.abs(x=x)), lambda x: np.log(np.abs(x))),
    "sqrt": (lambda x: mb.sqrt(x=mb.abs(x=x)), lambda x: np.sqrt(np.abs(x))),
    "rsqrt": (lambda x: mb.rsqrt(x=mb.abs(x=x), epsilon=0.1), lambda x: 1 / np.sqrt(np.abs(x) + 0.1)),
    "inverse": (lambda x: mb.inverse(x=mb.exp(x=x), epsilon=0.2), lambda x: 1 / (np.exp(x) + 0.2)),
    "square": (lambda x: mb.square(x=x), np.square),
    "erf": (lambda x: mb.erf(x=x), erf),
    "clip": (lambda x: mb.clip(x=x, alpha=-0.5, beta=0.25), lambda x: np.clip(x, -0.5, 0.25)),
    "sign": (lambda x: mb.sign(x=x), np.sign),
    "floor": (lambda x: mb.floor(x=x), np.floor),
    "ceil": (lambda x: mb.ceil(x=x), np.ceil),
    "sin": (lambda x: mb.sin(x=x), np.sin),
    "threshold": (lambda x: mb.threshold(x=x, alpha=0.1), lambda x: np.maximum(x, 0.1)),
    "sub": (lambda x: mb.sub(x=x, y=np.float32([1, 2, 3])), lambda x: x - [1, 2, 3]),
    "rsub": (lambda x: mb.sub(x=np.float32([1, 2, 3]), y=x), lambda x: [1, 2, 3] - x),
    "real_div": (lambda x: mb.real_div(x=x, y=np.float32(3)), lambda x: x / 3),
    "maximum": (lambda x: mb.maximum(x=x, y=np.float32(0.2)), lambda x: np.maximum(x, 0.2)),
    "minimum": (lambda x: mb.minimum(x=x, y=np.float32(0.2)), lambda x: np.minimum(x, 0.2)),
    "pow": (lambda x: mb.pow(x=mb.abs(x=x), y=np.float32(1.5)), lambda x: np.abs(x) ** 1.5),
    "select": (
        lambda x: mb.select(cond=mb.greater(x=x, y=np.float32(0)), a=x, b=mb.mul(x=x, y=np.float32(-3))),
        lambda x: np.where(x > 0, x, -3 * x),
    ),
}


@pytest.mark.parametrize("fmt", BOTH)
def test_elementwise(fmt: str, tmp_path: Path) -> None:
    def body(x):
        return tuple(mb.identity(x=make(x), name=f"out_{name}") for name, (make, _) in UNARY.items())

    x = (normal(2, 4, 3) * 1.5).astype(np.float32)
    found = load(convert(body, x.shape, tmp_path, fmt)).run({"x": x})
    for name, (_, formula) in UNARY.items():
        np.testing.assert_allclose(
            found[f"out_{name}"], formula(x.astype(np.float64)), rtol=2e-5, atol=2e-6, err_msg=name
        )


# --- one operation each -----------------------------------------------------------------------------


W33, B4 = normal(4, 3, 3, 3), normal(4)
W_GROUP, W_1D, W_T = normal(6, 2, 3, 2), normal(5, 3, 4), normal(3, 4, 3, 2)
W_LINEAR, B5 = normal(5, 6), normal(5)
GAMMA, BETA, MEAN, VARIANCE = normal(3), normal(3), normal(3), np.abs(normal(3)) + 0.1
TABLE = normal(11, 4)
WIDE = normal(3, 40) / 4
COMPRESSED = normal(8, 16)
LABELS = ["Setosa", "Versicolor", "Vierge"]
LSTM = {"w": normal(20, 3), "r": normal(20, 5), "b": normal(20), "p": normal(15)}
LSTM_BACK = {"w": normal(20, 3), "r": normal(20, 5), "b": normal(20)}


def pooled(kind, kernel, stride, before=(0, 0), after=(0, 0), *, exclude=False):
    def expected(x):
        axes = tuple(range(-len(kernel), 0))
        if kind == "max":
            return windows(x, kernel, stride, before, after, fill=-np.inf).max(axes)
        total = windows(x, kernel, stride, before, after).sum(axes)
        ones = windows(np.ones_like(x), kernel, stride, before, after).sum(axes)
        return total / (ones if exclude else math.prod(kernel))

    return expected


def standard(x, axes, epsilon):
    mean = x.mean(axes, keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(axes, keepdims=True) + epsilon)


def bilinear(x, size, grid):
    for axis, target in ((2, size[0]), (3, size[1])):
        length = x.shape[axis]
        at = np.clip([grid(i, length, target) for i in range(target)], 0, length - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, length - 1)
        weight = (at - low).reshape([-1 if a == axis else 1 for a in range(4)])
        x = np.take(x, low, axis) * (1 - weight) + np.take(x, high, axis) * weight
    return x


def mil_lstm(x, direction="forward", sequence=True, peephole=False):
    state = np.zeros((x.shape[1], 10 if direction == "bidirectional" else 5), dtype=np.float32)
    options = {
        "weight_ih_back": LSTM_BACK["w"],
        "weight_hh_back": LSTM_BACK["r"],
        "bias_back": LSTM_BACK["b"],
    }
    return mb.lstm(
        x=x, initial_h=state, initial_c=state, weight_ih=LSTM["w"], weight_hh=LSTM["r"], bias=LSTM["b"],
        direction=direction, output_sequence=sequence,
        **(options if direction == "bidirectional" else {}), **({"peephole": LSTM["p"]} if peephole else {}),
    )  # fmt: skip


def lstm_both(x, sequence):
    forward, h, _ = run_lstm(x, LSTM["w"], LSTM["r"], LSTM["b"])
    backward, back, _ = run_lstm(x[::-1], LSTM_BACK["w"], LSTM_BACK["r"], LSTM_BACK["b"])
    if sequence:
        return np.concatenate([forward, backward[::-1]], 2)
    return np.concatenate([h, back], 1)[None]


def mil_gru_expected(x, w, r, b):
    h = np.zeros((x.shape[1], 4))
    w, r, b = np.split(w, 3), np.split(r, 3), np.split(b, 3)  # r, o, z
    for step in x:
        reset = sigmoid(step @ w[0].T + h @ r[0].T + b[0])
        update = sigmoid(step @ w[2].T + h @ r[2].T + b[2])
        new = np.tanh(step @ w[1].T + b[1] + reset * (h @ r[1].T))
        h = (1 - update) * new + update * h
    return h[None]


GRU = (normal(12, 3), normal(12, 4), normal(12))
RNN = (normal(4, 3), normal(4, 4), normal(4))


def rnn_expected(x):
    h = np.zeros((x.shape[1], 4))
    steps = []
    for step in x:
        h = np.tanh(step @ RNN[0].T + h @ RNN[1].T + RNN[2])
        steps.append(h)
    return np.stack(steps)


IMAGE = (1, 3, 7, 6)
CASES = [
    Case(
        "conv_valid",
        IMAGE,
        lambda x: mb.conv(x=x, weight=W33, bias=B4, pad_type="valid", strides=[2, 1]),
        lambda x: convolve(x, W33, B4, (2, 1), (0, 0), (0, 0)),
    ),
    Case(
        "conv_same_strided",
        IMAGE,
        lambda x: mb.conv(x=x, weight=W33, bias=B4, pad_type="same", strides=[2, 2]),
        lambda x: convolve(x, W33, B4, (2, 2), *zip(same(7, 3, 2), same(6, 3, 2), strict=True)),
    ),
    Case(
        "conv_same_lower",
        IMAGE,
        lambda x: mb.conv(x=x, weight=W33, bias=B4, pad_type="same_lower", strides=[2, 2]),
        lambda x: convolve(
            x, W33, B4, (2, 2), *zip(same(7, 3, 2, lower=True), same(6, 3, 2, lower=True), strict=True)
        ),
    ),
    Case(
        "conv_custom",
        IMAGE,
        lambda x: mb.conv(x=x, weight=W33, bias=B4, pad_type="custom", pad=[2, 1, 0, 3]),
        lambda x: convolve(x, W33, B4, (1, 1), (2, 0), (1, 3)),
    ),
    Case(
        "conv_dilated",
        IMAGE,
        lambda x: mb.conv(x=x, weight=W33, bias=B4, pad_type="same", dilations=[2, 2]),
        lambda x: convolve(x, W33, B4, (1, 1), (2, 2), (2, 2), (2, 2)),
    ),
    Case(
        "conv_groups",
        (1, 6, 5, 5),
        lambda x: mb.conv(x=x, weight=W_GROUP, pad_type="valid", groups=3),
        lambda x: convolve(x, W_GROUP, np.zeros(6), (1, 1), (0, 0), (0, 0), groups=3),
    ),
    Case(
        "conv_1d",
        (1, 3, 9),
        lambda x: mb.conv(x=x, weight=W_1D, bias=B5, pad_type="same", strides=[2]),
        lambda x: convolve(x, W_1D, B5, (2,), *([p] for p in same(9, 4, 2))),
    ),
    Case(
        "conv_transpose",
        (1, 3, 4, 5),
        lambda x: mb.conv_transpose(x=x, weight=W_T, bias=B4, pad_type="valid", strides=[2, 3]),
        lambda x: transposed(x, W_T, B4, (2, 3), (0, 0), (0, 0)),
    ),
    Case(
        "conv_transpose_same",
        (1, 3, 4, 5),
        lambda x: mb.conv_transpose(x=x, weight=W_T, bias=B4, pad_type="same", strides=[2, 2]),
        lambda x: transposed(x, W_T, B4, (2, 2), (0, 0), (1, 0)),
    ),
    Case(
        "conv_transpose_custom",
        (1, 3, 4, 5),
        lambda x: mb.conv_transpose(
            x=x, weight=W_T, bias=B4, pad_type="custom", pad=[1, 1, 0, 1], strides=[2, 2]
        ),
        lambda x: transposed(x, W_T, B4, (2, 2), (1, 0), (1, 1)),
    ),
    Case("linear", (2, 6), lambda x: mb.linear(x=x, weight=W_LINEAR, bias=B5), lambda x: x @ W_LINEAR.T + B5),
    Case(
        "linear_rank3",
        (2, 3, 6),
        lambda x: mb.linear(x=x, weight=W_LINEAR, bias=B5),
        lambda x: x @ W_LINEAR.T + B5,
    ),
    Case(
        "matmul", (2, 4, 6), lambda x: mb.matmul(x=x, y=W_LINEAR, transpose_y=True), lambda x: x @ W_LINEAR.T
    ),
    Case(
        "matmul_both",
        (2, 4, 6),
        lambda x: mb.matmul(x=x, y=x, transpose_x=True),
        lambda x: np.swapaxes(x, 1, 2) @ x,
    ),
    Case(
        "max_pool",
        IMAGE,
        lambda x: mb.max_pool(x=x, kernel_sizes=[2, 3], strides=[2, 1], pad_type="valid"),
        pooled("max", (2, 3), (2, 1)),
    ),
    Case(
        "max_pool_same",
        IMAGE,
        lambda x: mb.max_pool(x=x, kernel_sizes=[3, 2], strides=[2, 2], pad_type="same"),
        pooled("max", (3, 2), (2, 2), (1, 0), (1, 0)),
    ),
    Case(
        "max_pool_custom",
        IMAGE,
        lambda x: mb.max_pool(x=x, kernel_sizes=[3, 3], strides=[2, 2], pad_type="custom", pad=[0, 2, 1, 1]),
        pooled("max", (3, 3), (2, 2), (0, 1), (2, 1)),
    ),
    Case(
        "max_pool_ceil",
        (1, 3, 8, 8),
        lambda x: mb.max_pool(x=x, kernel_sizes=[3, 3], strides=[2, 2], pad_type="valid", ceil_mode=True),
        pooled("max", (3, 3), (2, 2), (0, 0), (1, 1)),
    ),
    Case(
        "avg_pool",
        IMAGE,
        lambda x: mb.avg_pool(x=x, kernel_sizes=[2, 2], strides=[2, 2], pad_type="valid"),
        pooled("average", (2, 2), (2, 2)),
    ),
    Case(
        "avg_pool_same_counts_padding",
        IMAGE,
        lambda x: mb.avg_pool(x=x, kernel_sizes=[3, 3], strides=[2, 2], pad_type="same"),
        pooled("average", (3, 3), (2, 2), (1, 0), (1, 1)),
    ),
    Case(
        "avg_pool_same_excludes_padding",
        IMAGE,
        lambda x: mb.avg_pool(
            x=x, kernel_sizes=[3, 3], strides=[2, 2], pad_type="same", exclude_padding_from_average=True
        ),
        pooled("average", (3, 3), (2, 2), (1, 0), (1, 1), exclude=True),
    ),
    Case(
        "l2_pool",
        IMAGE,
        lambda x: mb.l2_pool(x=x, kernel_sizes=[2, 2], strides=[2, 2], pad_type="valid"),
        lambda x: np.sqrt((windows(x, (2, 2), (2, 2), (0, 0), (0, 0)) ** 2).sum((-1, -2))),
    ),
    Case(
        "avg_pool_1d",
        (1, 3, 9),
        lambda x: mb.avg_pool(x=x, kernel_sizes=[3], strides=[2], pad_type="valid"),
        pooled("average", (3,), (2,), (0,), (0,)),
    ),
    Case(
        "reduce_mean",
        IMAGE,
        lambda x: mb.reduce_mean(x=x, axes=[2, 3], keep_dims=False),
        lambda x: x.mean((2, 3)),
    ),
    Case(
        "reduce_max",
        IMAGE,
        lambda x: mb.reduce_max(x=x, axes=[-1, -2], keep_dims=True),
        lambda x: x.max((2, 3), keepdims=True),
    ),
    Case("reduce_sum", IMAGE, lambda x: mb.reduce_sum(x=x, axes=[1], keep_dims=False), lambda x: x.sum(1)),
    Case(
        "reduce_l2_norm",
        IMAGE,
        lambda x: mb.reduce_l2_norm(x=x, axes=[1, 2], keep_dims=False),
        lambda x: np.sqrt((x**2).sum((1, 2))),
    ),
    Case(
        "reduce_log_sum_exp",
        IMAGE,
        lambda x: mb.reduce_log_sum_exp(x=x, axes=[3], keep_dims=False),
        lambda x: np.log(np.exp(x).sum(3)),
    ),
    Case(
        "flatten_like_keras",
        IMAGE,
        lambda x: mb.reshape(x=mb.transpose(x=x, perm=[0, 2, 3, 1]), shape=(1, 126)),
        lambda x: x.transpose(0, 2, 3, 1).reshape(1, -1),
    ),
    Case("reshape_minus_one", (2, 3, 4), lambda x: mb.reshape(x=x, shape=(4, -1)), lambda x: x.reshape(4, 6)),
    Case(
        "expand_squeeze",
        (2, 1, 3),
        lambda x: mb.expand_dims(x=mb.squeeze(x=x, axes=[1]), axes=[0, 3]),
        lambda x: x.reshape(1, 2, 3, 1),
    ),
    Case("flatten2d", (2, 3, 4), lambda x: mb.flatten2d(x=x, axis=2), lambda x: x.reshape(6, 4)),
    Case(
        "batch_norm",
        IMAGE,
        lambda x: mb.batch_norm(x=x, mean=MEAN, variance=VARIANCE, gamma=GAMMA, beta=BETA, epsilon=1e-3),
        lambda x: (
            GAMMA.reshape(-1, 1, 1)
            * (x - MEAN.reshape(-1, 1, 1))
            / np.sqrt(VARIANCE.reshape(-1, 1, 1) + 1e-3)
            + BETA.reshape(-1, 1, 1)
        ),
    ),
    Case(
        "instance_norm",
        IMAGE,
        lambda x: mb.instance_norm(x=x, gamma=GAMMA, beta=BETA, epsilon=1e-3),
        lambda x: GAMMA.reshape(-1, 1, 1) * standard(x, (2, 3), 1e-3) + BETA.reshape(-1, 1, 1),
    ),
    Case(
        "layer_norm",
        (2, 4, 3),
        lambda x: mb.layer_norm(x=x, axes=[2], gamma=GAMMA, beta=BETA, epsilon=1e-3),
        lambda x: GAMMA * standard(x, 2, 1e-3) + BETA,
    ),
    Case(
        "prelu",
        IMAGE,
        lambda x: mb.prelu(x=x, alpha=GAMMA),
        lambda x: np.where(x >= 0, x, GAMMA.reshape(-1, 1, 1) * x),
    ),
    Case(
        "softplus_parametric",
        IMAGE,
        lambda x: mb.softplus_parametric(x=x, alpha=GAMMA, beta=BETA),
        lambda x: GAMMA.reshape(-1, 1, 1) * np.log1p(np.exp(BETA.reshape(-1, 1, 1) * x)),
    ),
    Case(
        "concat",
        (2, 3),
        lambda x: mb.concat(values=[x, mb.relu(x=x)], axis=1),
        lambda x: np.concatenate([x, np.maximum(x, 0)], 1),
    ),
    Case(
        "stack",
        (2, 3),
        lambda x: mb.stack(values=[x, mb.relu(x=x)], axis=1),
        lambda x: np.stack([x, np.maximum(x, 0)], 1),
    ),
    Case("split", (2, 6), lambda x: mb.split(x=x, num_splits=3, axis=1)[1], lambda x: x[:, 2:4]),
    Case(
        "split_sizes", (2, 6), lambda x: mb.split(x=x, split_sizes=[1, 3, 2], axis=1)[2], lambda x: x[:, 4:]
    ),
    Case(
        "slice_by_index",
        (4, 6),
        lambda x: mb.slice_by_index(x=x, begin=[1, 0], end=[0, 5], stride=[1, 2], end_mask=[True, False]),
        lambda x: x[1:, 0:5:2],
    ),
    Case(
        "slice_by_index_squeeze",
        (4, 6),
        lambda x: mb.slice_by_index(x=x, begin=[-1, 1], end=[0, 4], squeeze_mask=[True, False]),
        lambda x: x[-1, 1:4],
    ),
    Case(
        "slice_by_index_backwards",
        (4, 6),
        lambda x: mb.slice_by_index(
            x=x, begin=[3, 0], end=[0, 0], stride=[-1, 1], begin_mask=[False, True], end_mask=[True, True]
        ),
        lambda x: x[::-1],
    ),
    Case(
        "slice_by_size",
        (4, 6),
        lambda x: mb.slice_by_size(x=x, begin=[1, 2], size=[2, -1]),
        lambda x: x[1:3, 2:],
    ),
    Case(
        "pad_constant",
        IMAGE,
        lambda x: mb.pad(x=x, pad=[1, 2, 0, 3], mode="constant", constant_val=0.5),
        lambda x: np.pad(x, [(0, 0), (0, 0), (1, 2), (0, 3)], constant_values=0.5),
    ),
    Case(
        "pad_reflect",
        IMAGE,
        lambda x: mb.pad(x=x, pad=[1, 2, 2, 1], mode="reflect"),
        lambda x: np.pad(x, [(0, 0), (0, 0), (1, 2), (2, 1)], mode="reflect"),
    ),
    Case(
        "pad_replicate",
        IMAGE,
        lambda x: mb.pad(x=x, pad=[1, 2, 2, 1], mode="replicate"),
        lambda x: np.pad(x, [(0, 0), (0, 0), (1, 2), (2, 1)], mode="edge"),
    ),
    Case(
        "upsample_nearest",
        (1, 2, 3, 3),
        lambda x: mb.upsample_nearest_neighbor(x=x, scale_factor_height=2, scale_factor_width=3),
        lambda x: x.repeat(2, 2).repeat(3, 3),
    ),
    Case(
        "upsample_bilinear",
        (1, 2, 3, 4),
        lambda x: mb.upsample_bilinear(x=x, scale_factor_height=2, scale_factor_width=2, align_corners=False),
        lambda x: bilinear(x, (6, 8), lambda i, n, m: (i + 0.5) * n / m - 0.5),
    ),
    Case(
        "upsample_bilinear_corners",
        (1, 2, 3, 4),
        lambda x: mb.upsample_bilinear(x=x, scale_factor_height=2, scale_factor_width=3, align_corners=True),
        lambda x: bilinear(x, (6, 12), lambda i, n, m: i * (n - 1) / (m - 1)),
    ),
    Case(
        "resize_bilinear",
        (1, 2, 3, 4),
        lambda x: mb.resize_bilinear(x=x, target_size_height=5, target_size_width=6, sampling_mode="DEFAULT"),
        lambda x: bilinear(x, (5, 6), lambda i, n, m: i * n / m),
    ),
    Case(
        "gather",
        (5, 3),
        lambda x: mb.gather(x=x, indices=np.int32([4, 0, 4]), axis=0),
        lambda x: x[[4, 0, 4]],
    ),
    Case(
        "tile_reverse",
        (2, 3),
        lambda x: mb.tile(x=mb.reverse(x=x, axes=[1]), reps=[2, 1]),
        lambda x: np.tile(x[:, ::-1], (2, 1)),
    ),
    Case(
        "embedding",
        (1, 5),
        lambda x: mb.gather(x=TABLE, indices=mb.cast(x=mb.abs(x=mb.floor(x=x)), dtype="int32"), axis=0),
        lambda x: TABLE[np.abs(np.floor(x)).astype(int)],
    ),
    Case(
        "lstm", (4, 2, 3), lambda x: mil_lstm(x)[0], lambda x: run_lstm(x, LSTM["w"], LSTM["r"], LSTM["b"])[0]
    ),
    Case(
        "lstm_last",
        (3, 2, 3),
        lambda x: mil_lstm(x, sequence=False)[1],
        lambda x: run_lstm(x, LSTM["w"], LSTM["r"], LSTM["b"])[1],
    ),
    Case(
        "lstm_peephole",
        (5, 2, 3),
        lambda x: mil_lstm(x, peephole=True)[2],
        lambda x: run_lstm(x, LSTM["w"], LSTM["r"], LSTM["b"], peephole=LSTM["p"])[2],
    ),
    Case(
        "lstm_reverse",
        (6, 2, 3),
        lambda x: mil_lstm(x, "reverse", sequence=False)[0],
        lambda x: run_lstm(x[::-1], LSTM["w"], LSTM["r"], LSTM["b"])[1][None],
    ),
    Case(
        "lstm_bidirectional",
        (4, 1, 3),
        lambda x: mil_lstm(x, "bidirectional")[0],
        lambda x: lstm_both(x, True),
    ),
    Case(
        "lstm_bidirectional_last",
        (3, 1, 3),
        lambda x: mil_lstm(x, "bidirectional", sequence=False)[0],
        lambda x: lstm_both(x, False),
    ),
    Case(
        "gru",
        (2, 2, 3),
        lambda x: mb.gru(
            x=x, initial_h=np.zeros((2, 4), np.float32), weight_ih=GRU[0], weight_hh=GRU[1], bias=GRU[2]
        )[0],
        lambda x: mil_gru_expected(x, *GRU),
        ("mlprogram",),
    ),
    Case(
        "rnn",
        (7, 2, 3),
        lambda x: mb.rnn(
            x=x,
            initial_h=np.zeros((2, 4), np.float32),
            weight_ih=RNN[0],
            weight_hh=RNN[1],
            bias=RNN[2],
            output_sequence=True,
        )[0],
        rnn_expected,
    ),
]


@pytest.mark.parametrize(
    ("case", "fmt"),
    [pytest.param(case, fmt, id=f"{case.name}-{fmt}") for case in CASES for fmt in case.formats],
)
def test_operation(case: Case, fmt: str) -> None:
    x, found = together(case.shape, fmt)
    expected = case.expected(x.astype(np.float64))
    assert found[case.name].shape == expected.shape
    np.testing.assert_allclose(found[case.name], expected, rtol=1e-4, atol=1e-5)


@functools.cache
def together(shape: tuple[int, ...], fmt: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(The recurrent cases have a shape each: coremltools gives two such layers on one input one name.)"""
    return run_together([case for case in CASES if case.shape == shape and fmt in case.formats], fmt)


def test_identity_of_an_input_and_a_constant_output(tmp_path: Path) -> None:
    found = load(convert(lambda x: (mb.relu(x=x, name="y"), mb.add(x=x, y=0.0, name="z")), (2, 3), tmp_path))
    x = normal(2, 3)
    np.testing.assert_array_equal(found.run({"x": x})["z"], x)


# The grid points that MIL's page of resize_bilinear gives as examples, for an input [0, 1] (their values are
# then the samples themselves), and the single sample of an input [0, 1, 2].
GRIDS = {
    ("UNALIGN_CORNERS", 5): [0.0, 0.1, 0.5, 0.9, 1.0],
    ("STRICT_ALIGN_CORNERS", 5): [0.0, 0.25, 0.5, 0.75, 1.0],
    ("ALIGN_CORNERS", 5): [0.0, 0.25, 0.5, 0.75, 1.0],
    ("DEFAULT", 5): [0.0, 0.4, 0.8, 1.0, 1.0],
    ("OFFSET_CORNERS", 5): [0.1, 0.3, 0.5, 0.7, 0.9],
    ("UNALIGN_CORNERS", 6): [0.0, 0.0, 1 / 3, 2 / 3, 1.0, 1.0],
    ("DEFAULT", 6): [0.0, 1 / 3, 2 / 3, 1.0, 1.0, 1.0],
    ("OFFSET_CORNERS", 6): [1 / 12, 1 / 4, 5 / 12, 7 / 12, 3 / 4, 11 / 12],
    ("ALIGN_CORNERS", 1): [0.5],
    ("STRICT_ALIGN_CORNERS", 1): [0.0],
}


def test_every_grid_of_resizing(tmp_path: Path) -> None:
    def body(x):
        return tuple(
            mb.resize_bilinear(
                x=x, target_size_height=1, target_size_width=size, sampling_mode=mode, name=f"{mode}_{size}"
            )
            for mode, size in GRIDS
        )

    x = np.float32([0, 1]).reshape(1, 1, 1, 2)
    found = load(convert(body, x.shape, tmp_path)).run({"x": x})
    for (mode, size), expected in GRIDS.items():
        np.testing.assert_allclose(found[f"{mode}_{size}"].reshape(-1), expected, atol=1e-6, err_msg=mode)


@pytest.mark.parametrize("target", ["iOS15", "iOS16", "iOS17", "iOS18", "iOS26"])
@pytest.mark.parametrize("precision", ["FLOAT16", "FLOAT32"])
def test_every_generation_of_programs(target: str, precision: str, tmp_path: Path) -> None:
    """Later operation sets give the same operations other arguments and element types."""
    places = np.int32([2, 0])

    def body(x):
        y = mb.conv(x=x, weight=W33, bias=B4, pad_type="same", strides=[2, 1])
        y = mb.max_pool(x=mb.relu(x=y), kernel_sizes=[2, 2], strides=[1, 1], pad_type="valid")
        y = mb.gather(x=mb.transpose(x=y, perm=[0, 2, 3, 1]), indices=places, axis=1)
        y = mb.reshape(x=y, shape=(1, -1))
        return mb.softmax(x=mb.linear(x=y, weight=WIDE, bias=B5[:3]), axis=-1, name="probs")

    path = convert(
        body, IMAGE, tmp_path, target=getattr(ct.target, target),
        compute_precision=getattr(ct.precision, precision), classifier_config=ct.ClassifierConfig(LABELS),
    )  # fmt: skip
    x = normal(*IMAGE)
    y = np.maximum(convolve(x, W33, B4, (2, 1), *zip(same(7, 3, 2), same(6, 3, 1), strict=True)), 0)
    y = pooled("max", (2, 2), (1, 1))(y).transpose(0, 2, 3, 1)[:, places].reshape(1, -1)
    (found,) = load(path).run({"x": x}).values()
    tolerance = 5e-3 if precision == "FLOAT16" else 1e-5
    np.testing.assert_allclose(found, softmax(y @ WIDE.T + B5[:3])[0], atol=tolerance)


@pytest.mark.parametrize(("bits", "tolerance"), [(16, 2e-3), (8, 0.02), (4, 0.4)])
def test_quantized_neural_networks(bits: int, tolerance: float, tmp_path: Path) -> None:
    from coremltools.models.neural_network import quantization_utils

    path = convert(lambda x: mb.linear(x=x, weight=COMPRESSED, name="y"), (1, 16), tmp_path, "neuralnetwork")
    made = quantization_utils.quantize_weights(ct.models.MLModel(str(path)), nbits=bits)
    spec = made.get_spec() if hasattr(made, "get_spec") else made  # a message, except on macOS
    path.write_bytes(spec.SerializeToString())
    runtime = load(path)
    weight = np.stack([runtime.run({"x": row})["y"].reshape(-1) for row in np.eye(16, dtype=np.float32)], 1)
    assert 0 < np.abs(weight - COMPRESSED).max() < tolerance
    expected = "float16" if bits == 16 else f"int{bits} linear"
    assert expected in runtime.description.weight_types


def test_networks_of_the_older_builder(tmp_path: Path) -> None:
    """What models that learn on the phone are made with: shapes of five axes, softmax over channels."""
    builder = ct.models.neural_network.NeuralNetworkBuilder(
        [("x", ct.models.datatypes.Array(6))], [("probs", None)], mode="classifier"
    )
    builder.add_inner_product("dense", W_LINEAR, B5, 6, 5, True, "x", "scores")
    builder.add_softmax("last", "scores", "probs")
    builder.set_class_labels(["a", "b", "c", "d", "e"], prediction_blob="probs")
    path = tmp_path / "model.mlmodel"
    path.write_bytes(builder.spec.SerializeToString())
    x = normal(4, 6)
    np.testing.assert_allclose(load(path).outputs(x), softmax(x @ W_LINEAR.T + B5), rtol=1e-4, atol=1e-6)


# --- images, classifiers, precision ------------------------------------------------------------------

DENSE = normal(3, 3 * 4 * 5) / 60


def classifier(
    folder: Path, fmt: str, layout: str, *, scale: float = 1 / 255, bias: Any = 0, **options: Any
) -> Path:
    channels = 1 if layout == "G" else 3
    weight = DENSE[:, : channels * 20]

    def body(x):
        flat = mb.reshape(x=mb.transpose(x=x, perm=[0, 2, 3, 1]), shape=(1, channels * 20), name="flat")
        return mb.softmax(
            x=mb.linear(x=flat, weight=weight, bias=normal(3) * 0, name="scores"), axis=-1, name="probs"
        )

    image = ct.ImageType(
        name="x", shape=(1, channels, 4, 5), scale=scale, bias=bias, color_layout=getattr(
            ct.colorlayout, {"G": "GRAYSCALE", "RGB": "RGB", "BGR": "BGR"}[layout])
    )  # fmt: skip
    return convert(
        body, (1, channels, 4, 5), folder, fmt, inputs=[image],
        classifier_config=ct.ClassifierConfig(LABELS), **options,
    )  # fmt: skip


@pytest.mark.parametrize("fmt", BOTH)
@pytest.mark.parametrize("layout", ["G", "RGB", "BGR"])
def test_image_classifier(fmt: str, layout: str, tmp_path: Path) -> None:
    bias = 0.25 if layout == "G" else [0.5, -0.25, 0.125]
    runtime = load(classifier(tmp_path, fmt, layout, bias=bias))
    channels = 1 if layout == "G" else 3
    images = RNG.integers(0, 256, (3, 4, 5, channels)).astype(np.uint8)
    seen = images[..., ::-1] if layout == "BGR" else images
    expected = softmax((seen / 255 + bias).reshape(3, -1) @ DENSE[:, : channels * 20].T)

    assert runtime.labels == tuple(LABELS)
    (image,) = runtime.inputs
    assert (image.name, image.kind, image.shape) == ("x", "image", (4, 5, channels))
    found = runtime.outputs(images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    (probabilities,) = runtime.run({"x": images[0]}).values()
    np.testing.assert_allclose(probabilities, expected[0], rtol=1e-5, atol=1e-6)


def test_half_precision_rounds_what_the_phone_rounds(tmp_path: Path) -> None:
    weight = normal(3, 4)
    path = convert(
        lambda x: mb.linear(x=x, weight=weight), (1, 4), tmp_path, compute_precision=ct.precision.FLOAT16
    )
    x = (normal(1, 4) * 1000).astype(np.float32)
    (found,) = load(path).run({"x": x}).values()
    exact = x.astype(np.float16).astype(np.float64) @ weight.astype(np.float16).astype(np.float64).T
    np.testing.assert_allclose(found, exact.astype(np.float16), rtol=1e-3)
    assert np.abs(found - x @ weight.T).max() > 1e-3  # so the rounding was not optimized away
    (large,) = load(path).run({"x": np.full((1, 4), 7e4, np.float32)}).values()
    assert not np.isfinite(large).all()  # beyond 65504 half precision overflows, on a phone too


def test_half_precision_rounds_and_overflows_behind_every_operation(tmp_path: Path) -> None:
    """1000 squared is beyond float16, whatever is divided by afterwards; 2049 is 2048."""
    path = convert(
        lambda x: mb.concat(values=[mb.real_div(x=mb.mul(x=x, y=x), y=1e4), mb.sub(x=mb.add(x=x, y=1.0), y=x)], axis=1),
        (1, 3), tmp_path, compute_precision=ct.precision.FLOAT16,
    )  # fmt: skip
    (found,) = load(path).run({"x": np.array([[1000, 100, 2048]], np.float32)}).values()
    np.testing.assert_allclose(found, [[np.inf, 1, np.inf, 1, 1, 0]], rtol=1e-3)


@pytest.mark.parametrize("fmt", BOTH)
def test_keep_shows_inner_values(fmt: str, tmp_path: Path) -> None:
    path = classifier(tmp_path, fmt, "G")
    image = RNG.integers(0, 256, (4, 5)).astype(np.uint8)  # a gray image may come without its channel
    found = load(path, keep=["scores"]).run({"x": image})
    np.testing.assert_allclose(
        found["scores"][0], DENSE[:, :20] @ (image.reshape(-1) / 255), rtol=1e-4, atol=1e-6
    )
    with pytest.raises(InputError, match="no intermediate value 'absent'"):
        load(path, keep=["absent"])


@pytest.mark.parametrize("fmt", BOTH)
def test_unfit_inputs(fmt: str, tmp_path: Path) -> None:
    runtime = load(convert(lambda x: mb.relu(x=x, name="y"), (1, 4), tmp_path, fmt))
    np.testing.assert_array_equal(runtime.outputs(-np.ones((2, 4))), np.zeros((2, 4)))
    assert runtime.outputs(np.zeros((0, 4))).shape == (0, 4)
    with pytest.raises(InputError, match=r"'x' expects an array of shape \(1, 4\), found \(5,\)"):
        runtime.run({"x": np.zeros(5)})
    with pytest.raises(InputError, match="'x' is missing"):
        runtime.run({})
    with pytest.raises(InputError, match="no input 'y'"):
        runtime.run({"x": np.zeros(4), "y": np.zeros(4)})
    with pytest.raises(InputError, match="expects numbers"):
        runtime.run({"x": np.asarray(["a"] * 4)})


def test_what_cannot_be_run_is_named(tmp_path: Path) -> None:
    path = convert(lambda x: mb.non_zero(x=x, name="places"), (4, 4), tmp_path)
    with pytest.raises(UnsupportedModelError, match=r"'places' \(non_zero\)"):
        load(path)


def test_labels_that_do_not_match_are_found(tmp_path: Path) -> None:
    path = classifier(tmp_path, "neuralnetwork", "G")
    model = ct.utils.load_spec(str(path))
    model.neuralNetworkClassifier.stringClassLabels.vector.append("one too many")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(CoreMLFileError, match="expected 3 labels, one per probability, found 4"):
        load(path)


# --- compressed weights ------------------------------------------------------------------------------


def plain_linear(folder: Path, target: Any) -> Any:
    path = convert(lambda x: mb.linear(x=x, weight=COMPRESSED, name="y"), (1, 16), folder, target=target)
    return ct.models.MLModel(str(path), skip_model_load=True)


def compressions() -> list[Any]:
    opt = ct.optimize.coreml
    quantize, palettize = opt.OpLinearQuantizerConfig, opt.OpPalettizerConfig
    cases = {
        "int8": (ct.target.iOS16, opt.linear_quantize_weights, quantize(weight_threshold=0), 0.02),
        "uint8": (
            ct.target.iOS16,
            opt.linear_quantize_weights,
            quantize(mode="linear", dtype=np.uint8, weight_threshold=0),
            0.02,
        ),
        "lut8": (
            ct.target.iOS16,
            opt.palettize_weights,
            palettize(mode="uniform", nbits=8, weight_threshold=0),
            0.02,
        ),
        "lut6": (
            ct.target.iOS16,
            opt.palettize_weights,
            palettize(mode="uniform", nbits=6, weight_threshold=0),
            0.05,
        ),
        "lut4": (
            ct.target.iOS16,
            opt.palettize_weights,
            palettize(mode="uniform", nbits=4, weight_threshold=0),
            0.2,
        ),
        "int4_blocks": (
            ct.target.iOS18,
            opt.linear_quantize_weights,
            quantize(dtype="int4", granularity="per_block", block_size=4, weight_threshold=0),
            0.3,
        ),
        "lut4_groups": (
            ct.target.iOS18,
            opt.palettize_weights,
            palettize(
                mode="uniform", nbits=4, granularity="per_grouped_channel", group_size=2, weight_threshold=0
            ),
            0.2,
        ),
        "sparse": (
            ct.target.iOS16,
            opt.prune_weights,
            opt.OpMagnitudePrunerConfig(target_sparsity=0.25, weight_threshold=0),
            0.8,
        ),
    }
    return [pytest.param(*case, id=name) for name, case in cases.items()]


@pytest.mark.parametrize(("target", "compress", "config", "tolerance"), compressions())
def test_compressed_weights(
    target: Any, compress: Any, config: Any, tolerance: float, tmp_path: Path
) -> None:
    """The weights that run are those that were stored, to the precision of the compression."""
    model = compress(
        plain_linear(tmp_path, target), ct.optimize.coreml.OptimizationConfig(global_config=config)
    )
    path = tmp_path / "small.mlpackage"
    model.save(str(path))
    runtime = load(path)
    weight = np.stack([runtime.run({"x": row})["y"].reshape(-1) for row in np.eye(16, dtype=np.float32)], 1)
    difference = np.abs(weight - COMPRESSED)
    assert 0 < difference.max() < tolerance
    assert difference.mean() < tolerance / 2
    assert any(kind.startswith("constexpr") for kind in runtime.description.weight_types)
    assert runtime.description.parameters == 128 + 8  # with a bias of zeros


# --- a whole network, trained nowhere, as Keras computes it -----------------------------------------


@pytest.mark.parametrize("fmt", BOTH)
def test_a_network_computes_what_keras_computes(fmt: str, tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([
        keras.Input((12, 10, 3)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Conv2D(6, (2, 3), padding="valid", activation="silu"),
        keras.layers.AveragePooling2D(2, padding="same"),
        keras.layers.Flatten(),
        keras.layers.Dense(5, activation="softmax"),
    ])  # fmt: skip
    for variable in model.weights:
        variable.assign(
            np.abs(normal(*variable.shape)) * 0.4
            if "variance" in variable.path
            else normal(*variable.shape) * 0.4
        )
    _, first, norm, second, _, _, dense = model.layers

    def weights(layer):
        kernel, bias = layer.get_weights()
        return {"weight": kernel.transpose(3, 2, 0, 1), "bias": bias}

    gamma, beta, mean, variance = norm.get_weights()
    kernel, bias = dense.get_weights()

    def body(x):
        x = mb.relu(x=mb.conv(x=x, strides=[2, 2], pad_type="same", **weights(first)))
        x = mb.batch_norm(x=x, mean=mean, variance=variance, gamma=gamma, beta=beta, epsilon=1e-3)
        x = mb.silu(x=mb.conv(x=x, pad_type="valid", **weights(second)))
        x = mb.avg_pool(
            x=x, kernel_sizes=[2, 2], strides=[2, 2], pad_type="same", exclude_padding_from_average=True
        )
        x = mb.reshape(x=mb.transpose(x=x, perm=[0, 2, 3, 1]), shape=(1, kernel.shape[0]))
        return mb.softmax(x=mb.linear(x=x, weight=kernel.T, bias=bias), axis=-1)

    image = ct.ImageType(name="x", shape=(1, 3, 12, 10), scale=1 / 255, color_layout=ct.colorlayout.RGB)
    path = convert(
        body, (1, 3, 12, 10), tmp_path, fmt, inputs=[image],
        classifier_config=ct.ClassifierConfig(list("abcde")),
    )  # fmt: skip
    images = RNG.integers(0, 256, (6, 12, 10, 3)).astype(np.float32)
    np.testing.assert_allclose(
        load(path).outputs(images), model.predict(images, verbose=0), rtol=1e-4, atol=1e-5
    )
