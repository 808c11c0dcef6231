"""Embedding layers."""

from __future__ import annotations

from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import types

from quickml.document.layers.embedding import Embedding
from quickml.export.coreml.emit.emitter import Context, Var, emits


@emits(Embedding)
def embedding(layer: Embedding, context: Context) -> Var:  # noqa: ARG001 - the table is sufficient
    """Look up the row of the table for each token."""
    tokens = context.input
    if tokens.dtype != types.int32:
        tokens = mb.cast(x=tokens, dtype="int32")
    return mb.gather(x=context.weights["embeddings"], indices=tokens, axis=0, name=context.name)
