"""The weights of a Keras model by the names that QuickML uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quickml.model import Array


def weights(model: Any) -> Mapping[str, Mapping[str, Array]]:
    """Weights by layer name and by Keras' variable name, float32."""
    return {
        layer.name: {name: np.asarray(weight.value, np.float32) for name, weight in named(layer).items()}
        for layer in model.layers
        if layer.weights
    }


def named(layer: Any) -> dict[str, Any]:
    """The variables of a layer by their names: `kernel`, `bias`, `query/kernel`, `forward_lstm/bias`."""
    return {variable_name(weight.path): weight for weight in layer.weights}


def variable_name(path: str) -> str:
    """`dense/kernel` is `kernel`, `lstm/lstm_cell/bias` `bias`, `attention/query/kernel` `query/kernel`."""
    return "/".join(part for part in path.split("/")[1:] if not part.endswith("_cell"))
