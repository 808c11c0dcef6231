"""Layers that do nothing once training is over."""

from __future__ import annotations

from coremltools.converters.mil import Builder as mb

from quickml.document.layers import Layer
from quickml.document.layers.augmentation import RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from quickml.document.layers.regularization import Dropout, GaussianNoise, SpatialDropout2D
from quickml.document.layers.sequence import SpatialDropout1D
from quickml.export.coreml.emit.emitter import Context, Var, emits


@emits(
    Dropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
)
def identity(layer: Layer, context: Context) -> Var:  # noqa: ARG001
    """What came in. coremltools leaves such operations out of the file."""
    return mb.identity(x=context.input, name=context.name)
