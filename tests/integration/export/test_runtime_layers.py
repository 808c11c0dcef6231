"""Every way in which the common layers of neural networks behave, by `NeuralNetwork.proto`, against numpy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from networks import BGR, GRAYSCALE, RNG, Maker, edges, exactly, fill, load, normal, one
from quickml.errors import CoreMLFileError, UnsupportedModelError

HEAVY = {"bottom_right": 0, "top_left": 1}


def close(found: np.ndarray, expected: Any) -> None:
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


# --- pooling --------------------------------------------------------------------------------------------


def pooled(
    x: np.ndarray,
    kind: int,
    before: tuple[int, int],
    counted: tuple[int, int],
    out: tuple[int, int],
    exclude: bool,
) -> np.ndarray:
    """(C, H, W) under a kernel of (3, 2) that moves by (2, 2), one window after the other.

    An average counts what lies in the picture, and the padding before it and `counted` after it unless that is
    excluded.
    """  # fmt: skip
    kernel, (channels, height, width) = (3, 2), x.shape
    y = np.zeros((channels, *out))
    for i, j in itertools.product(*map(range, out)):
        top, left = 2 * i - before[0], 2 * j - before[1]
        rows = slice(max(0, top), min(height, top + kernel[0]))
        columns = slice(max(0, left), min(width, left + kernel[1]))
        seen = x[:, rows, columns].reshape(channels, -1)
        size = seen.shape[1]
        if not exclude:
            last = min(height + counted[0], top + kernel[0]), min(width + counted[1], left + kernel[1])
            size = (last[0] - top) * (last[1] - left)
        y[:, i, j] = [seen.max(1), seen.sum(1) / size, np.sqrt((seen**2).sum(1))][kind]
    return y


# name: (fields, padding before, padding after that an average counts, output size) of a (C, 6, 5) picture
PADDINGS: dict[str, tuple[dict[str, Any], tuple[int, int], tuple[int, int], tuple[int, int]]] = {
    "valid": ({"valid": {}}, (0, 0), (0, 0), (2, 2)),
    "same_bottom_right": ({"same": {"asymmetryMode": 0}}, (0, 0), (1, 1), (3, 3)),
    "same_top_left": ({"same": {"asymmetryMode": 1}}, (1, 1), (0, 0), (3, 3)),
    # ceil((6 - 3) / 2) + 1 = 3 and ceil((5 - 2) / 2) + 1 = 3: the last windows reach one beyond the edge.
    "last_pixel": ({"includeLastPixel": {}}, (0, 0), (0, 0), (3, 3)),
    # ceil((8 - 3) / 2) + 1 = 4, and ceil((7 - 2) / 2) + 1 = 4, less the window that starts beyond the picture.
    "last_pixel_padded": ({"includeLastPixel": {"paddingAmounts": [1, 1]}}, (1, 1), (1, 1), (4, 3)),
}  # fmt: skip


@pytest.mark.parametrize("exclude", [False, True])
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_pooling(kind: int, padding: str, exclude: bool, tmp_path: Path) -> None:
    fields, before, counted, out = PADDINGS[padding]
    x = normal(2, 6, 5)
    y = one(
        tmp_path, "pooling", x.shape, x, type=kind, kernelSize=[3, 2], stride=[2, 2],
        avgPoolExcludePadding=exclude, **fields,
    )  # fmt: skip
    close(y, pooled(x, kind, before, counted, out, exclude))


@pytest.mark.parametrize("exclude", [False, True])
def test_pooling_with_borders(exclude: bool, tmp_path: Path) -> None:
    x = normal(2, 6, 5)
    maker = Maker().array("x", 2, 6, 5).output("y")
    params = maker.layer(
        "pooling", "x", "y", type=1, kernelSize=[3, 2], stride=[2, 2], valid={}, avgPoolExcludePadding=exclude
    )
    edges(params.valid.paddingAmounts, 2, 1, 1, 0)
    close(maker.run(tmp_path, x=x)["y"], pooled(x, 1, (2, 1), (1, 0), (4, 3), exclude))


# --- convolution ----------------------------------------------------------------------------------------


def convolved(
    x: np.ndarray, weight: np.ndarray, *, stride=(1, 1), dilation=(1, 1), pads=((0, 0), (0, 0)), groups=1
) -> np.ndarray:
    """(C, H, W) with (C_out, C / groups, h, w), one number after the other."""
    x = np.pad(x.astype(np.float64), [(0, 0), *pads])
    kernel = weight.shape[2:]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    out = [(n - r) // s + 1 for n, r, s in zip(x.shape[1:], reach, stride, strict=True)]
    y = np.zeros((len(weight), *out))
    size = weight.shape[1]
    for o, i, j in itertools.product(range(len(weight)), *map(range, out)):
        first = o // (len(weight) // groups) * size
        rows = slice(i * stride[0], i * stride[0] + reach[0], dilation[0])
        columns = slice(j * stride[1], j * stride[1] + reach[1], dilation[1])
        y[o, i, j] = (x[first : first + size, rows, columns] * weight[o]).sum()
    return y


CONVOLUTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "groups": ({"nGroups": 2, "valid": {}}, {"groups": 2}),
    "depthwise": ({"nGroups": 4, "valid": {}, "stride": [1, 2]}, {"groups": 4, "stride": (1, 2)}),
    "dilated": ({"dilationFactor": [2, 3], "valid": {}}, {"dilation": (2, 3)}),
    # (7 - 1) * 1 + 5 - 7 = 4 and (8 - 1) * 1 + 7 - 8 = 6
    "dilated_same": ({"dilationFactor": [2, 3], "same": {}}, {"dilation": (2, 3), "pads": ((2, 2), (3, 3))}),
    # (4 - 1) * 2 + 3 - 7 = 2 and (3 - 1) * 3 + 3 - 8 = 1
    "same_top_left": (
        {"stride": [2, 3], "same": {"asymmetryMode": 1}},
        {"stride": (2, 3), "pads": ((1, 1), (1, 0))},
    ),
}


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution(case: str, tmp_path: Path) -> None:
    fields, options = CONVOLUTIONS[case]
    groups = options.get("groups", 1)
    x, weight, bias = normal(4, 7, 8), normal(8, 4 // groups, 3, 3), normal(8)
    y = one(
        tmp_path, "convolution", x.shape, x, outputChannels=8, kernelChannels=4 // groups, kernelSize=[3, 3],
        hasBias=True, weights=weight, bias=bias, **fields,
    )  # fmt: skip
    close(y, convolved(x, weight, **options) + bias.reshape(-1, 1, 1))


def test_a_convolution_whose_kernels_are_computed(tmp_path: Path) -> None:
    x, weight = normal(1, 2, 5, 5), normal(3, 2, 2, 2)
    maker = Maker(version=4, exact=True).array("x", *x.shape).array("w", *weight.shape).output("y")
    maker.layer("convolution", "x w", "y", outputChannels=3, kernelChannels=2, kernelSize=[2, 2], valid={})
    close(maker.run(tmp_path, x=x, w=weight)["y"][0], convolved(x[0], weight))
    with pytest.raises(CoreMLFileError, match=r"kernels: expected the shape .*, found \(3, 2, 2, 2\)"):
        maker.network.layers[0].convolution.outputChannels = 4
        maker.run(tmp_path, x=x, w=weight)


def deconvolved(x: np.ndarray, weight: np.ndarray, groups: int) -> np.ndarray:
    """(C, H, W) with (C, C_out / groups, h, w), by strides of 2: every input scattered over its window."""
    kh, kw = weight.shape[2:]
    outs, size = weight.shape[1], len(x) // groups
    y = np.zeros((outs * groups, (x.shape[1] - 1) * 2 + kh, (x.shape[2] - 1) * 2 + kw))
    for c, i, j in itertools.product(*map(range, x.shape)):
        first = c // size * outs
        y[first : first + outs, 2 * i : 2 * i + kh, 2 * j : 2 * j + kw] += x[c, i, j] * weight[c]
    return y


# name: (fields, what is cut away at the top, bottom, left, right) of a picture that reaches 9 by 12
DECONVOLUTIONS: dict[str, tuple[dict[str, Any], tuple[int, int, int, int]]] = {
    "valid": ({"valid": {}}, (0, 0, 0, 0)),
    "groups": ({"valid": {}, "nGroups": 2}, (0, 0, 0, 0)),
    "depthwise": ({"valid": {}, "nGroups": 4}, (0, 0, 0, 0)),
    "same": ({"same": {}}, (0, 1, 1, 1)),
    "same_top_left": ({"same": {"asymmetryMode": 1}}, (1, 0, 1, 1)),
    "to_a_shape": ({"valid": {}, "outputShape": [7, 11]}, (1, 1, 0, 1)),
    "dilation_is_ignored": ({"valid": {}, "dilationFactor": [2, 2]}, (0, 0, 0, 0)),
}


@pytest.mark.parametrize("case", DECONVOLUTIONS)
def test_deconvolution(case: str, tmp_path: Path) -> None:
    fields, (top, bottom, left, right) = DECONVOLUTIONS[case]
    groups = fields.get("nGroups", 1)
    x, weight, bias = normal(4, 4, 5), normal(4, 8 // groups, 3, 4), normal(8)
    y = one(
        tmp_path, "convolution", x.shape, x, isDeconvolution=True, outputChannels=8, kernelChannels=4,
        kernelSize=[3, 4], stride=[2, 2], hasBias=True, weights=weight, bias=bias, **fields,
    )  # fmt: skip
    full = deconvolved(x, weight, groups)
    close(y, full[:, top : 9 - bottom, left : 12 - right] + bias.reshape(-1, 1, 1))


def test_a_deconvolution_with_borders(tmp_path: Path) -> None:
    x, weight = normal(4, 4, 5), normal(4, 8, 3, 4)
    maker = Maker().array("x", 4, 4, 5).output("y")
    params = maker.layer(
        "convolution", "x", "y", isDeconvolution=True, outputChannels=8, kernelChannels=4, kernelSize=[3, 4],
        stride=[2, 2], weights=weight, valid={},
    )  # fmt: skip
    edges(params.valid.paddingAmounts, 2, 0, 1, 3)
    close(maker.run(tmp_path, x=x)["y"], deconvolved(x, weight, 1)[:, 2:, 1:-3])


# --- resizing -------------------------------------------------------------------------------------------


def interpolated(x: np.ndarray, rows: list[float], columns: list[float]) -> np.ndarray:
    for axis, wanted in ((1, rows), (2, columns)):
        places = np.clip(wanted, 0, x.shape[axis] - 1)
        low = np.floor(places).astype(int)
        high = np.minimum(low + 1, x.shape[axis] - 1)
        part = (places - low).reshape([-1 if at == axis else 1 for at in range(3)])
        x = np.take(x, low, axis) * (1 - part) + np.take(x, high, axis) * part
    return x


@pytest.mark.parametrize(
    ("mode", "rows", "columns"),
    [
        (0, [i / 2 for i in range(6)], [i / 3 for i in range(12)]),
        (1, [i * 2 / 5 for i in range(6)], [i * 3 / 11 for i in range(12)]),
        (2, [i / 2 + 1 / 4 - 1 / 2 for i in range(6)], [i / 3 + 1 / 6 - 1 / 2 for i in range(12)]),
    ],
)
def test_bilinear_upsampling(mode: int, rows: list[float], columns: list[float], tmp_path: Path) -> None:
    x = normal(2, 3, 4)
    y = one(tmp_path, "upsample", x.shape, x, scalingFactor=[2, 3], mode=1, linearUpsampleMode=mode)
    close(y, interpolated(x, rows, columns))


def test_upsampling_by_parts(tmp_path: Path) -> None:
    x = normal(2, 4, 4)
    y = one(tmp_path, "upsample", x.shape, x, fractionalScalingFactor=[1.5, 0.5])
    close(y, x[:, [0, 0, 1, 2, 2, 3]][:, :, [0, 2]])


@pytest.mark.parametrize(
    ("mode", "places"), [(0, [0, 1.5, 3]), (1, [0, 1.5, 3]), (2, [0, 4 / 3, 8 / 3]), (3, [0.5, 1.5, 2.5])]
)
def test_resizing(mode: int, places: list[float], tmp_path: Path) -> None:
    x = normal(2, 4, 4)
    y = one(tmp_path, "resizeBilinear", x.shape, x, targetSize=[3, 3], mode={"samplingMethod": mode})
    close(y, interpolated(x, places, places))


@pytest.mark.parametrize(("mode", "place"), [(0, 0), (1, 1.5)])
def test_resizing_to_one_sample(mode: int, place: float, tmp_path: Path) -> None:
    x = normal(2, 4, 4)
    y = one(tmp_path, "resizeBilinear", x.shape, x, targetSize=[1, 1], mode={"samplingMethod": mode})
    close(y.reshape(2, 1, 1), interpolated(x, [place], [place]))


def test_boxes_of_pictures(tmp_path: Path) -> None:
    """(1, B, C, H, W) and boxes with the number of their picture in front, given in (0, 1)."""
    x = normal(1, 2, 3, 5, 5)
    boxes = np.float32([[1, 0.25, 0, 0.75, 1], [0, 0, 0.5, 0.5, 0.5]]).reshape(2, 1, 5, 1, 1)
    maker = Maker(version=4, exact=True).array("x", *x.shape).array("boxes", *boxes.shape).output("y")
    maker.layer(
        "cropResize", "x boxes", "y", targetSize=[3, 3], normalizedCoordinates=True,
        mode={"samplingMethod": 1},
    )  # fmt: skip
    y = maker.run(tmp_path, x=x, boxes=boxes)["y"]
    assert y.shape == (2, 1, 3, 3, 3)
    close(y[0, 0], interpolated(x[0, 1], [1, 2, 3], [0, 2, 4]))
    close(y[1, 0], interpolated(x[0, 0], [0, 1, 2], [2, 2, 2]))


# --- legacy layers --------------------------------------------------------------------------------------

X = np.random.default_rng(31).normal(size=(4, 5, 6)).astype(np.float32)
REDUCTIONS: dict[int, Callable[[np.ndarray, Any], np.ndarray]] = {
    0: lambda x, axes: x.sum(axes, keepdims=True),
    1: lambda x, axes: x.mean(axes, keepdims=True),
    2: lambda x, axes: x.prod(axes, keepdims=True),
    3: lambda x, axes: np.log(x + 1e-6).sum(axes, keepdims=True),
    4: lambda x, axes: (x**2).sum(axes, keepdims=True),
    5: lambda x, axes: np.abs(x).sum(axes, keepdims=True),
    6: lambda x, axes: np.sqrt((x**2).sum(axes, keepdims=True)),
    7: lambda x, axes: x.max(axes, keepdims=True),
    8: lambda x, axes: x.min(axes, keepdims=True),
}


@pytest.mark.parametrize("axis", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("mode", REDUCTIONS)
def test_reduce(mode: int, axis: int, tmp_path: Path) -> None:
    x = np.abs(X) + np.float32(0.1) if mode in (2, 3) else X
    maker = Maker(version=4, exact=True).array("x", *X.shape).output("y")
    maker.layer("reduce", "x", "y", mode=mode, axis=axis)
    axes = ((0, 1, 2), (1, 2), 0, 1, 2)[axis]
    close(maker.run(tmp_path, x=x)["y"], REDUCTIONS[mode](x.astype(np.float64), axes))


SHAPES = {"[1]": (1,), "[C]": (4,), "[1, H, W]": (1, 5, 6), "[C, H, W]": (4, 5, 6)}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_scale_and_bias_of_every_shape(shape: tuple[int, ...], tmp_path: Path) -> None:
    factor, shift = normal(*shape), normal(*shape)
    wide = [values.reshape(-1, 1, 1) if len(shape) == 1 else values for values in (factor, shift)]
    y = one(
        tmp_path, "scale", X.shape, X, shapeScale=shape, scale=factor, hasBias=True, shapeBias=shape,
        bias=shift,
    )  # fmt: skip
    close(y, X * wide[0] + wide[1])
    close(one(tmp_path, "bias", X.shape, X, shape=shape, bias=shift), X + wide[1])


@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 1, 1), (1, 5, 6)])
def test_add_and_multiply_broadcast(shape: tuple[int, ...], tmp_path: Path) -> None:
    other = normal(*shape)
    maker = Maker().array("x", *X.shape).array("other", *shape).output("sum").output("product")
    maker.layer("add", "x other", "sum")
    maker.layer("multiply", "x other", "product")
    found = maker.run(tmp_path, x=X, other=other)
    close(found["sum"], X + other)
    close(found["product"], X * other)


def test_batchnorm_with_the_statistics_of_the_batch(tmp_path: Path) -> None:
    """Over the pictures of the batch and over space, unlike instance normalization."""
    x = normal(3, 4, 5, 6)
    fields = {"channels": 4, "computeMeanVar": True, "epsilon": 0.1, "gamma": normal(4), "beta": normal(4)}
    y = exactly(tmp_path, "batchnorm", x, **fields)
    gamma, beta = (fields[name].reshape(-1, 1, 1) for name in ("gamma", "beta"))
    axes = (0, 2, 3)
    expected = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 0.1)
    close(y, gamma * expected + beta)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"axis": 0, "startIndex": 1, "endIndex": 3}, X[1:3]),
        ({"axis": 1, "startIndex": -4, "endIndex": -1, "stride": 2}, X[:, -4:-1:2]),
        ({"axis": 2, "startIndex": 0, "endIndex": 6, "stride": 4}, X[:, :, ::4]),
    ],
)
def test_slice(fields: dict[str, Any], expected: np.ndarray, tmp_path: Path) -> None:
    close(one(tmp_path, "slice", X.shape, X, stride=fields.pop("stride", 1), **fields), expected)


def test_crop_to_the_size_of_another_value(tmp_path: Path) -> None:
    like = normal(2, 3, 2)
    maker = Maker().array("x", *X.shape).array("like", *like.shape).output("y")
    maker.layer("crop", "x like", "y", offset=[1, 4])
    close(maker.run(tmp_path, x=X, like=like)["y"], X[:, 1:4, 4:6])


def test_layers_along_the_sequence(tmp_path: Path) -> None:
    x = normal(3, 1, 4, 2, 2)
    maker = Maker().array("x", *x.shape).output("twice").output("thrice").output("moved").output("shaped")
    maker.layer("concat", "x x", "twice", sequenceConcat=True)
    maker.layer("sequenceRepeat", "x", "thrice", nRepetitions=3)
    maker.layer("permute", "x", "moved", axis=[3, 1, 2, 0])
    maker.layer("reshape", "x", "shaped", targetShape=[6, 2, 2, 2])
    found = maker.run(tmp_path, x=x)
    close(found["twice"], np.concatenate([x, x]))
    close(found["thrice"], np.concatenate([x, x, x]))
    close(found["moved"], x.transpose(4, 1, 2, 3, 0))
    close(found["shaped"], x.reshape(6, 1, 2, 2, 2))


@pytest.mark.parametrize(
    ("shape", "result"),
    [((12,), (5,)), ((3, 12), (3, 5)), ((2, 3, 12), (2, 3, 5)), ((3, 2, 2, 3), (3, 5, 1, 1)),
     ((2, 3, 2, 2, 3), (2, 3, 5, 1, 1))],
)  # fmt: skip
def test_inner_product_of_every_rank(shape: tuple[int, ...], result: tuple[int, ...], tmp_path: Path) -> None:
    x, weight, bias = normal(*shape), normal(5, 12), normal(5)
    y = exactly(
        tmp_path, "innerProduct", x, inputChannels=12, outputChannels=5, weights=weight, hasBias=True, bias=bias
    )  # fmt: skip
    close(y, (x.reshape(-1, 12) @ weight.T + bias).reshape(result))


@pytest.mark.parametrize("shape", [(4, 1, 1, 1), (2, 2, 1, 1, 1)])
def test_embedding_of_every_rank(shape: tuple[int, ...], tmp_path: Path) -> None:
    words, table = np.float32([7, 0, 9, 7]), normal(3, 10)
    y = exactly(
        tmp_path, "embedding", words.reshape(shape), inputDim=10, outputChannels=3, weights=table
    )  # fmt: skip
    close(y, table.T[[7, 0, 9, 7]].reshape(*shape[:-3], 3, 1, 1))


# --- layers on exact shapes -----------------------------------------------------------------------------

E = np.random.default_rng(37).normal(size=(2, 3, 4)).astype(np.float32)
F = np.random.default_rng(41).normal(size=(3, 1)).astype(np.float32)
TWO: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "addBroadcastable": np.add,
    "subtractBroadcastable": np.subtract,
    "multiplyBroadcastable": np.multiply,
    "divideBroadcastable": np.divide,
    "floorDivBroadcastable": np.floor_divide,
    "modBroadcastable": np.mod,
    "maxBroadcastable": np.maximum,
    "minBroadcastable": np.minimum,
    "equal": np.equal,
    "notEqual": np.not_equal,
    "lessThan": np.less,
    "lessEqual": np.less_equal,
    "greaterThan": np.greater,
    "greaterEqual": np.greater_equal,
    "logicalAnd": np.logical_and,
    "logicalOr": np.logical_or,
    "logicalXor": np.logical_xor,
}


@pytest.mark.parametrize("kind", TWO)
def test_two_values_broadcast(kind: str, tmp_path: Path) -> None:
    a, b = np.round(E * 2) / 2, np.round(F * 2) / 2
    b[b == 0] = 0.5 if not kind.startswith("logical") else 0.0
    maker = Maker(version=4, exact=True).array("a", *a.shape).array("b", *b.shape).output("y")
    maker.layer(kind, "a b", "y")
    close(maker.run(tmp_path, a=a, b=b)["y"], TWO[kind](a.astype(np.float64), b).astype(np.float64))


def test_the_rest_of_several_values(tmp_path: Path) -> None:
    a, b = E, normal(2, 3, 4)
    maker = Maker(version=4, exact=True).array("a", *a.shape).array("b", *b.shape)
    layers: dict[str, tuple[str, str, dict[str, Any], Any]] = {
        "pow": ("powBroadcastable", "positive b", {}, np.abs(a) ** b),
        "where": ("whereBroadcastable", "truth a b", {}, np.where(a > 0, a, b)),
        "not": ("logicalNot", "truth", {}, a <= 0),
        "joined": ("concatND", "a b", {"axis": 1}, np.concatenate([a, b], 1)),
        "mixed": ("concatND", "a b", {"axis": -1, "interleave": True}, np.stack([a, b], 3).reshape(2, 3, 8)),
        "stacked": ("stack", "a b", {"axis": -2}, np.stack([a, b], 2)),
        "product": ("batchedMatmul", "a b", {"transposeB": True}, a @ b.transpose(0, 2, 1)),
        "product_turned": ("batchedMatmul", "a b", {"transposeA": True}, a.transpose(0, 2, 1) @ b),
        "like": ("reshapeLike", "a turned", {}, a.reshape(4, 3, 2)),
        "spread": ("broadcastToLike", "row a", {}, np.broadcast_to(a[:1], a.shape)),
        "from": ("sliceBySize", "a start", {"axis": 2, "size": 2}, a[:, :, 1:3]),
    }
    maker.layer("unary", "a", "positive", type=6)
    maker.layer("greaterThan", "a", "truth", alpha=0.0)
    maker.layer("transpose", "a", "turned", axes=[2, 1, 0])
    maker.layer("sliceStatic", "a", "row", beginIds=[0] * 3, endIds=[1, 3, 4], strides=[1] * 3,
                beginMasks=[False] * 3, endMasks=[False] * 3, squeezeMasks=[False] * 3)  # fmt: skip
    maker.layer("fillStatic", "", "start", value=1.0, targetShape=[1])
    for name, (kind, inputs, fields, _) in layers.items():
        maker.output(name).layer(kind, inputs, name, **fields)
    found = maker.run(tmp_path, a=a, b=b)
    for name, (*_, expected) in layers.items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, atol=1e-5, err_msg=name)


ELEMENTWISE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "ceil": np.ceil, "floor": np.floor, "round": np.round, "sign": np.sign, "sin": np.sin, "cos": np.cos,
    "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "asinh": np.arcsinh, "atanh": np.arctanh, "exp2": np.exp2, "erf": np.vectorize(math.erf),
}  # fmt: skip


def test_functions_of_each_element(tmp_path: Path) -> None:
    x = np.tanh(E)
    maker = Maker(version=5, exact=True).array("x", *x.shape)
    for kind in ELEMENTWISE:
        maker.output(f"{kind}_").layer(kind, "x", f"{kind}_")
    maker.layer("add", "cosh_", "beyond", alpha=0.5)
    maker.output("acosh_").layer("acosh", "beyond", "acosh_")
    found = maker.run(tmp_path, x=x)
    x = x.astype(np.float64)
    for kind, formula in ELEMENTWISE.items():
        np.testing.assert_allclose(found[f"{kind}_"], formula(x), rtol=1e-4, atol=1e-5, err_msg=kind)
    close(found["acosh_"], np.arccosh(np.cosh(x) + 0.5))


GELU: list[Callable[[np.ndarray], np.ndarray]] = [
    lambda x: 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
    lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    lambda x: x / (1 + np.exp(-1.702 * x)),
]


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_gelu(mode: int, tmp_path: Path) -> None:
    close(exactly(tmp_path, "gelu", E, mode=mode), GELU[mode](E.astype(np.float64)))


ONE: dict[str, tuple[str, dict[str, Any], Any]] = {
    "reduceL1": ("reduceL1", {"axes": [0, -1]}, np.abs(E).sum((0, 2))),
    "reduceL2": ("reduceL2", {"axes": [1], "keepDims": True}, np.sqrt((E**2).sum(1, keepdims=True))),
    "reduceMax": ("reduceMax", {"axes": [2]}, E.max(2)),
    "reduceMin": ("reduceMin", {"axes": [0]}, E.min(0)),
    "reduceSum": ("reduceSum", {"reduceAll": True, "axes": [1]}, np.asarray([E.sum()])),
    "reduceProd": ("reduceProd", {"axes": [1]}, E.prod(1)),
    "reduceLogSumExp": ("reduceLogSumExp", {"axes": [1]}, np.log(np.exp(E).sum(1))),
    "argMin": ("argMin", {"axis": -1}, E.argmin(-1)[..., None]),
    "argSort": ("argSort", {"axis": 2}, np.argsort(E, 2)),
    "argSort_down": ("argSort", {"axis": 1, "descending": True}, np.argsort(-E, 1)),
    "cumSum": ("cumSum", {"axis": -1}, E.cumsum(2)),
    "cumSum_excluded": (
        "cumSum",
        {"axis": 1, "excludeFinalSum": True},
        np.stack([0 * E[:, 0], E[:, 0], E[:, 0] + E[:, 1]], 1),
    ),
    "cumSum_reverse": ("cumSum", {"axis": 0, "reverse": True}, np.stack([E[0] + E[1], E[1]])),
    "upperTriangular": ("upperTriangular", {"k": 1}, np.triu(E, 1)),
    "lowerTriangular": ("lowerTriangular", {"k": -1}, np.tril(E, -1)),
    "matrixBandPart": ("matrixBandPart", {"numLower": -1, "numUpper": 1}, np.tril(E, 1)),
    "slidingWindows": (
        "slidingWindows",
        {"axis": 2, "windowSize": 2, "step": 2},
        np.stack([E[..., 0:2], E[..., 2:4]], 2),
    ),
    "fillLike": ("fillLike", {"value": 2.5}, np.full(E.shape, 2.5)),
    "getShape": ("getShape", {}, np.asarray(E.shape)),
    "tile_last": ("tile", {"reps": [2]}, np.tile(E, (1, 1, 2))),
    "padded_to_size": (
        "constantPad",
        {"padAmounts": [0, 4, 3, 0, 6, 0], "padToGivenOutputSizeMode": True, "value": 1.0},
        np.pad(E, [(0, 2), (0, 0), (2, 0)], constant_values=1),
    ),
    "reshapeStatic": ("reshapeStatic", {"targetShape": [0, -1]}, E.reshape(2, 12)),
    "squeezed": (
        "sliceStatic",
        {
            "beginIds": [0, -1, 0], "endIds": [0, 0, 0], "strides": [1, 1, 1],
            "beginMasks": [True, False, True], "endMasks": [True, False, True],
            "squeezeMasks": [False, True, False],
        },
        E[:, -1],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ONE)
def test_one_value(case: str, tmp_path: Path) -> None:
    kind, fields, expected = ONE[case]
    close(exactly(tmp_path, kind, E, **fields), expected)


def test_layers_with_several_results_or_no_input(tmp_path: Path) -> None:
    table = normal(2, 3)
    maker = Maker(version=5, exact=True).array("x", *E.shape)
    for name in ("a", "b", "c", "last", "values", "places", "constant", "row", "spread"):
        maker.output(name)
    maker.layer("splitND", "x", "a b", axis=2, splitSizes=[1, 3])
    maker.layer("splitND", "x", "first middle last", axis=1, numSplits=3)
    maker.layer("topK", "x", "values places", axis=2, K=2, useBottomK=True)
    maker.layer("loadConstantND", "", "constant", shape=[2, 3], data=table)
    maker.layer("rangeStatic", "", "row", startValue=1.0, endValue=3.1, stepSizeValue=0.5)
    maker.layer("broadcastToStatic", "row", "spread", targetShape=[2, 5])
    maker.layer("copy", "x", "c")
    found = maker.run(tmp_path, x=E)
    close(found["a"], E[..., :1])
    close(found["b"], E[..., 1:])
    close(found["c"], E)
    close(found["last"], E[:, 2:])
    close(found["values"], np.sort(E, 2)[..., :2])
    close(found["places"], np.argsort(E, 2)[..., :2])
    close(found["constant"], table)
    close(found["row"], [1, 1.5, 2, 2.5, 3])
    close(found["spread"], [[1, 1.5, 2, 2.5, 3]] * 2)


def test_one_hot_leaves_out_what_is_not_on_it(tmp_path: Path) -> None:
    """The example of the format's page, and an index that is too large."""
    words = np.float32([2, -1, 4])
    y = exactly(tmp_path, "oneHot", words, oneHotVectorSize=4, axis=-1, onValue=5.0, offValue=-1.0)
    close(y, [[-1, -1, 5, -1], [-1] * 4, [-1] * 4])


