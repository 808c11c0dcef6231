"""Which of Keras' layers are replaced by faster ones with the same formulas, for training only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quickml.document import Plan
from quickml.document.layers.layer import Layer
from quickml.document.layers.recurrent import Recurrent
from quickml.document.layers.wrappers import Bidirectional
from quickml.document.shapes import Node
from quickml.training.attention import QuickLayerNormalization, QuickMultiHeadAttention
from quickml.training.batch_norm import QuickBatchNormalization
from quickml.training.dropout import QuickDropout
from quickml.training.recurrent import MOST_WEIGHTS, QuickGRU, QuickLSTM, QuickSimpleRNN

QUICKER = {
    "BatchNormalization": QuickBatchNormalization,
    "Dropout": QuickDropout,
    "LSTM": QuickLSTM,
    "LayerNormalization": QuickLayerNormalization,
    "MultiHeadAttention": QuickMultiHeadAttention,
}
UNROLLED = {"GRU": QuickGRU, "SimpleRNN": QuickSimpleRNN}
"""Layers whose graph contains each of their steps; it takes as long as some hundred steps of a training."""
WORTH_UNROLLING = 500
"""Fewest steps of a training with such layers."""
IN_CUDNN = ("GRU", "LSTM")
"""Layers that Keras computes in one operation of cuDNN on a GPU."""


def quicker(plan: Plan, *, on_gpu: bool = False) -> Mapping[str, Any]:
    """Classes by the names of those of Keras that they replace."""
    training = plan.document.training
    steps = training.epochs * -(-plan.info.sizes[0] // training.batch_size)
    classes = QUICKER | UNROLLED if steps >= WORTH_UNROLLING else QUICKER
    return {name: one for name, one in classes.items() if not (on_gpu and name in IN_CUDNN)}


def is_quicker_in_float32(node: Node) -> bool:
    """Whether it is a recurrent layer so small that bfloat16 is slower."""
    layer: Layer = node.layer.layer if isinstance(node.layer, Bidirectional) else node.layer
    if not isinstance(layer, Recurrent):
        return False
    return (node.input_shapes[0][-1] + layer.units) * layer.units <= MOST_WEIGHTS
