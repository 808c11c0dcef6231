"""Layers over height and width: convolution, pooling, padding, cropping, resizing."""

from __future__ import annotations

from typing import Any

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading import nnweights, proto
from quickml.export.onnx import arrays, resizing, spatial
from quickml.export.onnx.graph import OnnxGraph, Tensor
from quickml.export.onnx.nn_layer import NetworkLayer, Translator, at_least, integers
from quickml.export.onnx.spatial import Window, to_ints

_TOP_LEFT_HEAVY = 1
_POOLING = ("max", "average", "l2")
_SAMPLING = ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "DEFAULT", "OFFSET_CORNERS")


def convolution(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ConvolutionLayerParams`; all axes before the channels form the batch.

    Deconvolutions ignore the dilation in their message, and an output shape replaces the padding.
    """
    p, x = layer.params, arrays.fold(g, layer.x, 4)
    kernel = to_ints(p.kernelSize, (3, 3), "a kernel")
    stride = to_ints(p.stride, (1, 1), "a stride")
    bias = nnweights.array(p.bias, (p.outputChannels,)) if p.hasBias else None
    if p.isDeconvolution:
        y = _deconvolution(g, x, p, kernel, stride)
    else:
        dilation = to_ints(p.dilationFactor, (1, 1), "a dilation")
        before, after = _padding(
            p, "ConvolutionPaddingType", x, kernel=kernel, stride=stride, dilation=dilation
        )
        shape = (int(p.outputChannels), int(p.kernelChannels), *kernel)
        weight = _computed(layer, shape) or g.constant(nnweights.array(p.weights, shape))
        window = Window(kernel=kernel, stride=stride, before=before, after=after, dilation=dilation)
        y = spatial.convolution(g, x, weight, bias, window=window, groups=int(p.nGroups) or 1)
    return arrays.unfold(g, y, layer.x)


def _computed(layer: NetworkLayer, shape: tuple[int, ...]) -> Tensor | None:
    """The kernels, if they are a second input."""
    if len(layer.inputs) < 2:
        return None
    weight = layer.inputs[1]
    if weight.shape != shape:
        raise CoreMLFileError(f"kernels: expected the shape {shape}, found {weight.shape}")
    return weight


def _deconvolution(
    g: OnnxGraph, x: Tensor, p: Any, kernel: tuple[int, ...], stride: tuple[int, ...]
) -> Tensor:
    groups = int(p.nGroups) or 1
    if p.outputChannels % groups:
        raise CoreMLFileError(f"{p.outputChannels} channels cannot be split into {groups} groups")
    shape = (p.kernelChannels, p.outputChannels // groups, *kernel)
    if groups > 1 and len(p.weights.quantization.linearQuantization.scale) > 1:
        raise UnsupportedModelError("a grouped deconvolution with a scale per channel cannot be run here")
    weight = nnweights.array(p.weights, shape, axis=1)
    bias = nnweights.array(p.bias, (p.outputChannels,)) if p.hasBias else None
    reach = [(size - 1) * step + width for size, step, width in zip(x.shape[2:], stride, kernel, strict=True)]
    target: tuple[int, ...] | None = None
    if p.outputShape:
        target = to_ints(p.outputShape, (1, 1), "an output shape")
    elif p.WhichOneof("ConvolutionPaddingType") == "same":
        target = tuple(size * step for size, step in zip(x.shape[2:], stride, strict=True))
    if target is None:
        before, after = _borders(p.valid.paddingAmounts)
    else:
        before, after = _crop(reach, target, p.same.asymmetryMode == _TOP_LEFT_HEAVY)
    window = Window(kernel=kernel, stride=stride, before=before, after=after)
    return spatial.deconvolution(g, x, weight, bias, window=window, groups=groups, size=target)


def _crop(reach: list[int], target: tuple[int, ...], lower: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    before, after = [], []
    for full, size in zip(reach, target, strict=True):
        total = full - size
        small = max(total, 0) // 2
        first = total - small if lower and total > 0 else small
        before.append(first)
        after.append(total - first)
    return tuple(before), tuple(after)


def _padding(
    p: Any,
    choice: str,
    x: Tensor,
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if p.WhichOneof(choice) == "same":
        lower = p.same.asymmetryMode == _TOP_LEFT_HEAVY
        return spatial.same_padding(x.shape[-2:], kernel, stride, dilation, lower)
    return _borders(p.valid.paddingAmounts)


def _borders(amounts: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    edges = list(amounts.borderAmounts)
    if not edges:
        return (0, 0), (0, 0)
    if len(edges) != 2:
        raise CoreMLFileError(f"expected border amounts of 2 axes, found {len(edges)}")
    return tuple(int(e.startEdgeSize) for e in edges), tuple(int(e.endEdgeSize) for e in edges)


def pooling(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`PoolingLayerParams`: max, average and L2 pooling, over windows or globally."""
    p = layer.params
    if not 0 <= p.type < len(_POOLING):
        raise UnsupportedModelError(f"the pooling type {p.type} cannot be run here")
    kind = _POOLING[p.type]
    if p.globalPooling:
        return spatial.global_pooling(g, at_least(layer.x, 2), kind)
    x = arrays.fold(g, layer.x, 4)
    kernel, stride = to_ints(p.kernelSize, (3, 3), "a kernel"), to_ints(p.stride, (1, 1), "a stride")
    counted = None
    if p.WhichOneof("PoolingPaddingType") == "includeLastPixel":
        before = to_ints(p.includeLastPixel.paddingAmounts, (0, 0), "padding")
        after = spatial.complete_padding(x.shape[-2:], kernel, stride, before)
        counted = before
    else:
        before, after = _padding(p, "PoolingPaddingType", x, kernel=kernel, stride=stride, dilation=(1, 1))
    window = Window(kernel=kernel, stride=stride, before=before, after=after)
    y = spatial.pooling(g, x, kind, window, exclude=p.avgPoolExcludePadding, counted=counted)
    return arrays.unfold(g, y, layer.x)


def convolution3d(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`Convolution3DLayerParams`: of (N, C, D, H, W)."""
    p, x = layer.params, layer.x
    if p.isDeconvolution:
        raise UnsupportedModelError("a deconvolution of three axes cannot be run here")
    groups = int(p.nGroups) or 1
    window = _window3d(p, x, _three(p, "dilation"))
    bias = nnweights.array(p.bias, (p.outputChannels,)) if p.hasBias else None
    weight = nnweights.array(p.weights, (p.outputChannels, p.inputChannels // groups, *window.kernel))
    return spatial.convolution(g, x, weight, bias, window=window, groups=groups)


def pooling3d(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`Pooling3DLayerParams`: max and average pooling of (N, C, D, H, W)."""
    p, x = layer.params, layer.x
    kind = proto.enum_name(p, "type", p.type).lower()
    return spatial.pooling(g, x, kind, _window3d(p, x, (1, 1, 1)), exclude=p.countExcludePadding)


def global_pooling3d(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`GlobalPooling3DLayerParams`: the last three axes, which keep size 1."""
    kind = proto.enum_name(layer.params, "type", layer.params.type)
    return arrays.reduce(
        g, "ReduceMax" if kind == "MAX" else "ReduceMean", at_least(layer.x, 3), (-3, -2, -1)
    )


def _window3d(p: Any, x: Tensor, dilation: tuple[int, ...]) -> Window:
    kernel, stride = _three(p, "kernel"), _three(p, "stride")
    before: tuple[int, ...] = (0, 0, 0)
    after: tuple[int, ...] = (0, 0, 0)
    kind = proto.enum_name(p, "paddingType", p.paddingType)
    if kind == "SAME":
        before, after = spatial.same_padding(x.shape[2:], kernel, stride, dilation, lower=False)
    elif kind == "CUSTOM":
        before = (p.customPaddingFront, p.customPaddingTop, p.customPaddingLeft)
        after = (p.customPaddingBack, p.customPaddingBottom, p.customPaddingRight)
    return Window(kernel=kernel, stride=stride, before=before, after=after, dilation=dilation)


def _three(p: Any, name: str) -> tuple[int, ...]:
    """The sizes of depth, height and width; 1 by default."""
    return tuple(int(getattr(p, f"{name}{axis}")) or 1 for axis in ("Depth", "Height", "Width"))


def padding(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`PaddingLayerParams`: constant, reflection or replication."""
    p = layer.params
    before, after = _borders(p.paddingAmounts)
    kind = p.WhichOneof("PaddingType") or "constant"
    mode = {"constant": "constant", "reflection": "reflect", "replication": "edge"}[kind]
    return arrays.pad(g, at_least(layer.x, 2), before, after, mode=mode, value=p.constant.value)


def constant_pad(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ConstantPaddingLayerParams`: padding amounts for every axis, or target sizes."""
    p, x = layer.params, layer.x
    amounts = integers(g, layer, 1, p.padAmounts)
    if len(amounts) != 2 * x.rank:
        raise CoreMLFileError(f"expected {2 * x.rank} amounts of padding, found {len(amounts)}")
    before, after = amounts[::2], amounts[1::2]
    if p.padToGivenOutputSizeMode:
        # In each pair, one number is the target size and the other 0; its position is the side to pad.
        before = [max(0, target - size) for target, size in zip(before, x.shape, strict=True)]
        after = [max(0, target - size) for target, size in zip(after, x.shape, strict=True)]
    return arrays.pad(g, x, before, after, value=p.value)


def crop(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`CropLayerParams`: by border amounts, or to the size of a second input at an offset."""
    x = at_least(layer.x, 2)
    if len(layer.inputs) > 1:
        start = to_ints(layer.params.offset, (0, 0), "an offset")
        size = layer.inputs[1].shape[-2:]
        stop = tuple(first + length for first, length in zip(start, size, strict=True))
    else:
        start, after = _borders(layer.params.cropAmounts)
        stop = tuple(length - last for length, last in zip(x.shape[-2:], after, strict=True))
    if any(not 0 <= a <= b <= n for a, b, n in zip(start, stop, x.shape[-2:], strict=True)):
        raise CoreMLFileError(f"a crop from {start} to {stop} does not fit a value of shape {x.shape}")
    y = arrays.take_slice(g, x, -2, start[0], stop[0])
    return arrays.take_slice(g, y, -1, start[1], stop[1])


def upsample(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`UpsampleLayerParams`: nearest or bilinear, by integer or fractional factors."""
    p, x = layer.params, at_least(layer.x, 2)
    whole = to_ints(p.scalingFactor, (1, 1), "a factor")
    factors: tuple[float, ...] = tuple(p.fractionalScalingFactor) or whole
    size = resizing.scaled_size((x.shape[-2], x.shape[-1]), factors)
    if proto.enum_name(p, "mode", p.mode) == "NN":
        return resizing.nearest(g, x, size)
    mode = {0: "DEFAULT", 1: "STRICT_ALIGN_CORNERS", 2: "UNALIGN_CORNERS"}[p.linearUpsampleMode]
    return resizing.bilinear(g, x, size, mode)


def resize_bilinear(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ResizeBilinearLayerParams`: resize to a size, on one of four sampling grids."""
    size = to_ints(layer.params.targetSize, (1, 1), "a size")
    mode = _SAMPLING[layer.params.mode.samplingMethod]
    return resizing.bilinear(g, at_least(layer.x, 2), (size[0], size[1]), mode)


def crop_resize(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`CropResizeLayerParams`: boxes (N, 1, 4 or 5, 1, 1) of pictures (1, B, C, H, W)."""
    p, (x, box_numbers) = layer.params, layer.pair()
    boxes, which = resizing.boxes(g, box_numbers)
    if x.rank != 5 or x.shape[0] != 1:
        raise CoreMLFileError(f"expected pictures (1, B, C, H, W), found the shape {x.shape}")
    if which is not None:
        x = arrays.transpose(g, arrays.gather(g, x, which, 1), (1, 0, 2, 3, 4))
    size, scale = to_ints(p.targetSize, (1, 1), "a size"), p.spatialScale or 1.0
    sizes = (x.shape[-2] - 1, x.shape[-1] - 1) if p.normalizedCoordinates else (1, 1)
    return resizing.crop_resize(
        g, x, boxes, size=(size[0], size[1]), mode=_SAMPLING[p.mode.samplingMethod],
        corners=proto.enum_name(p.boxIndicesMode, "boxMode", p.boxIndicesMode.boxMode),
        scale=(scale * sizes[0], scale * sizes[1]), zero_outside=False,
    )  # fmt: skip


def reorganize(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ReorganizeDataLayerParams`: move data between channels and spatial axes."""
    p, x = layer.params, arrays.fold(g, layer.x, 4)
    mode = proto.enum_name(p, "mode", p.mode)
    if mode == "SPACE_TO_DEPTH":
        y = spatial.space_to_depth(g, x, p.blockSize)
    else:
        y = spatial.depth_to_space(g, x, p.blockSize, "CRD" if mode == "PIXEL_SHUFFLE" else "DCR")
    return arrays.unfold(g, y, layer.x)


LAYERS: dict[str, Translator] = {
    "convolution": convolution,
    "pooling": pooling,
    "convolution3d": convolution3d,
    "pooling3d": pooling3d,
    "globalPooling3d": global_pooling3d,
    "padding": padding,
    "constantPad": constant_pad,
    "crop": crop,
    "upsample": upsample,
    "resizeBilinear": resize_bilinear,
    "cropResize": crop_resize,
    "reorganizeData": reorganize,
}