# --- recurrent layers -----------------------------------------------------------------------------------

GATES = ("inputGate", "forgetGate", "blockInput", "outputGate")
HIDDEN, SIZE, STEPS, BATCH = 4, 3, 5, 2
ACTIVATIONS: dict[str, tuple[dict[str, Any], Callable[[np.ndarray], np.ndarray]]] = {
    "linear": ({"alpha": 1.0}, lambda x: x),
    "sigmoid": ({}, lambda x: 1 / (1 + np.exp(-x))),
    "tanh": ({}, np.tanh),
    "ReLU": ({}, lambda x: np.maximum(x, 0)),
    "scaledTanh": ({"alpha": 1.7159, "beta": 2 / 3}, lambda x: 1.7159 * np.tanh(2 / 3 * x)),
    "sigmoidHard": ({"alpha": 0.2, "beta": 0.5}, lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
}


def lstm_weights(*, biased: bool, peephole: bool) -> dict[str, np.ndarray]:
    weights = {}
    for gate in GATES:
        weights[f"{gate}WeightMatrix"] = normal(HIDDEN, SIZE) / 2
        weights[f"{gate}RecursionMatrix"] = normal(HIDDEN, HIDDEN) / 2
        if biased:
            weights[f"{gate}BiasVector"] = normal(HIDDEN)
        if peephole and gate != "blockInput":
            weights[f"{gate}PeepholeVector"] = normal(HIDDEN)
    return weights


def run_lstm(
    x: np.ndarray, w: dict[str, np.ndarray], *, kinds: tuple[str, str, str], coupled: bool, h: Any, c: Any
) -> tuple[np.ndarray, np.ndarray]:
    """By the formulas of `LSTMParams`: (S, N, I) -> every step, and the last cell state."""
    f, g, act = (ACTIVATIONS[kind][1] for kind in kinds)
    none = np.zeros(HIDDEN)

    def gate(name: str, step: np.ndarray, cell: np.ndarray) -> np.ndarray:
        total = step @ w[f"{name}WeightMatrix"].T + h @ w[f"{name}RecursionMatrix"].T
        return total + w.get(f"{name}BiasVector", none) + w.get(f"{name}PeepholeVector", none) * cell

    steps = []
    for step in x.astype(np.float64):
        i, z = f(gate("inputGate", step, c)), g(gate("blockInput", step, 0 * c))
        forget = 1 - i if coupled else f(gate("forgetGate", step, c))
        new = c * forget + i * z
        h = act(new) * f(gate("outputGate", step, new))
        c = new
        steps.append(h)
    return np.stack(steps), c


def named(params: Any, field: str, kinds: tuple[str, ...]) -> None:
    for kind in kinds:
        one = getattr(getattr(params, field).add(), kind)
        one.SetInParent()
        fill(one, ACTIVATIONS[kind][0])


@pytest.mark.parametrize("kinds", [("sigmoid", "tanh", "tanh"), ("sigmoidHard", "ReLU", "linear"), ("sigmoid", "scaledTanh", "sigmoid")])  # fmt: skip
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    ("biased", "peephole", "coupled"),
    [(False, False, False), (True, True, False), (True, False, True), (False, True, True)],
)
def test_lstm(
    biased: bool, peephole: bool, coupled: bool, whole: bool, reverse: bool, kinds: tuple[str, str, str],
    tmp_path: Path,
) -> None:  # fmt: skip
    weights = lstm_weights(biased=biased, peephole=peephole)
    x, h, c = normal(STEPS, BATCH, SIZE), normal(BATCH, HIDDEN), normal(BATCH, HIDDEN)
    maker = Maker(version=4, exact=True).array("x", *x.shape, 1, 1).output("y").output("hn").output("cn")
    for name in ("h", "c"):
        maker.array(name, 1, BATCH, HIDDEN, 1, 1)
    params = maker.layer(
        "uniDirectionalLSTM", "x h c", "y hn cn", inputVectorSize=SIZE, outputVectorSize=HIDDEN,
        weightParams=weights, reverseInput=reverse,
        params={"sequenceOutput": whole, "hasBiasVectors": biased, "hasPeepholeVectors": peephole,
                "coupledInputAndForgetGate": coupled, "cellClipThreshold": 500.0},
    )  # fmt: skip
    named(params, "activations", kinds)
    steps, cell = run_lstm(x[::-1] if reverse else x, weights, kinds=kinds, coupled=coupled, h=h, c=c)
    found = maker.run(
        tmp_path, x=x[..., None, None], h=h.reshape(1, BATCH, HIDDEN, 1, 1), c=c.reshape(1, BATCH, HIDDEN, 1, 1)
    )  # fmt: skip
    sequence = steps[::-1] if reverse else steps
    close(found["y"][..., 0, 0], sequence if whole else steps[-1:])
    close(found["hn"][0, ..., 0, 0], steps[-1])
    close(found["cn"][0, ..., 0, 0], cell)


