"""Layers that act only in training, such as Dropout."""

from __future__ import annotations

from coremltools.converters.mil import Builder as mb

from quickml.document.layers import LAYERS, Layer
from quickml.export.coreml.emit.emitter import Context, Var, emits


@emits(*(kind for kind in LAYERS.values() if kind.only_trains))
def identity(layer: Layer, context: Context) -> Var:  # noqa: ARG001
    """The input, unchanged. coremltools removes such operations from the file."""
    return mb.identity(x=context.input, name=context.name)
