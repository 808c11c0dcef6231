"""The targets of pictures, of the labels that each has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def targets_of(
    found: Sequence[Sequence[str]], labels: Sequence[str], is_multi_label: bool
) -> npt.NDArray[Any]:
    """Targets of pictures: the index of the class, int32 (n,); or 1 for each of the labels that a picture
    has, float32 (n, labels)."""
    index = {label: place for place, label in enumerate(labels)}
    if not is_multi_label:
        return np.array([index[label] for (label,) in found], np.int32)
    targets = np.zeros((len(found), len(labels)), np.float32)
    for row, some in enumerate(found):
        targets[row, [index[label] for label in some]] = 1
    return targets