@pytest.mark.parametrize("whole", [False, True])
def test_bidirectional_lstm(whole: bool, tmp_path: Path) -> None:
    kinds = ("sigmoid", "tanh", "tanh")
    there, back = (lstm_weights(biased=True, peephole=True) for _ in range(2))
    x, states = normal(STEPS, BATCH, SIZE), [normal(BATCH, HIDDEN) for _ in range(4)]
    maker = Maker(version=4, exact=True).array("x", *x.shape, 1, 1)
    for name in ("h", "c", "hb", "cb"):
        maker.array(name, 1, BATCH, HIDDEN, 1, 1).output(f"{name}n")
    params = maker.output("y").layer(
        "biDirectionalLSTM", "x h c hb cb", "y hn cn hbn cbn", inputVectorSize=SIZE, outputVectorSize=HIDDEN,
        params={"sequenceOutput": whole, "hasBiasVectors": True, "hasPeepholeVectors": True},
    )  # fmt: skip
    for weights in (there, back):
        fill(params.weightParams.add(), weights)
    named(params, "activationsForwardLSTM", kinds)
    named(params, "activationsBackwardLSTM", kinds)
    fed = {name: state.reshape(1, BATCH, HIDDEN, 1, 1) for name, state in zip(("h", "c", "hb", "cb"), states, strict=True)}  # fmt: skip
    found = maker.run(tmp_path, x=x[..., None, None], **fed)
    first, c = run_lstm(x, there, kinds=kinds, coupled=False, h=states[0], c=states[1])
    second, cb = run_lstm(x[::-1], back, kinds=kinds, coupled=False, h=states[2], c=states[3])
    last = np.concatenate([first[-1], second[-1]], 1)[None]
    close(found["y"][..., 0, 0], np.concatenate([first, second[::-1]], 2) if whole else last)
    for name, expected in (("hn", first[-1]), ("cn", c), ("hbn", second[-1]), ("cbn", cb)):
        close(found[name][0, ..., 0, 0], expected)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("biased", [False, True])
