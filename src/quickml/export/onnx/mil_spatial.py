"""Convolution, pooling and resizing of values (N, C, *spatial)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.onnx import arrays, resizing, spatial
from quickml.export.onnx.graph import OnnxGraph, Tensor
from quickml.export.onnx.mil_arguments import MilArguments, Translator
from quickml.export.onnx.spatial import Window


def _window(a: MilArguments, size: tuple[int, ...], kernel: tuple[int, ...]) -> Window:
    """The window from `pad_type`, `pad` (before and after each axis in turn), `strides` and `dilations`."""
    axes = len(kernel)
    stride = tuple(a.ints("strides", [1] * axes))
    dilation = tuple(a.ints("dilations", [1] * axes))
    kind = a.text("pad_type", "valid").lower()
    if kind in ("same", "same_lower"):
        before, after = spatial.same_padding(size, kernel, stride, dilation, kind == "same_lower")
    elif kind == "custom":
        pads = a.ints("pad", [0] * 2 * axes)
        before, after = tuple(pads[::2]), tuple(pads[1::2])
    elif kind == "valid":
        before, after = (0,) * axes, (0,) * axes
    else:
        raise UnsupportedModelError(f"the padding type {kind!r} cannot be run here")
    return Window(kernel=kernel, stride=stride, before=before, after=after, dilation=dilation)


def conv(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Convolution; the weight is (C_out, C / groups, *kernel)."""
    x, weight = a.tensor(), a.tensor("weight")
    window = _window(a, x.shape[2:], weight.shape[2:])
    return spatial.convolution(g, x, weight, a.optional("bias"), window=window, groups=a.integer("groups", 1))


