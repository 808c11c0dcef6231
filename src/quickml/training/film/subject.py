"""What is filmed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from quickml.datasets.data import Data
from quickml.document import Plan
from quickml.training.precision import Precision


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A training."""

    plan: Plan
    model: Any
    """The keras.Model that is trained. It is not changed."""
    precision: Precision
    """Precision of `model`; frames are computed in float32."""
    data: Data
    steps: int
    """Steps of an epoch."""
    graphs: list[Any]
    """Receives the TensorFlow graphs that are made, which TensorFlow never frees by itself."""
