"""A document to start from: what recordings may be about, and a small network that fits them."""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import Any

from quickml.document.names import as_name
from quickml.document.proposals import MOST_LABELS, duration
from quickml.document.training import BALANCED
from quickml.recordings.prepare import PreparedRecordings
from quickml.tables.propose import is_unbalanced

STEPS, EPOCHS = 1500, (5, 60)
_FILTERS = ((500, 16), (5000, 32), (math.inf, 64))
"""Windows for training up to which a convolution has so many filters."""
_UNITS = 32
_SHORTEST = 24
"""Steps below which there is one convolution only."""


def document(prepared: PreparedRecordings) -> dict[str, Any]:
    """A document that learns from recordings as they were prepared; what was found out is written out."""
    train = prepared.info.sizes[0]
    batch_size, epochs = duration(train, steps=STEPS, epochs=EPOCHS)
    return {
        "name": as_name(PurePath(prepared.reference.file).stem),
        "dataset": _dataset(prepared),
        "model": {"layers": _layers(prepared)},
        "training": {
            "optimizer": {"type": "Adam", "learning_rate": 0.002},
            **({"class_weight": BALANCED} if is_unbalanced([count for _, count in prepared.windows]) else {}),
            "batch_size": batch_size,
            "epochs": epochs,
        },
    }


def _dataset(prepared: PreparedRecordings) -> dict[str, Any]:
    reference = prepared.reference
    given = reference.model_dump(exclude_none=True, exclude={"sha256", "seed"})
    if len(reference.labels or ()) > MOST_LABELS:
        del given["labels"]
    return {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()}


def _layers(prepared: PreparedRecordings) -> list[dict[str, Any]]:
    """Convolutions along the steps, which find a movement wherever it is; for a forecast an LSTM, whose last
    state knows the order."""
    info = prepared.info
    if not info.labels:
        return [{"type": "Normalization"}, {"type": "LSTM", "units": _UNITS}, {"type": "Dense", "units": 1}]
    filters = next(filters for limit, filters in _FILTERS if info.sizes[0] < limit)
    layers: list[dict[str, Any]] = [{"type": "Normalization"}, _convolution(filters)]
    if info.shape[0] >= _SHORTEST:
        layers += [{"type": "MaxPooling1D"}, _convolution(2 * filters)]
    return [
        *layers,
        {"type": "GlobalAveragePooling1D"},
        {"type": "Dropout", "rate": 0.2},
        {"type": "Dense", "units": len(info.labels), "activation": "softmax"},
    ]


def _convolution(filters: int) -> dict[str, Any]:
    return {"type": "Conv1D", "filters": filters, "kernel_size": 5, "padding": "same", "activation": "relu"}
