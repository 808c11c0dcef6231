"""The functions that translate the layers of a neural network, by kind."""

from __future__ import annotations

from quickml.export.onnx import nn_arithmetic, nn_arrays, nn_lookups, nn_recurrent, nn_spatial
from quickml.export.onnx.nn_layer import NetworkLayer, Translator

__all__ = ["LAYERS", "NetworkLayer"]

LAYERS: dict[str, Translator] = {
    **nn_spatial.LAYERS,
    **nn_arithmetic.LAYERS,
    **nn_arrays.LAYERS,
    **nn_lookups.LAYERS,
    **nn_recurrent.LAYERS,
}
