"""The arrays of a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # documents are checked without importing numpy
    import numpy.typing as npt

RESIDENT_BYTES = 256 << 20
"""Training inputs up to this size are copied into memory as a whole. Larger ones are read part by part."""
PART_BYTES = 32 << 20
"""Size of a part, at least one sample."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """Training and test samples, raw, as an app passes them to the model. The arrays become read-only.

    - `x_train`, `x_test`: images, uint8 (n, height, width, channels), or (n, height, width) as sequences of
      rows, pixels 0..255; features, float32 (n, k), or sequences, float32 (n, steps, k), in their own units;
      or tokens, int32 (n, steps).
    - `y_train`, `y_test`: class indices, int32 (n,); for a regression float32 (n,), in the target's unit.
      Of several targets float32 (n, targets); of labels of which a sample can have several, 0 or 1.
    """

    x_train: npt.NDArray[Any]
    y_train: npt.NDArray[Any]
    x_test: npt.NDArray[Any]
    y_test: npt.NDArray[Any]

    def __post_init__(self) -> None:
        for array in (self.x_train, self.y_train, self.x_test, self.y_test):
            array.setflags(write=False)
