"""Operations of files that others wrote: look-ups, blocks, products, boxes, deconvolutions, against numpy.

As in test_runtime_mlprogram.py, every expected number is computed here from the operation's definition.
"""

from __future__ import annotations

import functools
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from networks import load
from programs import RNG, Case, convert, ct, mb, normal, run_together
from quickml.errors import CoreMLFileError, UnsupportedModelError

PROGRAM = ("mlprogram",)
TABLE = (6, 4)
ROWS = np.int32([4, 0, 4])
UPDATES = normal(3, 4) + np.float32(3)
PLACES = np.int32([[0, 3, 1, 1], [0, 5, 1, 2]])  # with the axis 0 of TABLE
PLACED = normal(2, 4) + np.float32(3)
POINTS = np.int32([[1, 2], [5, 0], [1, 2]])
POINT_UPDATES = normal(3) + np.float32(3)
COMBINE = {
    "update": lambda old, new: new,
    "add": lambda old, new: old + new,
    "sub": lambda old, new: old - new,
    "mul": lambda old, new: old * new,
    "div": lambda old, new: old / new,
    "max": max,
    "min": min,
}


def updated(x: np.ndarray, places: list[tuple[int, ...]], values: list[float], mode: str) -> np.ndarray:
    y = x.copy()
    for place, value in zip(places, values, strict=True):
        y[place] = COMBINE[mode](y[place], value)
    return y


def scattered(x: np.ndarray, mode: str) -> np.ndarray:
    cells = list(itertools.product(range(3), range(4)))
    return updated(x, [(ROWS[i], j) for i, j in cells], [UPDATES[cell] for cell in cells], mode)


def scattered_along(x: np.ndarray, mode: str) -> np.ndarray:
    cells = list(itertools.product(range(2), range(4)))
    return updated(x, [(PLACES[cell], cell[1]) for cell in cells], [PLACED[cell] for cell in cells], mode)


def scattered_points(x: np.ndarray, mode: str) -> np.ndarray:
    return updated(x, [tuple(point) for point in POINTS], list(POINT_UPDATES), mode)


def scatters() -> list[Case]:
    """Each mode in each of three ways. (ct 9 has no default for all of them: the mode is always written.)"""
    ways = {
        "scatter": (
            lambda x, mode: mb.scatter(data=x, indices=ROWS, updates=UPDATES, axis=0, mode=mode),
            scattered,
        ),
        "along": (
            lambda x, mode: mb.scatter_along_axis(data=x, indices=PLACES, updates=PLACED, axis=0, mode=mode),
            scattered_along,
        ),
        "points": (
            lambda x, mode: mb.scatter_nd(data=x, indices=POINTS, updates=POINT_UPDATES, mode=mode),
            scattered_points,
        ),
    }
    return [
        Case(
            f"{way}_{mode}", TABLE,
            functools.partial(lambda x, body, mode: body(x, mode), body=body, mode=mode),
            functools.partial(lambda x, numpy, mode: numpy(x, mode), numpy=numpy, mode=mode),
        )
        for way, (body, numpy) in ways.items()
        for mode in COMBINE
    ]  # fmt: skip