def test_gru(biased: bool, whole: bool, reverse: bool, tmp_path: Path) -> None:
    kinds = ("sigmoidHard", "tanh")
    f, g = (ACTIVATIONS[kind][1] for kind in kinds)
    w = {}
    for gate in ("updateGate", "resetGate", "outputGate"):
        w[f"{gate}WeightMatrix"], w[f"{gate}RecursionMatrix"] = normal(HIDDEN, SIZE), normal(HIDDEN, HIDDEN)
        if biased:
            w[f"{gate}BiasVector"] = normal(HIDDEN)
    x, h = normal(STEPS, BATCH, SIZE), normal(BATCH, HIDDEN)
    maker = Maker(version=4, exact=True).array("x", *x.shape, 1, 1).array("h", 1, BATCH, HIDDEN, 1, 1)
    params = maker.output("y").output("hn").layer(
        "gru", "x h", "y hn", inputVectorSize=SIZE, outputVectorSize=HIDDEN, sequenceOutput=whole,
        hasBiasVectors=biased, reverseInput=reverse, **w,
    )  # fmt: skip
    named(params, "activations", kinds)

    def gate(name: str, step: np.ndarray, state: np.ndarray) -> np.ndarray:
        total = step @ w[f"{name}WeightMatrix"].T + state @ w[f"{name}RecursionMatrix"].T
        return total + w.get(f"{name}BiasVector", 0.0)

    state, steps = h.astype(np.float64), []
    for step in x[::-1] if reverse else x:
        z, r = f(gate("updateGate", step, state)), f(gate("resetGate", step, state))
        state = (1 - z) * g(gate("outputGate", step, state * r)) + z * state
        steps.append(state)
    found = maker.run(tmp_path, x=x[..., None, None], h=h.reshape(1, BATCH, HIDDEN, 1, 1))
    sequence = steps[::-1] if reverse else steps
    close(found["y"][..., 0, 0], np.stack(sequence if whole else steps[-1:]))
    close(found["hn"][0, ..., 0, 0], steps[-1])


