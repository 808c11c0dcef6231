"""Layers that do nothing once training is over."""

from __future__ import annotations

from coremltools.converters.mil import Builder as mb

from quickml.coreml.emit.emitter import Context, Var, emits
from quickml.spec.layers import Layer
from quickml.spec.layers.augmentation import RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from quickml.spec.layers.regularization import Dropout, GaussianNoise, SpatialDropout2D
from quickml.spec.layers.sequence import SpatialDropout1D


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
