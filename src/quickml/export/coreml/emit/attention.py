"""Attention, from matrix products and a softmax, which both formats define identically."""

from __future__ import annotations

import numpy as np
from coremltools.converters.mil import Builder as mb
from numpy.typing import NDArray

from quickml.document.layers.attention import MultiHeadAttention
from quickml.export.coreml.emit.emitter import Context, Var, emits

UNSEEN = -3e4
"""Added to masked scores. Its exponential is 0, and it is in the range of float16."""

HEADS_FIRST = [0, 2, 1, 3]
"""Permutation of (1, steps, heads, size) to (1, heads, steps, size), and back."""


@emits(MultiHeadAttention)
def multi_head_attention(layer: MultiHeadAttention, context: Context) -> Var:
    """softmax(query · key / sqrt(key_dim)) · value for each head, then a Dense layer over all heads."""
    query, key, value = (_heads(context, part) for part in ("query", "key", "value"))
    query = mb.mul(x=query, y=np.float32(1 / np.sqrt(layer.key_dim)))
    scores = mb.matmul(x=query, y=key, transpose_y=True)
    if layer.use_causal_mask:
        scores = mb.add(x=scores, y=_future(context.input_shapes[0][0]))
    attended = mb.matmul(x=mb.softmax(x=scores, axis=-1), y=value)
    return _joined(context, mb.transpose(x=attended, perm=HEADS_FIRST))


def _heads(context: Context, part: str) -> Var:
    """(1, steps, features) to (1, heads, steps, size); Keras' kernel is (features, heads, size)."""
    kernel, bias = context.weights[f"{part}/kernel"], context.weights.get(f"{part}/bias")
    features, heads, size = kernel.shape
    flat = _linear(context.input, kernel.reshape(features, -1), bias, f"{context.name}_{part}")
    steps = context.input_shapes[0][0]
    return mb.transpose(x=mb.reshape(x=flat, shape=[1, steps, heads, size]), perm=HEADS_FIRST)


def _joined(context: Context, attended: Var) -> Var:
    """(1, steps, heads, size) to (1, steps, features); Keras' kernel is (heads, size, features)."""
    kernel = context.weights["attention_output/kernel"]
    flat = kernel.reshape(-1, kernel.shape[-1])
    row = mb.reshape(x=attended, shape=[1, context.input_shapes[0][0], len(flat)])
    return _linear(row, flat, context.weights.get("attention_output/bias"), context.name)


def _linear(x: Var, kernel: NDArray[np.float32], bias: NDArray[np.float32] | None, name: str) -> Var:
    arguments = {} if bias is None else {"bias": bias.reshape(-1)}
    return mb.linear(x=x, weight=kernel.T.copy(), name=name, **arguments)


def _future(steps: int) -> NDArray[np.float32]:
    """The causal mask, (steps, steps): later steps, which are above the diagonal, are masked."""
    return np.triu(np.full((steps, steps), UNSEEN, np.float32), 1)