@pytest.mark.parametrize("kind", ACTIVATIONS)
@pytest.mark.parametrize("reverse", [False, True])
def test_simple_recurrent(kind: str, reverse: bool, tmp_path: Path) -> None:
    w, r = normal(HIDDEN, SIZE) / 2, normal(HIDDEN, HIDDEN) / 2
    x = normal(STEPS, BATCH, SIZE)
    maker = Maker(version=4, exact=True).array("x", *x.shape, 1, 1).output("y")
    maker.layer(
        "simpleRecurrent", "x", "y hn", inputVectorSize=SIZE, outputVectorSize=HIDDEN, sequenceOutput=True,
        weightMatrix=w, recursionMatrix=r, reverseInput=reverse, activation={kind: ACTIVATIONS[kind][0]},
    )  # fmt: skip
    state, steps = np.zeros((BATCH, HIDDEN)), []
    for step in x[::-1] if reverse else x:
        state = ACTIVATIONS[kind][1](step @ w.T + state @ r.T)
        steps.append(state)
    found = maker.run(tmp_path, x=x[..., None, None])
    close(found["y"][..., 0, 0], np.stack(steps[::-1] if reverse else steps))


def test_a_limit_on_the_cell_that_would_show_is_named(tmp_path: Path) -> None:
    maker = Maker(version=4, exact=True).array("x", STEPS, BATCH, SIZE, 1, 1).output("y")
    params = maker.layer(
        "uniDirectionalLSTM", "x", "y", inputVectorSize=SIZE, outputVectorSize=HIDDEN,
        weightParams=lstm_weights(biased=False, peephole=False), params={"cellClipThreshold": 0.5},
    )  # fmt: skip
    named(params, "activations", ("sigmoid", "tanh", "tanh"))
    with pytest.raises(UnsupportedModelError, match=r"cell state is clipped to 0\.5"):
        load(maker.save(tmp_path))


