"""Larger and smaller images."""

from __future__ import annotations

import numpy as np
from coremltools.converters.mil import Builder as mb
from numpy.typing import NDArray

from quickml.document.layers.resizing import Cropping2D, Interpolation, Resizing, UpSampling2D, ZeroPadding2D
from quickml.export.coreml.emit.emitter import Context, Var, emits


@emits(ZeroPadding2D)
def zero_padding_2d(layer: ZeroPadding2D, context: Context) -> Var:
    """Margins of zeros; none for the batch and the channels."""
    pad = [0, 0, 0, 0, *layer.padding[0], *layer.padding[1]]
    return mb.pad(x=context.input, pad=pad, mode="constant", constant_val=0.0, name=context.name)


@emits(Cropping2D)
def cropping_2d(layer: Cropping2D, context: Context) -> Var:
    """Rows and columns less."""
    rows, columns = layer.cropping
    return mb.crop(x=context.input, crop_height=rows, crop_width=columns, name=context.name)


@emits(UpSampling2D)
def up_sampling_2d(layer: UpSampling2D, context: Context) -> Var:
    """Nearest by whole factors is the one way of resizing that both formats have exactly as Keras has it."""
    if layer.interpolation == "bilinear":
        return _resized(context, "bilinear")
    rows, columns = layer.size
    return mb.upsample_nearest_neighbor(
        x=context.input, scale_factor_height=rows, scale_factor_width=columns, name=context.name
    )


@emits(Resizing)
def resizing(layer: Resizing, context: Context) -> Var:
    """To any size."""
    return _resized(context, layer.interpolation)


def _resized(context: Context, interpolation: Interpolation) -> Var:
    """Two products with constant matrices, one for the rows and one for the columns.

    The formats' own resizing lays its samples on other grids than Keras: a neural network for iOS 13 knows
    none that starts half a pixel from the edge. A product leaves nothing to interpretation.
    """
    (height, width, _), (rows, columns, _) = context.input_shapes[0], context.output_shape
    wide = mb.matmul(
        x=context.input, y=_samples(width, columns, interpolation), name=f"{context.name}_columns"
    )
    turned = mb.transpose(x=wide, perm=[0, 1, 3, 2], name=f"{context.name}_turned")
    tall = mb.matmul(x=turned, y=_samples(height, rows, interpolation), name=f"{context.name}_rows")
    return mb.transpose(x=tall, perm=[0, 1, 3, 2], name=context.name)


def _samples(size: int, target: int, interpolation: Interpolation) -> NDArray[np.float32]:
    """What each of `target` places takes from each of `size`: (size, target), columns sum to 1.

    `tf.image.resize`: places are centres of pixels, so that (i + 0.5) * size / target - 0.5 is sampled.
    """
    places = (np.arange(target) + 0.5) * size / target
    matrix = np.zeros((size, target))
    if interpolation == "nearest":
        matrix[np.floor(places).astype(int), np.arange(target)] = 1
        return matrix.astype(np.float32)
    places = np.clip(places - 0.5, 0, size - 1)
    low = np.floor(places).astype(int)
    share = places - low
    matrix[low, np.arange(target)] += 1 - share
    matrix[np.minimum(low + 1, size - 1), np.arange(target)] += share
    return matrix.astype(np.float32)