def conv_transpose(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Transposed convolution with a weight (C, C_out / groups, *kernel); `output_shape` sets the size."""
    x, weight = a.tensor(), a.floats("weight")
    window = _window(a, x.shape[2:], weight.shape[2:])
    reach = [
        (size - 1) * step + (width - 1) * spread + 1
        for size, step, width, spread in zip(
            x.shape[2:], window.stride, window.kernel, window.dilation, strict=True
        )
    ]
    target = _transposed_size(a, x, window, reach)
    before = list(window.before)
    if a.text("pad_type", "valid").lower() == "same":
        before = [max(full - size, 0) // 2 for full, size in zip(reach, target, strict=True)]
    after = tuple(full - size - first for full, size, first in zip(reach, target, before, strict=True))
    window = replace(window, before=tuple(before), after=after)
    return spatial.deconvolution(
        g, x, weight, a.optional("bias"), window=window, groups=a.integer("groups", 1), size=target
    )


def _transposed_size(a: MilArguments, x: Tensor, window: Window, reach: list[int]) -> tuple[int, ...]:
    if a.has("output_shape"):
        return tuple(a.ints("output_shape")[2:])
    if a.text("pad_type", "valid").lower() == "same":
        return tuple(size * step for size, step in zip(x.shape[2:], window.stride, strict=True))
    edges = zip(reach, window.before, window.after, strict=True)
    return tuple(full - first - last for full, first, last in edges)


def pool(kind: str) -> Translator:
    """`max`, `average` or `l2` pooling; with `ceil_mode` the last window includes the last element."""

    def translate(g: OnnxGraph, a: MilArguments) -> Tensor:
        x = a.tensor()
        window = _window(a, x.shape[2:], tuple(a.ints("kernel_sizes")))
        counted = window.after
        if a.flag("ceil_mode"):
            after = spatial.complete_padding(x.shape[2:], window.kernel, window.stride, window.before)
            window = replace(window, after=after)
        exclude = a.flag("exclude_padding_from_average")
        return spatial.pooling(g, x, kind, window, exclude=exclude, counted=counted)

    return translate


def _scaled(a: MilArguments, x: Tensor) -> tuple[int, int]:
    factors = a.number("scale_factor_height", 1.0), a.number("scale_factor_width", 1.0)
    return resizing.scaled_size((x.shape[-2], x.shape[-1]), factors)


def _target(a: MilArguments) -> tuple[int, int]:
    return a.integer("target_size_height", 1), a.integer("target_size_width", 1)


def upsample_bilinear(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Scale by factors; corners are aligned unless `align_corners` is false."""
    mode = "STRICT_ALIGN_CORNERS" if a.flag("align_corners", True) else "UNALIGN_CORNERS"
    return resizing.bilinear(g, a.tensor(), _scaled(a, a.tensor()), mode)


def resize_bilinear(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Resize to a size, on one of five sampling grids."""
    return resizing.bilinear(g, a.tensor(), _target(a), a.text("sampling_mode", "DEFAULT"))


def resize(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Resize the last `resized_dims` axes to the last sizes of `shape`, where 0 keeps the size."""
    x, count, sizes = a.tensor(), a.integer("resized_dims"), a.ints("shape")
    if not 1 <= count <= min(2, len(sizes)) or x.rank < 2:
        raise UnsupportedModelError(f"resizing {count} axes of a value of shape {x.shape} cannot be run here")
    target = (x.shape[-2], *sizes[-count:]) if count == 1 else tuple(sizes[-2:])
    size = (target[0] or x.shape[-2], target[1] or x.shape[-1])
    mode = a.text("sampling_mode", "DEFAULT")
    if a.text("interpolation_mode", "LINEAR") == "NEAREST_NEIGHBOR":
        return resizing.nearest(g, x, size, mode)
    return resizing.bilinear(g, x, size, mode)


def crop_resize(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Crop boxes and resize them: up to iOS 16 `roi` (N, 1, 4 or 5, 1, 1), later `boxes` (N, 4)."""
    x = a.tensor()
    if a.number("pad_value", 0.0):
        raise UnsupportedModelError("crop_resize with a pad_value other than 0 cannot be run here")
    boxes, which = _boxes(g, a)
    pictures = arrays.expand(g, x, [0])
    if which is not None:
        pictures = arrays.expand(g, arrays.gather(g, x, which, 0), [1])
    scale = a.number("spatial_scale", 1.0)
    sizes = (x.shape[-2] - 1, x.shape[-1] - 1) if a.flag("normalized_coordinates") else (1, 1)
    crops = resizing.crop_resize(
        g, pictures, boxes, size=(a.integer("target_height", 1), a.integer("target_width", 1)),
        mode=a.text("sampling_mode", "DEFAULT"), scale=(scale * sizes[0], scale * sizes[1]),
        corners=a.text("box_coordinate_mode", "CORNERS_HEIGHT_FIRST"), zero_outside=a.has("pad_value"),
    )  # fmt: skip
    return arrays.squeeze(g, crops, [1]) if a.has("boxes") else crops


def _boxes(g: OnnxGraph, a: MilArguments) -> tuple[Tensor, Tensor | None]:
    """Boxes (N, 4), and the picture's index of each; None if every box applies to all pictures."""
    if a.has("boxes"):
        boxes = arrays.cast(g, a.tensor("boxes"), "fp32")
        default = np.arange(boxes.shape[0], dtype=np.int32)
        return boxes, a.tensor("box_indices") if a.has("box_indices") else g.constant(default)
    return resizing.boxes(g, a.tensor("roi"))


def pixel_unshuffle(g: OnnxGraph, a: MilArguments) -> Tensor:
    """(N, C, H * r, W * r) -> (N, C * r^2, H, W), channel by channel."""
    x, block = a.tensor(), a.integer("downscale_factor")
    batch, channels, height, width = x.shape
    if block < 1 or height % block or width % block:
        raise CoreMLFileError(f"blocks of {block} do not fit a value of shape {x.shape}")
    y = arrays.reshape(g, x, (batch, channels, height // block, block, width // block, block))
    y = arrays.transpose(g, y, (0, 1, 3, 5, 2, 4))
    return arrays.reshape(g, y, (batch, channels * block * block, height // block, width // block))


def pixel_shuffle(g: OnnxGraph, a: MilArguments) -> Tensor:
    """(N, C * r^2, H, W) -> (N, C, H * r, W * r), channel by channel."""
    return spatial.depth_to_space(g, a.tensor(), a.integer("upscale_factor"), "CRD")


def crop(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Remove `crop_height` and `crop_width` (before, after) from the last two axes."""
    y = a.tensor()
    for axis, name in ((-2, "crop_height"), (-1, "crop_width")):
        before, after = a.ints(name)
        y = arrays.take_slice(g, y, axis, before, y.shape[axis] - after)
    return y


OPERATIONS: dict[str, Translator] = {
    "conv": conv,
    "conv_transpose": conv_transpose,
    "max_pool": pool("max"),
    "avg_pool": pool("average"),
    "l2_pool": pool("l2"),
    "upsample_nearest_neighbor": lambda g, a: resizing.nearest(g, a.tensor(), _scaled(a, a.tensor())),
    "upsample_bilinear": upsample_bilinear,
    "resize_nearest_neighbor": lambda g, a: resizing.nearest(g, a.tensor(), _target(a)),
    "resize_bilinear": resize_bilinear,
    "depth_to_space": lambda g, a: spatial.depth_to_space(g, a.tensor(), a.integer("block_size"), "DCR"),
    "space_to_depth": lambda g, a: spatial.space_to_depth(g, a.tensor(), a.integer("block_size")),
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    "resize": resize,
    "crop_resize": crop_resize,
    "crop": crop,
}
