"""Layers that change the size of images."""

from __future__ import annotations

import numpy as np
from coremltools.converters.mil import Builder as mb
from numpy.typing import NDArray

from quickml.document.layers.resizing import Cropping2D, Interpolation, Resizing, UpSampling2D, ZeroPadding2D
from quickml.export.coreml.emit.emitter import Context, Var, emits


@emits(ZeroPadding2D)
def zero_padding_2d(layer: ZeroPadding2D, context: Context) -> Var:
    """Pad rows and columns with zeros."""
    pad = [0, 0, 0, 0, *layer.padding[0], *layer.padding[1]]
    return mb.pad(x=context.input, pad=pad, mode="constant", constant_val=0.0, name=context.name)


@emits(Cropping2D)
def cropping_2d(layer: Cropping2D, context: Context) -> Var:
    """Remove rows and columns at the edges."""
    rows, columns = layer.cropping
    return mb.crop(x=context.input, crop_height=rows, crop_width=columns, name=context.name)


@emits(UpSampling2D)
def up_sampling_2d(layer: UpSampling2D, context: Context) -> Var:
    """Nearest with integer factors is the only resizing operation that both formats define as Keras does."""
    if layer.interpolation == "bilinear":
        return _resized(context, "bilinear")
    rows, columns = layer.size
    return mb.upsample_nearest_neighbor(
        x=context.input, scale_factor_height=rows, scale_factor_width=columns, name=context.name
    )


@emits(Resizing)
def resizing(layer: Resizing, context: Context) -> Var:
    """Resize to any size."""
    return _resized(context, layer.interpolation)


def _resized(context: Context, interpolation: Interpolation) -> Var:
    """Resize with two matrix products, one for the rows and one for the columns.

    The formats' resizing operations sample on other grids than Keras: a neural network for iOS 13 has no grid
    that starts half a pixel from the edge. Matrix products are unambiguous.
    """
    (height, width, _), (rows, columns, _) = context.input_shapes[0], context.output_shape
    wide = mb.matmul(
        x=context.input, y=_samples(width, columns, interpolation), name=f"{context.name}_columns"
    )
    transposed = mb.transpose(x=wide, perm=[0, 1, 3, 2], name=f"{context.name}_turned")
    tall = mb.matmul(x=transposed, y=_samples(height, rows, interpolation), name=f"{context.name}_rows")
    return mb.transpose(x=tall, perm=[0, 1, 3, 2], name=context.name)


def _samples(size: int, target: int, interpolation: Interpolation) -> NDArray[np.float32]:
    """The weights of the input samples in each output sample: (size, target), where columns sum to 1.

    As in `tf.image.resize`, samples are at pixel centres: output i is at (i + 0.5) * size / target - 0.5.
    """
    positions = (np.arange(target) + 0.5) * size / target
    matrix = np.zeros((size, target))
    if interpolation == "nearest":
        matrix[np.floor(positions).astype(int), np.arange(target)] = 1
        return matrix.astype(np.float32)
    positions = np.clip(positions - 0.5, 0, size - 1)
    low = np.floor(positions).astype(int)
    share = positions - low
    matrix[low, np.arange(target)] += 1 - share
    matrix[np.minimum(low + 1, size - 1), np.arange(target)] += share
    return matrix.astype(np.float32)
