"""Neural networks as other tools wrote them, made by hand from protobuf messages, against numpy.

coremltools 9 writes none of these: shapes of five axes, layers of iOS 11, integer labels, mean images,
preprocessing without a name, packed weights.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from networks import BGR, GRAYSCALE, RGB, RNG, Maker, edges, exactly, fill, load, normal, one
from quickml.errors import CoreMLFileError, UnsupportedModelError


def convolve(x: np.ndarray, weight: np.ndarray, stride=(1, 1), pads=((0, 0), (0, 0))) -> np.ndarray:
    """(C, H, W) with (O, C, h, w), padded."""
    x = np.pad(x.astype(np.float64), [(0, 0), *pads])
    out, _, kh, kw = weight.shape
    rows = (x.shape[1] - kh) // stride[0] + 1
    columns = (x.shape[2] - kw) // stride[1] + 1
    y = np.zeros((out, rows, columns))
    for i, j in itertools.product(range(rows), range(columns)):
        patch = x[:, i * stride[0] : i * stride[0] + kh, j * stride[1] : j * stride[1] + kw]
        y[:, i, j] = np.tensordot(weight, patch, 3)
    return y


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


# --- layers of old, on (sequence, batch, channel, height, width) ---------------------------------------


def test_the_first_networks(tmp_path: Path) -> None:
    """Convolution, ReLU, pooling, flatten with colours last, two inner products and softmax: iOS 11."""
    x = normal(3, 6, 5)
    kernel, bias = normal(4, 3, 3, 3), normal(4)
    first, second = normal(7, 16), normal(2, 7)
    maker = Maker().array("x", 3, 6, 5).output("y", 2)
    maker.layer(
        "convolution", "x", "c", outputChannels=4, kernelChannels=3, nGroups=1, kernelSize=[3, 3],
        stride=[1, 1], valid={}, hasBias=True, weights=kernel, bias=bias,
    )  # fmt: skip
    maker.layer("activation", "c", "r", ReLU={})
    maker.layer("pooling", "r", "p", type=0, kernelSize=[2, 2], stride=[2, 1], valid={})
    maker.layer("flatten", "p", "f", mode=1)
    maker.layer("innerProduct", "f", "i", inputChannels=16, outputChannels=7, weights=first)
    maker.layer("innerProduct", "i", "j", inputChannels=7, outputChannels=2, weights=second)
    maker.layer("softmax", "j", "y")

    c = np.maximum(convolve(x, kernel) + bias.reshape(-1, 1, 1), 0)
    p = np.stack(
        [np.stack([c[:, 2 * i : 2 * i + 2, j : j + 2].max((1, 2)) for j in range(2)], -1) for i in range(2)],
        1,
    )
    z = second @ (first @ p.transpose(1, 2, 0).reshape(-1))
    np.testing.assert_allclose(
        maker.run(tmp_path, x=x)["y"], np.exp(z - z.max()) / np.exp(z - z.max()).sum(), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize(("heavy", "pads"), [(0, ((1, 1), (0, 1))), (1, ((1, 1), (1, 0)))])
def test_same_padding_leans_either_way(heavy: int, pads: Any, tmp_path: Path) -> None:
    x, kernel = normal(2, 7, 6), normal(3, 2, 3, 3)
    y = one(
        tmp_path, "convolution", (2, 7, 6), x, outputChannels=3, kernelChannels=2, stride=[2, 2],
        same={"asymmetryMode": heavy}, weights=kernel,
    )  # fmt: skip
    np.testing.assert_allclose(y, convolve(x, kernel, (2, 2), pads), rtol=1e-4, atol=1e-5)


def test_explicit_borders(tmp_path: Path) -> None:
    x, kernel = normal(2, 5, 5), normal(3, 2, 2, 2)
    maker = Maker().array("x", 2, 5, 5).output("y")
    params = maker.layer(
        "convolution",
        "x",
        "y",
        outputChannels=3,
        kernelChannels=2,
        kernelSize=[2, 2],
        weights=kernel,
        valid={},
    )
    edges(params.valid.paddingAmounts, 2, 0, 1, 3)
    y = maker.run(tmp_path, x=x)["y"]
    np.testing.assert_allclose(y, convolve(x, kernel, pads=((2, 0), (1, 3))), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [None, (9, 9)])
def test_deconvolution(size: tuple[int, int] | None, tmp_path: Path) -> None:
    x, kernel, bias = normal(2, 4, 4), normal(2, 3, 3, 3), normal(3)
    full = np.zeros((3, 9, 9))
    for i, j in itertools.product(range(4), range(4)):
        full[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += np.tensordot(x[:, i, j], kernel, (0, 0))
    y = one(
        tmp_path, "convolution", (2, 4, 4), x, outputChannels=3, kernelChannels=2, stride=[2, 2], same={},
        isDeconvolution=True, hasBias=True, weights=kernel, bias=bias, outputShape=list(size or ()),
    )  # fmt: skip
    wanted = full if size else full[:, :8, :8]
    np.testing.assert_allclose(y, wanted + bias.reshape(-1, 1, 1), rtol=1e-4, atol=1e-5)


def test_deconvolution_beyond_its_kernels(tmp_path: Path) -> None:
    """A kernel narrower than the stride leaves places that only the bias reaches."""
    x, kernel, bias = normal(1, 2, 2), np.ones((1, 1, 1, 1), np.float32), np.float32([0.5])
    y = one(
        tmp_path, "convolution", (1, 2, 2), x, outputChannels=1, kernelChannels=1, kernelSize=[1, 1],
        stride=[2, 2], same={}, isDeconvolution=True, hasBias=True, weights=kernel, bias=bias,
    )  # fmt: skip
    expected = np.full((1, 4, 4), 0.5)
    expected[:, ::2, ::2] += x
    np.testing.assert_allclose(y, expected, rtol=1e-6)


def test_pooling_includes_the_last_pixel(tmp_path: Path) -> None:
    """The size is rounded up, and a window that starts in the padding is left out: Caffe's rule."""
    x = normal(2, 7, 6)
    y = one(
        tmp_path, "pooling", (2, 7, 6), x, type=1, kernelSize=[3, 3], stride=[2, 2],
        includeLastPixel={"paddingAmounts": [1, 1]}, avgPoolExcludePadding=True,
    )  # fmt: skip
    padded = np.pad(x, [(0, 0), (1, 2), (1, 2)], constant_values=np.nan)
    expected = np.zeros((2, 4, 4))
    for i, j in itertools.product(range(4), range(4)):
        expected[:, i, j] = np.nanmean(padded[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3], (1, 2))
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "formula"),
    [(0, lambda x: x.max((1, 2))), (1, lambda x: x.mean((1, 2))), (2, lambda x: np.sqrt((x**2).sum((1, 2))))],
)
def test_global_pooling(kind: int, formula: Callable[[np.ndarray], np.ndarray], tmp_path: Path) -> None:
    x = normal(3, 4, 5)
    y = one(tmp_path, "pooling", (3, 4, 5), x, type=kind, globalPooling=True)
    np.testing.assert_allclose(y, formula(x), rtol=1e-5)