LOOKUPS = [
    *scatters(),
    Case(
        "scatter_last_axis",
        TABLE,
        lambda x: mb.scatter(
            data=x, indices=np.int32([3, 1]), updates=normal(6, 2) * 0 + 1, axis=-1, mode="update"
        ),
        lambda x: np.stack([x[:, 0], np.ones(6), x[:, 2], np.ones(6)], 1),
    ),
    Case(
        "gather_nd",
        TABLE,
        lambda x: mb.gather_nd(x=x, indices=POINTS),
        lambda x: np.asarray([x[1, 2], x[5, 0], x[1, 2]]),
    ),
    Case(
        "gather_nd_rows",
        TABLE,
        lambda x: mb.gather_nd(x=x, indices=np.int32([[5], [2]])),
        lambda x: x[[5, 2]],
    ),
    Case(
        "gather_along_axis",
        TABLE,
        lambda x: mb.gather_along_axis(x=x, indices=PLACES, axis=0),
        lambda x: np.asarray([[x[PLACES[i, j], j] for j in range(4)] for i in range(2)]),
    ),
    Case(
        "gather_computed",
        TABLE,
        lambda x: mb.gather(x=x, indices=mb.reduce_argmax(x=x, axis=0, keep_dims=False), axis=0),
        lambda x: np.stack([x[x[:, j].argmax()] for j in range(4)]),
    ),
    Case(
        "topk_values",
        TABLE,
        lambda x: mb.topk(x=x, k=2, axis=0)[0],
        lambda x: np.sort(x, 0)[::-1][:2],
    ),
    Case(
        "topk_indices_ascending",
        TABLE,
        lambda x: mb.cast(x=mb.topk(x=x, k=3, axis=1, ascending=True)[1], dtype="fp32"),
        lambda x: np.argsort(x, 1)[:, :3],
    ),
    Case(
        "argsort",
        TABLE,
        lambda x: mb.cast(x=mb.argsort(x=x, axis=0), dtype="fp32"),
        lambda x: np.argsort(-x, 0),
    ),
    Case(
        "argsort_ascending",
        TABLE,
        lambda x: mb.cast(x=mb.argsort(x=x, axis=1, ascending=True), dtype="fp32"),
        lambda x: np.argsort(x, 1),
    ),
    Case(
        "one_hot",
        TABLE,
        lambda x: mb.one_hot(
            indices=mb.reduce_argmax(x=x, axis=1, keep_dims=False), one_hot_vector_size=4, axis=0,
            on_value=2.5, off_value=-1.0,
        ),
        lambda x: np.where(np.arange(4)[:, None] == x.argmax(1), 2.5, -1),
    ),
    Case(
        "reverse_sequence",
        TABLE,
        lambda x: mb.reverse_sequence(
            x=x, lengths=np.int32([3, 0, 4, 1, 2, 4]), seq_axis=1, batch_axis=0
        ),
        lambda x: np.stack(
            [np.r_[row[:n][::-1], row[n:]] for row, n in zip(x, [3, 0, 4, 1, 2, 4], strict=True)]
        ),
    ),
    Case(
        "sliding_windows",
        TABLE,
        lambda x: mb.sliding_windows(x=x, axis=0, size=3, stride=2),
        lambda x: np.stack([x[0:3], x[2:5]]),
    ),
    Case(
        "band_part",
        TABLE,
        lambda x: mb.band_part(x=x, lower=1, upper=0),
        lambda x: np.where((np.arange(6)[:, None] - np.arange(4) <= 1) & (np.arange(6)[:, None] >= np.arange(4)), x, 0),
    ),
    Case("band_part_upper", TABLE, lambda x: mb.band_part(x=x, lower=0, upper=-1), np.triu),
    Case(
        "cumsum",
        TABLE,
        lambda x: mb.cumsum(x=x, axis=1, exclusive=True, reverse=True),
        lambda x: np.stack([x[:, 1:].sum(1), x[:, 2:].sum(1), x[:, 3], 0 * x[:, 3]], 1),
    ),
    Case(
        "range_added",
        TABLE,
        lambda x: mb.add(x=x, y=mb.cast(x=mb.range_1d(start=3, end=11, step=2), dtype="fp32")),
        lambda x: x + np.asarray([3, 5, 7, 9]),
    ),
    Case(
        "mod",
        TABLE,
        lambda x: mb.mod(x=x, y=np.float32(0.75)),
        lambda x: x - np.floor(x / 0.75) * 0.75,
    ),
    Case("floor_div", TABLE, lambda x: mb.floor_div(x=x, y=np.float32(0.75)), lambda x: np.floor(x / 0.75)),
    Case(
        "concat_interleaved",
        TABLE,
        lambda x: mb.concat(values=[x, mb.square(x=x)], axis=1, interleave=True),
        lambda x: np.stack([x, x**2], 2).reshape(6, 8),
    ),
    Case(
        "gather_batched",
        TABLE,
        lambda x: mb.gather(x=x, indices=np.tile(np.int32([[3, 0]]), (6, 1)), axis=1, batch_dims=1),
        lambda x: x[:, [3, 0]],
        PROGRAM,
    ),
    Case(
        "gather_nd_batched",
        TABLE,
        lambda x: mb.gather_nd(x=x, indices=np.int32([[2], [0], [1], [3], [3], [0]]), batch_dims=1),
        lambda x: x[range(6), [2, 0, 1, 3, 3, 0]],
        PROGRAM,
    ),
    Case("fill_like", TABLE, lambda x: mb.fill_like(ref_tensor=x, value=2.5), lambda x: x * 0 + 2.5, PROGRAM),
    Case(
        "reshape_like",
        TABLE,
        lambda x: mb.reshape_like(
            x=x, ref_tensors=(x, mb.transpose(x=x, perm=[1, 0])), begins=(1, 1), ends=(2, 0),
            end_masks=(False, True),
        ),
        lambda x: x.reshape(4, 6),
        PROGRAM,
    ),
    Case(
        "gather_batched_inner",
        (2, 3, 5, 4),
        lambda x: mb.gather(x=x, indices=np.int32([[[4, 0], [1, 1]], [[2, 3], [0, 4]]]), axis=2, batch_dims=1),
        lambda x: np.stack([x[0][:, [[4, 0], [1, 1]]], x[1][:, [[2, 3], [0, 4]]]]),
        PROGRAM,
    ),
]  # fmt: skip

