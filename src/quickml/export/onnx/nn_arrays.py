"""Layers that rearrange elements: reshaping, transposing, concatenating, slicing, constants."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from quickml.errors import CoreMLFileError
from quickml.export.coreml.reading import nnweights, proto
from quickml.export.onnx import arrays
from quickml.export.onnx.graph import OnnxGraph, Tensor
from quickml.export.onnx.nn_layer import NetworkLayer, Translator, at_least, integers, numbers

_CHANNEL, _SEQUENCE = -3, -5


def flatten(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`FlattenLayerParams`: (..., C, H, W) -> (..., C * H * W, 1, 1), channels first or last."""
    x = at_least(layer.x, 3)
    size = math.prod(x.shape[-3:])
    if proto.enum_name(layer.params, "mode", layer.params.mode) == "CHANNEL_LAST":
        x = _channels_last(g, x)
    return arrays.reshape(g, x, (*x.shape[:-3], size, 1, 1))


def _channels_last(g: OnnxGraph, x: Tensor) -> Tensor:
    """(..., C, H, W) -> (..., H, W, C)."""
    lead = x.rank - 3
    return arrays.transpose(g, x, (*range(lead), lead + 1, lead + 2, lead))


def reshape(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ReshapeLayerParams`: (S, 1, C, H, W) to (C, H, W) or (S, C, H, W), channels first or last."""
    x = arrays.fold(g, layer.x, 5)
    target = [int(size) for size in layer.params.targetShape]
    if len(target) not in (3, 4):
        raise CoreMLFileError(f"the target shape: expected 3 or 4 axes, found {len(target)}")
    sequence = x.shape[0] if len(target) == 3 else target[0]
    channels, height, width = target[-3:]
    if proto.enum_name(layer.params, "mode", layer.params.mode) == "CHANNEL_FIRST":
        return arrays.reshape(g, x, (sequence, x.shape[1], channels, height, width))
    y = arrays.reshape(g, _channels_last(g, x), (sequence, x.shape[1], height, width, channels))
    return arrays.transpose(g, y, (0, 1, 4, 2, 3))


def permute(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`PermuteLayerParams`: a permutation of sequence, channel, height and width; the batch stays."""
    order = [int(axis) for axis in layer.params.axis] or [0, 1, 2, 3]
    if sorted(order) != [0, 1, 2, 3]:
        raise CoreMLFileError(f"{order} is not a permutation of 4 axes")
    axes = [(0, 2, 3, 4)[axis] for axis in order]
    return arrays.transpose(g, arrays.fold(g, layer.x, 5), (axes[0], 1, *axes[1:]))


def squeeze(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`SqueezeLayerParams`; the result has at least one axis."""
    if layer.x.shape == (1,):
        return layer.x
    y = arrays.squeeze(g, layer.x, None if layer.params.squeezeAll else list(layer.params.axes))
    return y if y.rank else arrays.reshape(g, y, (1,))


def concat(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ConcatLayerParams`: along the channels or the sequence."""
    axis = _SEQUENCE if layer.params.sequenceConcat else _CHANNEL
    return arrays.concat(g, [at_least(x, -axis) for x in layer.inputs], axis)


def concat_nd(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ConcatNDLayerParams`: along any axis, optionally alternating the entries of the inputs."""
    axis = layer.params.axis
    if not layer.params.interleave:
        return arrays.concat(g, layer.inputs, axis)
    position = arrays.axis_of(axis, layer.x.rank)
    stacked = arrays.concat(g, [arrays.expand(g, x, [position + 1]) for x in layer.inputs], position + 1)
    shape = list(layer.x.shape)
    shape[position] *= len(layer.inputs)
    return arrays.reshape(g, stacked, shape)


def stack(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`StackLayerParams`: along a new axis."""
    axis = arrays.axis_of(layer.params.axis, layer.x.rank + 1)
    return arrays.concat(g, [arrays.expand(g, x, [axis]) for x in layer.inputs], axis)


def split(g: OnnxGraph, layer: NetworkLayer) -> tuple[Tensor, ...]:
    """`SplitLayerParams`: the channels, into equal pieces."""
    return arrays.split_evenly(g, at_least(layer.x, 3), layer.params.nOutputs or layer.outputs, _CHANNEL)


def split_nd(g: OnnxGraph, layer: NetworkLayer) -> tuple[Tensor, ...]:
    """`SplitNDLayerParams`: any axis, into equal pieces or given sizes."""
    p = layer.params
    if p.splitSizes:
        return arrays.split(g, layer.x, [int(size) for size in p.splitSizes], p.axis)
    return arrays.split_evenly(g, layer.x, p.numSplits or layer.outputs, p.axis)


def slice_axis(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`SliceLayerParams`: along channels, height or width."""
    p = layer.params
    return arrays.take_slice(g, layer.x, (-3, -2, -1)[p.axis], p.startIndex, p.endIndex, step=p.stride or 1)


def slice_static(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`SliceStaticLayerParams`: begin, end and stride of every axis, with masks for open ends."""
    p = layer.params
    masks = (p.beginMasks, p.endMasks, p.squeezeMasks)
    return _sliced(g, layer.x, p.beginIds, p.endIds, steps=p.strides, masks=masks)


def slice_dynamic(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`SliceDynamicLayerParams`: the same, with (x, begin, end, stride, masks) as inputs, of which the last
    ones may be parameters."""
    p = layer.params
    names = ("endIds", "strides", "beginMasks", "endMasks", "squeezeMasks")
    begins = integers(g, layer, 1, ())
    ends, steps, *masks = (integers(g, layer, index, getattr(p, name)) for index, name in enumerate(names, 2))
    return _sliced(g, layer.x, begins, ends, steps=steps, masks=masks)


def _sliced(
    g: OnnxGraph,
    y: Tensor,
    begins: Sequence[int],
    ends: Sequence[int],
    *,
    steps: Sequence[int],
    masks: Sequence[Sequence[int]],
) -> Tensor:
    """Slice every axis. `masks` leave begins open, leave ends open, or select one entry."""
    squeezed = []
    for axis in range(y.rank):
        from_start, to_end, single = (axis < len(mask) and bool(mask[axis]) for mask in masks)
        begin = None if from_start else begins[axis]
        end = None if to_end else ends[axis]
        step = steps[axis] if axis < len(steps) else 1
        if single:
            squeezed.append(axis)
            begin, step = begins[axis], 1
            end = None if begin == -1 else begin + 1
        y = arrays.take_slice(g, y, axis, begin, end, step=step)
    y = arrays.squeeze(g, y, squeezed) if squeezed else y
    return y if y.rank else arrays.reshape(g, y, (1,))


def slice_by_size(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`SliceBySizeLayerParams`: the start is a value that is computed at run time."""
    start, p = layer.pair()[1], layer.params
    axis = arrays.axis_of(p.axis, layer.x.rank)
    if not 1 <= p.size <= layer.x.shape[axis]:
        raise CoreMLFileError(f"a slice: expected 1 to {layer.x.shape[axis]} entries, found {p.size}")
    steps = np.arange(int(p.size), dtype=np.float32)
    indices = g.op("Add", arrays.reshape(g, start, (1,)), steps)
    return arrays.gather(g, layer.x, indices, axis)


def load_constant(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`LoadConstantLayerParams`: (1, 1, C, H, W)."""
    shape = tuple(int(size) for size in layer.params.shape)
    return g.constant(nnweights.array(layer.params.data, shape).reshape((1,) * (5 - len(shape)) + shape))


def load_constant_nd(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`LoadConstantNDLayerParams`: any shape."""
    return g.constant(nnweights.array(layer.params.data, tuple(int(size) for size in layer.params.shape)))


def fill_static(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`FillStaticLayerParams`: a shape filled with one number."""
    shape = [int(size) for size in layer.params.targetShape]
    return arrays.broadcast_to(g, g.constant(float(layer.params.value)), shape)


def fill_dynamic(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`FillDynamicLayerParams`: a shape, the only input, filled with one number."""
    return arrays.broadcast_to(g, g.constant(float(layer.params.value)), integers(g, layer, 0, ()))


def fill_like(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`FillLikeLayerParams`: the shape of the input filled with one number."""
    return arrays.broadcast_to(g, g.constant(float(layer.params.value)), layer.x.shape)


def range_static(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`RangeStaticLayerParams`: start, start + step, ... below end."""
    p = layer.params
    return _range(g, p.startValue, p.endValue, p.stepSizeValue)


def range_dynamic(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`RangeDynamicLayerParams`: the same, with (end, start, step) as inputs, of which the last ones may be
    parameters."""
    p = layer.params
    defaults = (0.0, p.startValue, p.stepSizeValue)
    given = [numbers(g, layer, index) for index in range(3)]
    end, start, step = (
        float(default if number is None else number[0])
        for number, default in zip(given, defaults, strict=True)
    )
    return _range(g, start, end, step)


def _range(g: OnnxGraph, start: float, end: float, step: float) -> Tensor:
    return g.constant(arrays.evenly_spaced(start, end, step, np.dtype(np.float32)))


def tile(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`TileLayerParams`: repeat along the last axes, or along all."""
    x, repeats = layer.x, integers(g, layer, 1, layer.params.reps)
    return arrays.tile(g, x, [1] * (x.rank - len(repeats)) + repeats)


def cumulative_sum(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`CumSumLayerParams`: cumulative sums along an axis."""
    p, x = layer.params, layer.x
    (position,) = integers(g, layer, 1, (p.axis,))
    axis = np.asarray(arrays.axis_of(position, x.rank), dtype=np.int64)
    return g.op("CumSum", x, axis, exclusive=int(p.excludeFinalSum), reverse=int(p.reverse))


def sequence_repeat(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`SequenceRepeatLayerParams`: repeat the sequence."""
    x = at_least(layer.x, 5)
    repeats = [1] * x.rank
    repeats[_SEQUENCE] = int(layer.params.nRepetitions or 1)
    return arrays.tile(g, x, repeats)


def reverse(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ReverseLayerParams`: reverse the axes whose flag is set."""
    y = layer.x
    for axis, is_reversed in enumerate(layer.params.reverseDim):
        y = arrays.take_slice(g, y, axis, None, None, step=-1) if is_reversed else y
    return y


LAYERS: dict[str, Translator] = {
    "flatten": flatten,
    "flattenTo2D": lambda g, layer: arrays.flatten_from(g, layer.x, layer.params.axis),
    "reshape": reshape,
    "reshapeStatic": lambda g, layer: arrays.reshape_like(g, layer.x, list(layer.params.targetShape)),
    "rankPreservingReshape": lambda g, layer: arrays.reshape_like(g, layer.x, list(layer.params.targetShape)),
    "reshapeDynamic": lambda g, layer: arrays.reshape_like(g, layer.pair()[0], integers(g, layer, 1, ())),
    "reshapeLike": lambda g, layer: arrays.reshape(g, layer.pair()[0], layer.pair()[1].shape),
    "squeeze": squeeze,
    "expandDims": lambda g, layer: arrays.expand(g, layer.x, list(layer.params.axes)),
    "permute": permute,
    "transpose": lambda g, layer: arrays.transpose(g, layer.x, [int(a) for a in layer.params.axes]),
    "concat": concat,
    "concatND": concat_nd,
    "stack": stack,
    "split": split,
    "splitND": split_nd,
    "slice": slice_axis,
    "sliceStatic": slice_static,
    "sliceDynamic": slice_dynamic,
    "sliceBySize": slice_by_size,
    "copy": lambda _, layer: layer.x,
    "loadConstant": load_constant,
    "loadConstantND": load_constant_nd,
    "fillStatic": fill_static,
    "fillDynamic": fill_dynamic,
    "fillLike": fill_like,
    "rangeStatic": range_static,
    "rangeDynamic": range_dynamic,
    "getShape": lambda g, layer: g.constant(np.asarray(layer.x.shape, dtype=np.float32)),
    "tile": tile,
    "cumSum": cumulative_sum,
    "broadcastToStatic": lambda g, layer: arrays.broadcast_to(
        g, layer.x, [int(n) for n in layer.params.targetShape]
    ),
    "broadcastToDynamic": lambda g, layer: arrays.broadcast_to(g, layer.pair()[0], integers(g, layer, 1, ())),
    "broadcastToLike": lambda g, layer: arrays.broadcast_to(g, layer.pair()[0], layer.pair()[1].shape),
    "sequenceRepeat": sequence_repeat,
    "reverse": reverse,
}