ACTIVATIONS: dict[str, tuple[dict[str, Any], Callable[[np.ndarray], np.ndarray]]] = {
    "linear": ({"alpha": 2.0, "beta": -1.0}, lambda x: 2 * x - 1),
    "ReLU": ({}, lambda x: np.maximum(x, 0)),
    "leakyReLU": ({"alpha": 0.3}, lambda x: np.where(x >= 0, x, 0.3 * x)),
    "thresholdedReLU": ({"alpha": 0.5}, lambda x: np.where(x >= 0.5, x, 0)),
    "PReLU": ({"alpha": np.float32([0.1, 0.2])}, lambda x: np.where(x >= 0, x, [[[0.1]], [[0.2]]] * x)),
    "tanh": ({}, np.tanh),
    "scaledTanh": ({"alpha": 1.5, "beta": 0.5}, lambda x: 1.5 * np.tanh(0.5 * x)),
    "sigmoid": ({}, sigmoid),
    "sigmoidHard": ({"alpha": 0.2, "beta": 0.5}, lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
    "ELU": ({"alpha": 0.7}, lambda x: np.where(x >= 0, x, 0.7 * (np.exp(x) - 1))),
    "softsign": ({}, lambda x: x / (1 + np.abs(x))),
    "softplus": ({}, lambda x: np.log1p(np.exp(x))),
    "parametricSoftplus": (
        {"alpha": np.float32([2.0]), "beta": np.float32([0.5, 3.0])},
        lambda x: 2 * np.log1p(np.exp([[[0.5]], [[3.0]]] * x)),
    ),
}


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_activation(kind: str, tmp_path: Path) -> None:
    x = (normal(2, 3, 4) * 2).astype(np.float32)
    x[0, 0, 0] = 0.5  # on the threshold
    fields, formula = ACTIVATIONS[kind]
    y = one(tmp_path, "activation", (2, 3, 4), x, **{kind: fields})
    np.testing.assert_allclose(y, formula(x.astype(np.float64)), rtol=1e-5, atol=1e-6)


UNARY = {
    0: np.sqrt,
    1: lambda x: 1 / np.sqrt(x + 0.1),
    2: lambda x: 1 / (x + 0.1),
    3: lambda x: x**1.5,
    4: np.exp,
    5: np.log,
    6: np.abs,
    7: lambda x: np.maximum(x, 1.5),
}


@pytest.mark.parametrize("kind", UNARY)
def test_unary(kind: int, tmp_path: Path) -> None:
    x = np.abs(normal(1, 2, 6))
    y = one(tmp_path, "unary", (1, 2, 6), x, type=kind, alpha=1.5, epsilon=0.1, shift=0.5, scale=2.0)
    np.testing.assert_allclose(y, UNARY[kind](2 * x.astype(np.float64) + 0.5), rtol=1e-5, atol=1e-6)


X = np.random.default_rng(3).normal(size=(4, 5, 6)).astype(np.float32)
C = np.float32([0.5, -1.0, 2.0, 3.0])
LEGACY: dict[str, tuple[str, dict[str, Any], np.ndarray]] = {
    "flatten": ("flatten", {}, X.reshape(-1)),
    "flatten_last": ("flatten", {"mode": 1}, X.transpose(1, 2, 0).reshape(-1)),
    "reshape": ("reshape", {"targetShape": [6, 4, 5]}, X.reshape(6, 4, 5)),
    "reshape_last": (
        "reshape",
        {"targetShape": [6, 4, 5], "mode": 1},
        X.transpose(1, 2, 0).reshape(4, 5, 6).transpose(2, 0, 1),
    ),
    "permute": ("permute", {"axis": [0, 3, 1, 2]}, X.transpose(2, 0, 1)),
    "softmax": ("softmax", {}, np.exp(X) / np.exp(X).sum(0)),
    "bias": ("bias", {"shape": [4], "bias": C}, X + C.reshape(-1, 1, 1)),
    "bias_one": ("bias", {"shape": [1], "bias": C[:1]}, X + 0.5),
    "scale": (
        "scale",
        {"shapeScale": [4], "scale": C, "hasBias": True, "shapeBias": [1, 5, 6], "bias": X[0]},
        X * C.reshape(-1, 1, 1) + X[0],
    ),
    "batchnorm": (
        "batchnorm",
        {"channels": 4, "epsilon": 0.1, "gamma": C, "beta": C + 1, "mean": C - 1, "variance": C**2},
        C.reshape(-1, 1, 1) * (X - (C - 1).reshape(-1, 1, 1)) / np.sqrt((C**2).reshape(-1, 1, 1) + 0.1)
        + (C + 1).reshape(-1, 1, 1),
    ),
    "instance_norm": (
        "batchnorm",
        {
            "channels": 4,
            "computeMeanVar": True,
            "instanceNormalization": True,
            "epsilon": 0.1,
            "gamma": C,
            "beta": C,
        },
        C.reshape(-1, 1, 1)
        * (X - X.mean((1, 2), keepdims=True))
        / np.sqrt(X.var((1, 2), keepdims=True) + 0.1)
        + C.reshape(-1, 1, 1),
    ),
    "mvn": ("mvn", {"normalizeVariance": False}, X - X.mean((1, 2), keepdims=True)),
    "mvn_channels": (
        "mvn",
        {"acrossChannels": True, "normalizeVariance": True, "epsilon": 0.1},
        (X - X.mean()) / np.sqrt(X.var() + 0.1),
    ),
    "l2normalize": ("l2normalize", {"epsilon": 0.1}, X / np.sqrt((X**2).sum() + 0.1)),
    "lrn": (
        "lrn",
        {"alpha": 0.3, "beta": 0.75, "localSize": 3},
        X / (1 + 0.1 * np.stack([(X[max(0, c - 1) : c + 2] ** 2).sum(0) for c in range(4)])) ** 0.75,
    ),
    "lrn_wide": (
        "lrn",
        {"alpha": 0.3, "beta": 0.5, "localSize": 2**40 + 1, "k": 2.0},
        X / np.sqrt(2 + 0.3 / (2**40 + 1) * (X**2).sum(0)),
    ),
    "lrn_nine": ("lrn", {"alpha": 0.9, "beta": 0.5, "localSize": 9}, X / np.sqrt(1 + 0.1 * (X**2).sum(0))),
    "slice": ("slice", {"startIndex": 1, "endIndex": -1, "stride": 2, "axis": 2}, X[:, :, 1:-1:2]),
    "reduce_sum": ("reduce", {"mode": 0, "axis": 0}, np.asarray([X.sum()])),
    "reduce_logsum": (
        "reduce",
        {"mode": 3, "axis": 2, "epsilon": 30.0},
        np.log(X + 30).sum(0, keepdims=True),
    ),
    "reduce_argmax": ("reduce", {"mode": 9, "axis": 4}, X.argmax(2, keepdims=True)),
    "upsample": ("upsample", {"scalingFactor": [2, 3]}, X.repeat(2, 1).repeat(3, 2)),
    "add_number": ("add", {"alpha": 2.5}, X + 2.5),
    "multiply_number": ("multiply", {"alpha": 2.5}, X * 2.5),
    "depth_to_space": (
        "reorganizeData",
        {"mode": 1, "blockSize": 2},
        X.reshape(2, 2, 1, 5, 6).transpose(2, 3, 0, 4, 1).reshape(1, 10, 12),
    ),
}


@pytest.mark.parametrize("case", LEGACY)
def test_layer_of_old(case: str, tmp_path: Path) -> None:
    kind, fields, expected = LEGACY[case]
    y = one(tmp_path, kind, (4, 5, 6), X, **fields)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "mode"), [("constant", "constant"), ("reflection", "reflect"), ("replication", "edge")]
)
def test_padding_and_crop(kind: str, mode: str, tmp_path: Path) -> None:
    maker = Maker().array("x", 4, 5, 6).output("y").output("z")
    params = maker.layer("padding", "x", "y", **{kind: {"value": 0.5} if kind == "constant" else {}})
    edges(params.paddingAmounts, 2, 1, 0, 3)
    edges(maker.layer("crop", "y", "z").cropAmounts, 2, 1, 0, 3)
    options = {"constant_values": 0.5} if kind == "constant" else {}
    found = maker.run(tmp_path, x=X)
    np.testing.assert_array_equal(found["y"], np.pad(X, [(0, 0), (2, 1), (0, 3)], mode=mode, **options))
    np.testing.assert_array_equal(found["z"], X)


