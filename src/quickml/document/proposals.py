"""What documents that are proposed for data of a user share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

MOST_LABELS = 20
"""Labels that a proposed document lists."""
_FEW, _MANY = 1000, 10_000
"""Samples for training below which a batch is small, and from which on it is large."""
_FILTERS = (16, 32, 64, 96, 128)
_SMALLEST = 6
"""Side of the maps below which they are not halved."""


def duration(
    train: int, *, steps: int, epochs: tuple[int, int], many: int = _MANY, large: int = 64
) -> tuple[int, int]:
    """Batch size and number of epochs.

    Args:
        train: number of samples for training.
        steps: about how many updates of the weights there are.
        epochs: minimum and maximum number of epochs, whatever the steps.
        many: samples from which on a batch is large.
        large: size of such a batch.
    """
    batch_size = 16 if train < _FEW else 32 if train < many else large
    least, most = epochs
    return batch_size, min(max(math.ceil(steps / math.ceil(train / batch_size)), least), most)


def listed_labels(labels: Sequence[str] | None) -> list[str] | None:
    """The labels that a document lists; None if there are none, or more than anybody reads."""
    return list(labels) if labels and len(labels) <= MOST_LABELS else None


def convolutions(shape: tuple[int, ...]) -> list[dict[str, Any]]:
    """Convolutions that halve the maps until they are small, and the mean of each."""
    side, layers = min(shape[:2]), [{"type": "Rescaling", "scale": 1 / 255}]
    for filters in _FILTERS:
        layers += [
            {"type": "Conv2D", "filters": filters, "kernel_size": 3, "padding": "same", "use_bias": False},
            {"type": "BatchNormalization", "momentum": 0.9},
            {"type": "ReLU"},
        ]
        if side < 2 * _SMALLEST:
            break
        layers.append({"type": "MaxPooling2D"})
        side //= 2
    return [*layers, {"type": "GlobalAveragePooling2D"}, {"type": "Dropout", "rate": 0.2}]
