"""A small convolutional network to start from."""

from __future__ import annotations

from typing import Any

_FILTERS = (16, 32, 64, 96, 128)
_SMALLEST = 6
"""Side of the maps below which they are not halved."""


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