# --- what surrounds the layers --------------------------------------------------------------------------


def test_a_regressor(tmp_path: Path) -> None:
    weight = normal(1, 6)
    maker = Maker("neuralNetworkRegressor").array("x", 6)
    maker.layer("innerProduct", "x", "price", inputChannels=6, outputChannels=1, weights=weight)
    maker.model.description.output.add(name="price").type.doubleType.SetInParent()
    maker.model.description.predictedFeatureName = "price"
    x = normal(4, 6)
    runtime = load(maker.save(tmp_path))
    close(runtime.outputs(x), x @ weight.T)
    assert runtime.labels is None


@pytest.mark.parametrize("color", [GRAYSCALE, BGR])
def test_preprocessing_step_by_step(color: int, tmp_path: Path) -> None:
    """A mean image, then a scale and a bias for each colour, in the order in which the file has them."""
    channels = 1 if color == GRAYSCALE else 3
    picture = RNG.integers(0, 256, (4, 5, channels)).astype(np.uint8)
    mean = normal(channels, 4, 5) * 20
    maker = Maker().image("photo", 4, 5, color).output("y", channels, 4, 5)
    maker.layer("activation", "photo", "y", linear={"alpha": 1.0})
    maker.network.preprocessing.add(featureName="photo").meanImage.meanImage.extend(mean.reshape(-1).tolist())
    scaler = maker.network.preprocessing.add(featureName="photo").scaler
    fill(scaler, {"channelScale": 0.5, "redBias": 1.0, "greenBias": 2.0, "blueBias": 3.0, "grayBias": 4.0})
    planes = picture[..., ::-1].transpose(2, 0, 1) - mean
    bias = [4.0] if color == GRAYSCALE else [3.0, 2.0, 1.0]
    close(maker.run(tmp_path, photo=picture)["y"], planes / 2 + np.reshape(bias, (-1, 1, 1)))


@pytest.mark.parametrize("kind", ["topK", "tile", "oneHot", "constantPad", "cumSum"])
def test_parameters_that_are_computed_are_named(kind: str, tmp_path: Path) -> None:
    """They come as a second input; the layer's own would be wrong."""
    maker = Maker(version=4, exact=True).array("x", 3).array("k", 1).output("y")
    maker.layer(kind, "x k", "y")
    with pytest.raises(UnsupportedModelError, match=rf"'y' \({kind}\): parameters that are computed"):
        load(maker.save(tmp_path))