def test_several_inputs(tmp_path: Path) -> None:
    a, b, c = normal(2, 3, 3), normal(2, 3, 3), normal(2, 3, 3)
    maker = Maker().array("a", 2, 3, 3).array("b", 2, 3, 3).array("c", 2, 3, 3)
    kinds = ("add", "multiply", "average", "max", "min", "concat")
    for kind in kinds:
        maker.layer(kind, "a b c", kind)
        maker.output(kind)
    maker.layer("flatten", "a", "fa")
    maker.layer("flatten", "b", "fb")
    maker.output("dot").layer("dot", "fa fb", "dot")
    maker.output("cosine").layer("dot", "fa fb", "cosine", cosineSimilarity=True)
    maker.output("halves").layer("split", "a", "h0 halves", nOutputs=2)
    maker.output("constant").layer(
        "loadConstant", "", "constant", shape=[1, 2, 2], data=np.float32([1, 2, 3, 4])
    )
    found = maker.run(tmp_path, a=a, b=b, c=c)
    dot = (a * b).sum()
    expected = {
        "add": a + b + c,
        "multiply": a * b * c,
        "average": (a + b + c) / 3,
        "max": np.maximum(np.maximum(a, b), c),
        "min": np.minimum(np.minimum(a, b), c),
        "concat": np.concatenate([a, b, c]),
        "dot": [dot],
        "cosine": [dot / math.sqrt((a**2).sum() * (b**2).sum())],
        "halves": a[1:],
        "constant": [[[1, 2], [3, 4]]],
    }
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6, err_msg=name)