PICTURE = (2, 4, 4, 6)


def blocks(x: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Every offset in a block is a picture of its own, in the order of the rows."""
    return np.concatenate([x[:, :, i::rows, j::columns] for i in range(rows) for j in range(columns)])


def joined(x: np.ndarray, rows: int, columns: int) -> np.ndarray:
    parts = np.split(x, rows * columns)
    y = np.zeros((len(parts[0]), x.shape[1], x.shape[2] * rows, x.shape[3] * columns))
    for (i, j), part in zip(itertools.product(range(rows), range(columns)), parts, strict=True):
        y[:, :, i::rows, j::columns] = part
    return y


def attended(x: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    query, key, value = x, np.tanh(x), x**2
    scores = np.einsum("bcle,bcse->bcls", query, key) / math.sqrt(6)
    scores = scores if mask is None else scores + mask
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return np.einsum("bcls,bcse->bcle", weights / weights.sum(-1, keepdims=True), value)


VISIBLE = np.tril(np.ones((4, 4), dtype=np.bool_))
LEFT = normal(2, 5, 4, 4)
PICTURES = [
    Case(
        "space_to_batch",
        PICTURE,
        lambda x: mb.space_to_batch(x=x, block_shape=[2, 3], paddings=[[1, 1], [2, 1]]),
        lambda x: blocks(np.pad(x, [(0, 0), (0, 0), (1, 1), (2, 1)]), 2, 3),
        PROGRAM,
    ),
    Case(
        "batch_to_space",
        PICTURE,
        lambda x: mb.batch_to_space(x=x, block_shape=[2, 1], crops=[[1, 2], [0, 1]]),
        lambda x: joined(x, 2, 1)[:, :, 1:-2, :-1],
        PROGRAM,
    ),
    Case(
        "einsum",
        PICTURE,
        # x is (N, W, H, U): what the equation calls the second value.
        lambda x: mb.einsum(values=(LEFT, x), equation="nchw,nwhu->nchu"),
        lambda x: np.einsum("nchw,nwhu->nchu", LEFT, x),
    ),
    Case(
        "depth_to_space",
        PICTURE,
        lambda x: mb.depth_to_space(x=x, block_size=2),
        # Channels are (row in block, column in block, rest).
        lambda x: x.reshape(2, 2, 2, 1, 4, 6).transpose(0, 3, 4, 1, 5, 2).reshape(2, 1, 8, 12),
    ),
    Case(
        "space_to_depth",
        PICTURE,
        lambda x: mb.space_to_depth(x=x, block_size=2),
        lambda x: x.reshape(2, 4, 2, 2, 3, 2).transpose(0, 3, 5, 1, 2, 4).reshape(2, 16, 2, 3),
    ),
    Case(
        "pixel_shuffle",
        PICTURE,
        lambda x: mb.pixel_shuffle(x=x, upscale_factor=2),
        lambda x: x.reshape(2, 1, 2, 2, 4, 6).transpose(0, 1, 4, 2, 5, 3).reshape(2, 1, 8, 12),
    ),
    Case(
        "pixel_unshuffle",
        PICTURE,
        lambda x: mb.pixel_unshuffle(x=x, downscale_factor=np.uint32(2)),
        lambda x: x.reshape(2, 4, 2, 2, 3, 2).transpose(0, 1, 3, 5, 2, 4).reshape(2, 16, 2, 3),
        PROGRAM,
    ),
    Case(
        "resize_nearest",
        PICTURE,
        lambda x: mb.resize_nearest_neighbor(x=x, target_size_height=8, target_size_width=18),
        lambda x: x.repeat(2, 2).repeat(3, 3),
    ),
    Case(
        "upsample_nearest_by_part",
        PICTURE,
        lambda x: mb.upsample_nearest_neighbor(x=x, scale_factor_height=1.5, scale_factor_width=0.5),
        lambda x: x[:, :, [0, 0, 1, 2, 2, 3]][:, :, :, [0, 2, 4]],
        PROGRAM,
    ),
    Case(
        "crop",
        PICTURE,
        lambda x: mb.crop(x=x, crop_height=[1, 2], crop_width=[3, 0]),
        lambda x: x[:, :, 1:2, 3:],
    ),
    Case("l2_norm", PICTURE, lambda x: mb.l2_norm(x=x, epsilon=0.1), lambda x: x / np.sqrt((x**2).sum((1, 2, 3), keepdims=True) + 0.1)),
    Case(
        "local_response_norm",
        PICTURE,
        lambda x: mb.local_response_norm(x=x, size=3, alpha=0.3, beta=0.75, k=2.0),
        lambda x: x / (2 + 0.1 * np.stack([(x[:, max(0, c - 1) : c + 2] ** 2).sum(1) for c in range(4)], 1)) ** 0.75,
    ),
]  # fmt: skip

BEGIN = {"begin": [0, 1, 0, 4], "end": [0, 3, 4, 0], "stride": [1, 1, 2, -2]}
MASKS = {"begin_mask": [True, False, False, False], "end_mask": [True, False, False, True]}
LATER = [
    Case(
        "slice_update",
        PICTURE,
        lambda x: mb.slice_update(x=x, update=np.ones((2, 2, 2, 3), np.float32), **BEGIN, **MASKS),
        lambda x: np.where(cut_mask(), 1, x),
    ),
    Case(
        "slice_update_of_one_entry",
        PICTURE,
        lambda x: mb.slice_update(
            x=x, update=np.ones((2, 4, 6), np.float32), begin=[0, 2, 0, 0], end=[2, 0, 4, 6],
            squeeze_mask=[False, True, False, False],
        ),
        lambda x: np.where(np.arange(4).reshape(-1, 1, 1) == 2, 1, x),
    ),
    Case(
        "attention",
        PICTURE,
        lambda x: mb.scaled_dot_product_attention(query=x, key=mb.tanh(x=x), value=mb.square(x=x)),
        attended,
    ),
    Case(
        "attention_visible",
        PICTURE,
        lambda x: mb.scaled_dot_product_attention(query=x, key=mb.tanh(x=x), value=mb.square(x=x), attn_mask=VISIBLE),
        lambda x: attended(x, np.where(VISIBLE, 0, -np.inf)),
    ),
    Case(
        "resize",
        PICTURE,
        lambda x: mb.resize(x=x, shape=np.int32([0, 11]), resized_dims=np.uint32(2), interpolation_mode="LINEAR", sampling_mode="ALIGN_CORNERS"),
        lambda x: np.stack([x[..., i // 2] * (1 - i % 2 / 2) + x[..., (i + 1) // 2] * (i % 2 / 2) for i in range(11)], -1),
    ),
    Case(
        "resize_nearest_half_pixel",
        PICTURE,
        lambda x: mb.resize(x=x, shape=np.int32([6, 4]), resized_dims=np.uint32(2), interpolation_mode="NEAREST_NEIGHBOR", sampling_mode="UNALIGN_CORNERS"),
        # (i + 0.5) * 4 / 6 and (i + 0.5) * 6 / 4, rounded down.
        lambda x: x[:, :, [0, 1, 1, 2, 3, 3]][:, :, :, [0, 2, 3, 5]],
    ),
    Case(
        "quantized",
        PICTURE,
        lambda x: mb.dequantize(
            input=mb.quantize(input=x, scale=np.float32(0.05), zero_point=np.int8(3), output_dtype="int8"),
            scale=np.float32(0.05), zero_point=np.int8(3),
        ),
        lambda x: (np.clip(np.round(x.astype(np.float32) / np.float32(0.05)) + 3, -128, 127) - 3) * 0.05,
    ),
    Case(
        "quantized_by_channel",
        PICTURE,
        lambda x: mb.dequantize(
            input=mb.quantize(input=x, scale=SCALES, zero_point=np.uint8([9, 8, 7, 6]), output_dtype="uint8", axis=1),
            scale=SCALES, zero_point=np.uint8([9, 8, 7, 6]), axis=1,
        ),
        lambda x: (np.clip(np.round(x.astype(np.float32) / SCALES.reshape(4, 1, 1)) + ZEROS, 0, 255) - ZEROS) * SCALES.reshape(4, 1, 1),
    ),
    Case(
        "topk_without_indices",
        PICTURE,
        lambda x: mb.topk(x=x, k=6, axis=3, return_indices=False),
        lambda x: np.sort(x, 3)[..., ::-1],
    ),
]  # fmt: skip
SCALES, ZEROS = np.float32([0.5, 0.25, 1.0, 2.0]), np.float32([9, 8, 7, 6]).reshape(4, 1, 1)


def cut_mask() -> np.ndarray:
    mask = np.zeros(PICTURE, dtype=np.bool_)
    mask[:, 1:3, 0:4:2, 4::-2] = True
    return mask


@functools.cache
def found(which: str, shape: tuple[int, ...], fmt: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    return run_together([case for case in GROUPS[which] if case.shape == shape and fmt in case.formats], fmt)


for one in LATER:
    one.formats, one.target = PROGRAM, ct.target.iOS18
GROUPS = {"lookups": LOOKUPS, "pictures": PICTURES, "later": LATER}


@pytest.mark.parametrize(
    ("which", "case", "fmt"),
    [
        pytest.param(which, case, fmt, id=f"{case.name}-{fmt}")
        for which, cases in GROUPS.items()
        for case in cases
        for fmt in case.formats
    ],
)
def test_operation(which: str, case: Case, fmt: str) -> None:
    x, values = found(which, case.shape, fmt)
    expected = case.expected(x.astype(np.float64))
    assert values[case.name].shape == expected.shape
    np.testing.assert_allclose(values[case.name], expected, rtol=1e-4, atol=1e-5)


# --- deconvolutions -----------------------------------------------------------------------------------


def deconvolved(
    x: np.ndarray, weight: np.ndarray, *, stride: tuple[int, ...], dilation: tuple[int, ...], groups: int
) -> np.ndarray:
    """Every input scattered over its window, without any padding; weight (C, C_out / groups, h, w)."""
    outs = weight.shape[1]
    reach = [
        (n - 1) * s + (k - 1) * d + 1
        for n, s, k, d in zip(x.shape[2:], stride, weight.shape[2:], dilation, strict=True)
    ]
    y = np.zeros((1, outs * groups, *reach))
    size = x.shape[1] // groups
    for c, i, j in itertools.product(range(x.shape[1]), *map(range, x.shape[2:])):
        rows = slice(i * stride[0], i * stride[0] + (weight.shape[2] - 1) * dilation[0] + 1, dilation[0])
        columns = slice(j * stride[1], j * stride[1] + (weight.shape[3] - 1) * dilation[1] + 1, dilation[1])
        first = c // size * outs
        y[0, first : first + outs, rows, columns] += x[0, c, i, j] * weight[c]
    return y


DECONVOLUTIONS: dict[str, tuple[dict[str, Any], tuple[int, int, int, int]]] = {
    # what is cut away: top, bottom, left, right; less than nothing where there is more than the kernels reach
    "valid": ({"pad_type": "valid", "strides": [2, 3]}, (0, 0, 0, 0)),
    "same": ({"pad_type": "same", "strides": [2, 1]}, (0, 1, 1, 1)),
    "same_wide_stride": ({"pad_type": "same", "strides": [5, 4]}, (0, -2, 0, -1)),
    "custom": ({"pad_type": "custom", "pad": [2, 0, 1, 2], "strides": [2, 2]}, (2, 0, 1, 2)),
    "groups": ({"pad_type": "valid", "groups": 2, "strides": [1, 2]}, (0, 0, 0, 0)),
    "dilated": ({"pad_type": "valid", "dilations": [3, 2]}, (0, 0, 0, 0)),
    "dilated_same_groups": (
        {"pad_type": "same", "dilations": [2, 2], "strides": [2, 2], "groups": 4},
        (1, 2, 1, 2),
    ),
    "output_padding": (
        {"pad_type": "custom", "pad": [1, 0, 1, 0], "strides": [2, 2], "output_shape": [1, 4, 8, 10]},
        (1, 0, 1, 0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DECONVOLUTIONS)
def test_deconvolution(case: str, tmp_path: Path) -> None:
    options, (top, bottom, left, right) = DECONVOLUTIONS[case]
    groups = options.get("groups", 1)
    weight, bias, x = normal(4, 4 // groups, 3, 3), normal(4), normal(1, 4, 4, 5)
    target = ct.target.iOS17
    path = convert(
        lambda x: mb.conv_transpose(x=x, weight=weight, bias=bias, **options), x.shape, tmp_path, target=target
    )  # fmt: skip
    (y,) = load(path).run({"x": x}).values()
    full = deconvolved(
        x, weight, stride=options.get("strides", (1, 1)), dilation=options.get("dilations", (1, 1)), groups=groups
    )  # fmt: skip
    edges = [(0, 0), (0, 0), (max(0, -top), max(0, -bottom)), (max(0, -left), max(0, -right))]
    full = np.pad(full, edges)
    height, width = full.shape[2:]
    expected = full[:, :, max(0, top) : height - max(0, bottom), max(0, left) : width - max(0, right)]
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected + bias.reshape(-1, 1, 1), rtol=1e-4, atol=1e-5)


# --- boxes --------------------------------------------------------------------------------------------


def sampled(picture: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(C, H, W) at every pair of places, bilinear."""

    def along(x: np.ndarray, places: np.ndarray, axis: int) -> np.ndarray:
        low = np.floor(places).astype(int)
        high = np.minimum(low + 1, x.shape[axis] - 1)
        part = (places - low).reshape([-1 if at == axis else 1 for at in range(3)])
        return np.take(x, low, axis) * (1 - part) + np.take(x, high, axis) * part

    return along(along(picture, rows, 1), columns, 2)


# Sample points of a box from 1 to 4 in three points, by the formulas of the page with X - 1 = 3.
THREE_POINTS = {
    "STRICT_ALIGN_CORNERS": [1, 2.5, 4],
    "ALIGN_CORNERS": [1, 2.5, 4],
    "DEFAULT": [1, 1 + 4 / 3, 1 + 8 / 3],
    "OFFSET_CORNERS": [1.5, 2.5, 3.5],
}


@pytest.mark.parametrize("mode", THREE_POINTS)
@pytest.mark.parametrize("fmt", ["mlprogram", "neuralnetwork"])
def test_boxes_of_every_picture(fmt: str, mode: str, tmp_path: Path) -> None:
    x = normal(2, 3, 6, 7)
    boxes = np.float32([[1, 1, 4, 4], [2, 0, 5, 3]]).reshape(2, 1, 4, 1, 1)
    path = convert(
        lambda x: mb.crop_resize(x=x, roi=boxes, target_height=3, target_width=3, sampling_mode=mode),
        x.shape, tmp_path, fmt, target=ct.target.iOS15 if fmt == "mlprogram" else ct.target.iOS14,
    )  # fmt: skip
    (y,) = load(path).run({"x": x}).values()
    places = np.asarray(THREE_POINTS[mode])
    assert y.shape == (2, 2, 3, 3, 3)
    for n, b in itertools.product(range(2), range(2)):
        rows, columns = (places, places) if n == 0 else (places + 1, places - 1)
        np.testing.assert_allclose(y[n, b], sampled(x[b], rows, columns), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("corners", "box"),
    [
        ("CORNERS_HEIGHT_FIRST", [0.2, 0.5, 0.8, 1.0]),
        ("CORNERS_WIDTH_FIRST", [0.5, 0.2, 1.0, 0.8]),
        ("CENTER_SIZE_HEIGHT_FIRST", [0.5, 0.75, 0.6, 0.5]),
        ("CENTER_SIZE_WIDTH_FIRST", [0.75, 0.5, 0.5, 0.6]),
    ],
)
def test_boxes_of_one_picture_in_every_notation(corners: str, box: list[float], tmp_path: Path) -> None:
    """A neural network: coremltools 9 declares a shape for such programs that its own page contradicts."""
    x = normal(2, 3, 6, 7)
    roi = np.float32([[1, *box]]).reshape(1, 1, 5, 1, 1)
    path = convert(
        lambda x: mb.crop_resize(
            x=x, roi=roi, target_height=2, target_width=2, normalized_coordinates=True,
            box_coordinate_mode=corners, sampling_mode="ALIGN_CORNERS", spatial_scale=0.5,
        ),
        x.shape, tmp_path, "neuralnetwork",
    )  # fmt: skip
    (y,) = load(path).run({"x": x}).values()
    expected = sampled(x[1], np.asarray([0.5, 2.0]), np.asarray([1.5, 3.0]))
    assert y.shape == (1, 1, 3, 2, 2)
    np.testing.assert_allclose(y[0, 0], expected, rtol=1e-4, atol=1e-5)


def test_boxes_beyond_the_edge(tmp_path: Path) -> None:
    """From iOS 17 on boxes have two axes, and samples outside of the picture are zeros."""
    x = normal(2, 3, 6, 7)
    boxes, which = np.float32([[-1, 2, 1, 4], [3, 4, 5, 8]]), np.int32([1, 0])
    path = convert(
        lambda x: mb.crop_resize(
            x=x, boxes=boxes, box_indices=which, target_height=3, target_width=3,
            sampling_mode="ALIGN_CORNERS",
        ),
        x.shape, tmp_path, target=ct.target.iOS17,
    )  # fmt: skip
    (y,) = load(path).run({"x": x}).values()
    expected = np.zeros((2, 3, 3, 3))
    expected[0, :, 1:] = x[1][:, 0:2, 2:5]
    expected[1, :, :, :2] = x[0][:, 3:6, [4, 6]]
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


# --- what is refused ------------------------------------------------------------------------------------


def refused(body: Any, tmp_path: Path, shape: tuple[int, ...] = (1, 2, 4, 4)) -> str:
    with pytest.raises(UnsupportedModelError) as caught:
        load(convert(body, shape, tmp_path, target=ct.target.iOS17))
    return str(caught.value)


def test_what_depends_on_numbers_only_a_run_knows_is_named(tmp_path: Path) -> None:
    assert "'places' (non_zero) cannot be run here" in refused(
        lambda x: mb.non_zero(x=x, name="places"), tmp_path
    )
    message = refused(lambda x: mb.cond(pred=mb.squeeze(x=mb.cast(x=mb.greater(x=mb.reduce_sum(x=x), y=0.0), dtype="bool")), _true_fn=lambda: mb.relu(x=x), _false_fn=lambda: mb.tanh(x=x), name="branch"), tmp_path)  # fmt: skip
    assert "'branch' (cond) cannot be run here" in message


def test_an_index_out_of_range_is_an_error_of_the_file(tmp_path: Path) -> None:
    path = convert(
        lambda x: mb.gather(x=x, indices=mb.cast(x=x, dtype="int32"), axis=0, name="y"), (3,), tmp_path
    )
    runtime = load(path)
    np.testing.assert_allclose(runtime.run({"x": np.float32([2, 0, 1])})["y"], [1, 2, 0])
    with pytest.raises(CoreMLFileError, match="cannot be run"):
        runtime.run({"x": np.float32([2, 0, 7])})


def test_a_network_that_would_take_gigabytes_is_refused(tmp_path: Path) -> None:
    """No value is too large by itself, but all of them are needed at the end."""
    x = RNG.normal(size=(1, 4096)).astype(np.float32)

    def body(x: Any) -> Any:
        wide = [mb.tile(x=mb.mul(x=x, y=float(i + 1)), reps=[12000, 1]) for i in range(6)]
        return mb.reduce_sum(x=mb.add(x=mb.stack(values=[mb.reduce_max(x=mb.mul(x=a, y=b)) for a, b in zip(wide, wide[::-1], strict=True)], axis=0), y=1.0))  # fmt: skip

    with pytest.raises(UnsupportedModelError, match="elements in memory at a time"):
        load(convert(body, x.shape, tmp_path))
