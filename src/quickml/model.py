"""What training hands on: plain numpy and plain records, nothing of keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quickml.document import Plan

Array = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Samples in raw form with the trained model's answers, computed in float32.

    A delivered file must give the same answers. The first `held_out` samples are test samples as they
    are; where a dataset has few, the rest are test samples varied.
    """

    inputs: NDArray[np.generic]
    """(n, *input shape), raw: uint8 pixels 0..255, or float32 features."""
    expected: Array
    """(n, classes) probabilities in label order, or (n, 1) predicted targets."""
    truth: NDArray[np.generic]
    """(held_out,) class indices (int32), or targets (float32)."""
    held_out: int


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A trained model, evaluated in float32 on all test samples."""

    plan: Plan
    weights: Mapping[str, Mapping[str, Array]]
    """By layer name, then by Keras' name of the variable (`kernel`, `bias`, `gamma`, `moving_mean`, ...).

    A layer within a layer stands before the name: `query/kernel`, `forward_lstm/bias`.

    Layers without any are left out. A Normalization has `mean` and `variance` here where they were measured,
    and is left out where the document gave them.
    """
    history: tuple[Mapping[str, float], ...]
    """One per epoch: `epoch` (from 1), `loss`, metrics, `val_...`, `learning_rate`, `seconds`.

    The loss of a regression is in standard deviations of the training targets, its metrics in their unit.
    """
    stopped: str | None
    """`asked`, `early_stopping`, `max_seconds`, or None for all epochs."""
    precision: str
    """What it was trained in: `float32` or `mixed_bfloat16`."""
    metrics: Mapping[str, float]
    """On the test samples: `loss`, the metrics asked for."""
    predictions: Array
    """(test samples, classes) probabilities in label order, or (test samples, 1) predicted targets."""
    confusion: NDArray[np.int64] | None
    """(classes, classes): rows are the truth, columns the prediction. None for a regression."""
    probe: Probe
    train_samples: int
    validation_samples: int
    seconds: Mapping[str, float]
    """Wall-clock of `build` (with loading TensorFlow), `train`, and `evaluate` (with saving for Keras)."""