def test_embedding(tmp_path: Path) -> None:
    table, bias = normal(3, 10), normal(3)
    y = one(
        tmp_path, "embedding", (1,), np.float32([7]), inputDim=10, outputChannels=3,
        weights=table, hasBias=True, bias=bias,
    )  # fmt: skip
    np.testing.assert_allclose(y, table[:, 7] + bias, rtol=1e-6)


# --- layers that came later, on exact shapes ----------------------------------------------------------


E1 = np.random.default_rng(5).normal(size=(2, 3, 4)).astype(np.float32)
W42 = np.random.default_rng(6).normal(size=(2, 4)).astype(np.float32)
EXACT: dict[str, tuple[str, dict[str, Any], np.ndarray]] = {
    "softmaxND": ("softmaxND", {"axis": 1}, np.exp(E1) / np.exp(E1).sum(1, keepdims=True)),
    "flattenTo2D": ("flattenTo2D", {"axis": 2}, E1.reshape(6, 4)),
    "reshapeStatic": ("reshapeStatic", {"targetShape": [4, -1]}, E1.reshape(4, 6)),
    "rankPreserving": ("rankPreservingReshape", {"targetShape": [4, 0, -1]}, E1.reshape(4, 3, 2)),
    "squeeze": ("squeeze", {"squeezeAll": True}, E1),
    "expandDims": ("expandDims", {"axes": [0, -1]}, E1[None, ..., None]),
    "transpose": ("transpose", {"axes": [2, 0, 1]}, E1.transpose(2, 0, 1)),
    "clip": ("clip", {"minVal": -0.5, "maxVal": 0.25}, np.clip(E1, -0.5, 0.25)),
    "sliceStatic": (
        "sliceStatic",
        {
            "beginIds": [0, 1, -1],
            "beginMasks": [True, False, False],
            "endIds": [0, 3, 0],
            "endMasks": [True, False, True],
            "strides": [1, 1, -2],
            "squeezeMasks": [False] * 3,
        },
        E1[:, 1:3, -1::-2],
    ),
    "constantPad": (
        "constantPad",
        {"value": 2.0, "padAmounts": [0, 0, 1, 0, 2, 3]},
        np.pad(E1, [(0, 0), (1, 0), (2, 3)], constant_values=2),
    ),
    "batchedMatmul": (
        "batchedMatmul",
        {
            "weightMatrixFirstDimension": 4,
            "weightMatrixSecondDimension": 2,
            "weights": W42,
            "hasBias": True,
            "bias": np.float32([1, 2]),
        },
        E1 @ W42.T + [1, 2],
    ),
    "inner_product": ("innerProduct", {"inputChannels": 4, "outputChannels": 2, "weights": W42}, E1 @ W42.T),
    "reduceMean": ("reduceMean", {"axes": [-1], "keepDims": True}, E1.mean(-1, keepdims=True)),
    "reduceAll": ("reduceMax", {"reduceAll": True}, np.asarray([E1.max()])),
    "reduceLogSum": ("reduceSumSquare", {"axes": [0, 1]}, (E1**2).sum((0, 1))),
    "argMax": ("argMax", {"axis": 1, "removeDim": True}, E1.argmax(1)),
    "layerNormalization": (
        "layerNormalization",
        {"normalizedShape": [4], "eps": 0.1, "gamma": W42[0], "beta": W42[1]},
        W42[0] * (E1 - E1.mean(-1, keepdims=True)) / np.sqrt(E1.var(-1, keepdims=True) + 0.1) + W42[1],
    ),
    "greaterThan": ("greaterThan", {"alpha": 0.1}, (E1 > 0.1).astype(np.float32)),
    "clampedReLU": (
        "clampedReLU",
        {"alpha": 0.5, "beta": 0.3},
        np.minimum(np.where(E1 >= 0, E1, 0.5 * E1), 0.3),
    ),
    "resizeBilinear": (
        "resizeBilinear",
        {"targetSize": [5, 4], "mode": {"samplingMethod": 0}},
        np.stack(
            [
                E1[:, math.floor(i / 2)] * (1 - i % 2 / 2) + E1[:, math.ceil(i / 2)] * (i % 2 / 2)
                for i in range(5)
            ],
            1,
        ),
    ),
    "tile": ("tile", {"reps": [1, 2, 3]}, np.tile(E1, (1, 2, 3))),
    "reverse": ("reverse", {"reverseDim": [True, False, True]}, E1[::-1, :, ::-1]),
}


@pytest.mark.parametrize("case", EXACT)
def test_layer_with_exact_shapes(case: str, tmp_path: Path) -> None:
    kind, fields, expected = EXACT[case]
    y = exactly(tmp_path, kind, E1, **fields)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


def test_embedding_nd_and_gather(tmp_path: Path) -> None:
    table = normal(3, 10)
    words = np.float32([[4], [9], [0]])
    y = exactly(tmp_path, "embeddingND", words, vocabSize=10, embeddingSize=3, weights=table)
    np.testing.assert_allclose(y, table.T[[4, 9, 0]])


# --- recurrent layers --------------------------------------------------------------------------------

GATES = ("inputGate", "forgetGate", "blockInput", "outputGate")


def lstm_weights(hidden: int, size: int) -> dict[str, Any]:
    weights: dict[str, Any] = {}
    for gate in GATES:
        weights[f"{gate}WeightMatrix"] = normal(hidden, size)
        weights[f"{gate}RecursionMatrix"] = normal(hidden, hidden)
        weights[f"{gate}BiasVector"] = normal(hidden)
    return weights


def lstm(x: np.ndarray, w: dict[str, Any], forget: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    h = c = np.zeros(5)
    steps = []
    for step in x:
        i, f, z, o = (
            w[f"{gate}WeightMatrix"] @ step + w[f"{gate}RecursionMatrix"] @ h + w[f"{gate}BiasVector"]
            for gate in GATES
        )
        c = sigmoid(f + forget) * c + sigmoid(i) * np.tanh(z)
        h = sigmoid(o) * np.tanh(c)
        steps.append(h)
    return np.stack(steps), c


def activations(params: Any, field: str, *kinds: str) -> None:
    for kind in kinds:
        getattr(getattr(params, field).add(), kind).SetInParent()


def sequence(maker: Maker, x: np.ndarray) -> Maker:
    return maker.array("x", *x.shape, 1, 1)


@pytest.mark.parametrize("whole", [True, False])
def test_lstm(whole: bool, tmp_path: Path) -> None:
    x, weights = normal(4, 1, 3), lstm_weights(5, 3)
    maker = sequence(Maker(version=4, exact=True), x).output("y").output("c")
    params = maker.layer(
        "uniDirectionalLSTM", "x", "y h c", inputVectorSize=3, outputVectorSize=5, weightParams=weights,
        params={"sequenceOutput": whole, "hasBiasVectors": True, "forgetBias": True},
    )  # fmt: skip
    activations(params, "activations", "sigmoid", "tanh", "tanh")
    found = maker.run(tmp_path, x=x[..., None, None])
    steps, cell = lstm(x[:, 0], weights, forget=1.0)
    expected = steps if whole else steps[-1:]
    np.testing.assert_allclose(found["y"][:, 0, :, 0, 0], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["c"].reshape(-1), cell, rtol=1e-4, atol=1e-5)


def test_bidirectional_lstm(tmp_path: Path) -> None:
    x, there, back = normal(4, 1, 3), lstm_weights(5, 3), lstm_weights(5, 3)
    maker = sequence(Maker(version=4, exact=True), x).output("y")
    params = maker.layer(
        "biDirectionalLSTM", "x", "y h c hb cb", inputVectorSize=3, outputVectorSize=5,
        params={"sequenceOutput": True, "hasBiasVectors": True},
    )  # fmt: skip
    for weights in (there, back):
        fill(params.weightParams.add(), weights)
    activations(params, "activationsForwardLSTM", "sigmoid", "tanh", "tanh")
    activations(params, "activationsBackwardLSTM", "sigmoid", "tanh", "tanh")
    expected = np.concatenate([lstm(x[:, 0], there)[0], lstm(x[::-1, 0], back)[0][::-1]], 1)
    found = maker.run(tmp_path, x=x[..., None, None])["y"]
    np.testing.assert_allclose(found[:, 0, :, 0, 0], expected, rtol=1e-4, atol=1e-5)


def test_gru(tmp_path: Path) -> None:
    x = normal(4, 1, 3)
    w = {
        f"{gate}Gate{part}": normal(5, *size)
        for gate in ("update", "reset", "output")
        for part, size in (("WeightMatrix", (3,)), ("RecursionMatrix", (5,)), ("BiasVector", ()))
    }
    maker = sequence(Maker(version=4, exact=True), x).output("y")
    params = maker.layer(
        "gru",
        "x",
        "y h",
        inputVectorSize=3,
        outputVectorSize=5,
        sequenceOutput=True,
        hasBiasVectors=True,
        **w,
    )
    activations(params, "activations", "sigmoid", "tanh")

    def gate(name: str, step: np.ndarray, state: np.ndarray) -> np.ndarray:
        return (
            w[f"{name}GateWeightMatrix"] @ step
            + w[f"{name}GateRecursionMatrix"] @ state
            + w[f"{name}GateBiasVector"]
        )

    h, steps = np.zeros(5), []
    for step in x[:, 0]:
        z, r = sigmoid(gate("update", step, h)), sigmoid(gate("reset", step, h))
        h = (1 - z) * np.tanh(gate("output", step, h * r)) + z * h
        steps.append(h)
    found = maker.run(tmp_path, x=x[..., None, None])["y"]
    np.testing.assert_allclose(found[:, 0, :, 0, 0], np.stack(steps), rtol=1e-4, atol=1e-5)


def test_simple_recurrent_with_parametric_activation(tmp_path: Path) -> None:
    x, w, r, b = normal(3, 1, 4), normal(2, 4), normal(2, 2), normal(2)
    maker = sequence(Maker(version=4, exact=True), x).output("y")
    maker.layer(
        "simpleRecurrent", "x", "y h", inputVectorSize=4, outputVectorSize=2, sequenceOutput=False,
        hasBiasVector=True, weightMatrix=w, recursionMatrix=r, biasVector=b,
        activation={"sigmoidHard": {"alpha": 0.2, "beta": 0.5}},
    )  # fmt: skip
    h = np.zeros(2)
    for step in x[:, 0]:
        h = np.clip(0.2 * (w @ step + r @ h + b) + 0.5, 0, 1)
    found = maker.run(tmp_path, x=x[..., None, None])["y"]
    np.testing.assert_allclose(found.reshape(-1), h, rtol=1e-5, atol=1e-6)


def test_states_of_a_recurrent_layer_may_be_left_out(tmp_path: Path) -> None:
    x, weights = normal(1, 1, 3), lstm_weights(5, 3)
    maker = sequence(Maker(version=4, exact=True), x).array("h0", 1, 1, 5, 1, 1).array("c0", 1, 1, 5, 1, 1)
    for feature in maker.model.description.input[1:]:
        feature.type.isOptional = True
    params = maker.output("y").layer(
        "uniDirectionalLSTM", "x h0 c0", "y h c", inputVectorSize=3, outputVectorSize=5, weightParams=weights,
        params={"hasBiasVectors": True},
    )  # fmt: skip
    activations(params, "activations", "sigmoid", "tanh", "tanh")
    first = maker.run(tmp_path, x=x[..., None, None])["y"]
    np.testing.assert_allclose(first.reshape(-1), lstm(x[:, 0], weights)[0][0], rtol=1e-4, atol=1e-5)
    other = maker.run(tmp_path, x=x[..., None, None], h0=np.ones((1, 1, 5, 1, 1)))["y"]
    assert np.abs(first - other).max() > 1e-3


# --- images and labels ---------------------------------------------------------------------------------


def image_network(color: int, *, name: str = "") -> Maker:
    """Ends in the mean of each colour plane, in the network's own order of colours."""
    maker = Maker().image("photo", 4, 5, color).output("y")
    maker.layer("pooling", "photo", "y", type=1, globalPooling=True)
    step = maker.network.preprocessing.add(featureName=name)
    fill(
        step.scaler, {"channelScale": 0.5, "redBias": 1.0, "greenBias": 2.0, "blueBias": 3.0, "grayBias": 4.0}
    )
    return maker


@pytest.mark.parametrize("name", ["", "photo"])
@pytest.mark.parametrize("color", [GRAYSCALE, RGB, BGR])
def test_preprocessing(color: int, name: str, tmp_path: Path) -> None:
    image = RNG.integers(0, 256, (4, 5, 1 if color == GRAYSCALE else 3)).astype(np.uint8)
    means = image.mean((0, 1)) / 2 + ([4.0] if color == GRAYSCALE else [1.0, 2.0, 3.0])
    found = image_network(color, name=name).run(tmp_path, photo=image)["y"]
    np.testing.assert_allclose(found, means[::-1] if color == BGR else means, rtol=1e-5)


def test_preprocessing_of_another_input_is_not_applied(tmp_path: Path) -> None:
    image = RNG.integers(0, 256, (4, 5, 3)).astype(np.uint8)
    found = image_network(RGB, name="other").run(tmp_path, photo=image)["y"]
    np.testing.assert_allclose(found, image.mean((0, 1)), rtol=1e-5)


def test_mean_image(tmp_path: Path) -> None:
    image, mean = RNG.integers(0, 256, (4, 5, 3)), np.arange(60, dtype=np.float32)
    maker = Maker().image("photo", 4, 5, BGR).output("y", 3, 4, 5)
    maker.layer("activation", "photo", "y", linear={"alpha": 1.0})
    maker.network.preprocessing.add().meanImage.meanImage.extend(mean.tolist())
    found = maker.run(tmp_path, photo=image)["y"]
    np.testing.assert_array_equal(found, image[..., ::-1].transpose(2, 0, 1) - mean.reshape(3, 4, 5))


def classifier(*labels: Any) -> Maker:
    maker = Maker("neuralNetworkClassifier").array("x", 3)
    maker.layer("softmax", "x", "loss")
    return maker.labels("scores", *labels)


@pytest.mark.parametrize("named", [True, False])
def test_classifier_with_integer_labels(named: bool, tmp_path: Path) -> None:
    maker = classifier(10, 20, 30)
    maker.network.labelProbabilityLayerName = "loss" if named else ""
    runtime = load(maker.save(tmp_path))
    x = np.float32([1, 2, 3])
    assert runtime.labels == ("10", "20", "30")
    assert runtime.description.labels == (10, 20, 30)
    np.testing.assert_allclose(runtime.run({"x": x})["scores"], np.exp(x) / np.exp(x).sum(), rtol=1e-5)
    assert runtime.outputs(np.stack([x, x])).shape == (2, 3)


def test_label_count(tmp_path: Path) -> None:
    with pytest.raises(CoreMLFileError, match="expected 3 labels, one per probability, found 2"):
        load(classifier("a", "b").save(tmp_path))


# --- kinds of weights -----------------------------------------------------------------------------------


def product(folder: Path, **weights: Any) -> np.ndarray:
    """The weights (3, 5) of an inner product, recovered by feeding it the unit vectors."""
    maker = Maker().array("x", 5).output("y", 3)
    params = maker.layer("innerProduct", "x", "y", inputChannels=5, outputChannels=3)
    fill(params.weights, weights)
    return load(maker.save(folder)).outputs(np.eye(5)).T


def packed(codes: np.ndarray, bits: int) -> bytes:
    """Every code from its highest bit on, one after the other."""
    text = "".join(format(int(code), f"0{bits}b") for code in codes.reshape(-1))
    text += "0" * (-len(text) % 8)
    return bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8))


def test_half_precision_weights(tmp_path: Path) -> None:
    weight = normal(3, 5).astype(np.float16)
    found = product(tmp_path, float16Value=weight.tobytes())
    np.testing.assert_array_equal(found, weight.astype(np.float32))


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("channels", [1, 3])
def test_linearly_quantized_weights(bits: int, channels: int, tmp_path: Path) -> None:
    codes = RNG.integers(0, 2**bits, (3, 5))
    scale, bias = normal(channels), normal(channels)
    found = product(
        tmp_path,
        rawValue=packed(codes, bits),
        quantization={
            "numberOfBits": bits,
            "linearQuantization": {"scale": scale.tolist(), "bias": bias.tolist()},
        },
    )
    np.testing.assert_allclose(
        found, codes * scale.reshape(-1, 1) + bias.reshape(-1, 1), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("bits", [1, 3, 4, 8])
def test_weights_from_a_table(bits: int, tmp_path: Path) -> None:
    codes, table = RNG.integers(0, 2**bits, (3, 5)), normal(2**bits)
    found = product(
        tmp_path,
        rawValue=packed(codes, bits),
        quantization={"numberOfBits": bits, "lookupTableQuantization": {"floatValue": table.tolist()}},
    )
    np.testing.assert_allclose(found, table[codes], rtol=1e-6)


@pytest.mark.parametrize(
    "weights",
    [
        {"floatValue": [1.0] * 14},
        {"float16Value": b"\0" * 31},
        {"rawValue": b"\0" * 3, "quantization": {"numberOfBits": 4, "linearQuantization": {"scale": [1.0]}}},
        {"rawValue": b"\0" * 15, "quantization": {"numberOfBits": 9, "linearQuantization": {"scale": [1.0]}}},
        {
            "rawValue": b"\0" * 15,
            "quantization": {"numberOfBits": 8, "linearQuantization": {"scale": [1.0, 2.0]}},
        },
        {
            "rawValue": b"\1" * 8,
            "quantization": {"numberOfBits": 4, "lookupTableQuantization": {"floatValue": [1.0]}},
        },
    ],
)
def test_weights_that_do_not_fit(weights: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(CoreMLFileError, match=r"made\.mlmodel: the layer 'y' \(innerProduct\): .*expected"):
        product(tmp_path, **weights)


# --- what cannot be run ------------------------------------------------------------------------------------


def test_layers_that_cannot_be_run_are_named(tmp_path: Path) -> None:
    maker = Maker().array("x", 3).output("y")
    maker.layer("custom", "x", "y", className="Mine")
    with pytest.raises(UnsupportedModelError, match=r"the layer 'y' \(custom\) cannot be run here"):
        load(maker.save(tmp_path))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("innerProduct", {"inputChannels": 2**40, "outputChannels": 2**20}),
        ("convolution", {"outputChannels": 2**62, "kernelChannels": 3}),
        ("tile", {"reps": [2**40]}),
        ("upsample", {"scalingFactor": [2**40, 2]}),
        ("fillStatic", {"targetShape": [2**30, 2**30]}),
        ("reshapeStatic", {"targetShape": [-1, -1]}),
        ("reshape", {"targetShape": [0, -1, 7]}),
        ("softmaxND", {"axis": 9}),
        ("transpose", {"axes": [0, 0, 7]}),
        ("concatND", {"axis": -8}),
        ("slice", {"stride": 0, "axis": 7}),
        ("pooling", {"kernelSize": [0, 0]}),
        ("pooling", {"kernelSize": [99, 99], "valid": {}}),
        ("splitND", {"axis": 0, "numSplits": 2**40}),
        ("gather", {}),
        ("uniDirectionalLSTM", {}),
        ("lrn", {}),
    ],
)
def test_nonsense_is_refused(kind: str, fields: dict[str, Any], tmp_path: Path) -> None:
    maker = Maker().array("x", 3, 4, 5).output("y")
    maker.layer(kind, "x", "y", **fields)
    with pytest.raises(CoreMLFileError, match=f"made.mlmodel: .*{kind}"):
        load(maker.save(tmp_path))


def test_connections_that_lead_nowhere(tmp_path: Path) -> None:
    maker = Maker().array("x", 3).output("y")
    maker.layer("activation", "absent", "y", ReLU={})
    with pytest.raises(CoreMLFileError, match="no layer computes the input 'absent'"):
        load(maker.save(tmp_path))
    maker = Maker().array("x", 3).output("nothing")
    with pytest.raises(CoreMLFileError, match="no layer computes the output 'nothing'"):
        load(maker.save(tmp_path))
