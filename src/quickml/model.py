"""The result of training, as numpy arrays and plain values, without Keras objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from quickml.datasets.columns import Column
from quickml.document import Plan

Array = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Raw samples with the trained model's outputs, computed in float32.

    Exported files must give the same outputs. The first `held_out` samples are unmodified test samples; if a
    dataset has few, the others are variations of test samples.
    """

    inputs: NDArray[np.generic]
    """(n, *input shape), raw: uint8 pixels 0..255, float32 features, or the encoded rows of a table."""
    expected: Array
    """(n, classes) probabilities in label order, or (n, targets) predicted targets."""
    truth: NDArray[np.generic]
    """(held_out,) class indices (int32), or targets (float32); (held_out, targets) of several."""
    held_out: int
    columns: tuple[Column, ...] = ()
    """The columns whose raw values a file takes by name: those of a table, or of recordings."""


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A trained model, evaluated in float32 on all test samples."""

    plan: Plan
    weights: Mapping[str, Mapping[str, Array]]
    """By layer name, then by Keras' variable name (`kernel`, `bias`, `gamma`, `moving_mean`, ...).

    The name of a nested layer precedes that of its variable: `query/kernel`, `forward_lstm/bias`.

    Layers without weights are omitted. A Normalization has `mean` and `variance` if they were measured; it is
    omitted if the document contains them.
    """
    history: tuple[Mapping[str, float], ...]
    """One per epoch: `epoch` (from 1), `loss`, metrics, `val_...`, `learning_rate`, `seconds`.

    The loss of a regression is in standard deviations of the training targets; its metrics are in their unit.
    """
    stopped: str | None
    """Why training stopped early: `asked`, `early_stopping` or `max_seconds`; None if all epochs ran."""
    precision: str
    """Precision of the training: `float32`, `mixed_bfloat16` or `mixed_float16`."""
    accelerator: Literal["cpu", "gpu"] = "cpu"
    """What it was trained on."""
    device: str = ""
    """Name of the GPU."""
    metrics: Mapping[str, float]
    """`loss` and the requested metrics, on the test samples."""
    predictions: Array
    """(test samples, classes) probabilities in label order, or (test samples, targets) predicted targets."""
    confusion: NDArray[np.int64] | None
    """(classes, classes): rows are true classes, columns predicted ones. None for a regression."""
    probe: Probe
    film: bytes = b""
    """The film of the training, as `film.bin`; empty if none was recorded."""
    train_samples: int
    validation_samples: int
    seconds: Mapping[str, float]
    """Wall-clock time of `build` (includes loading TensorFlow), `train`, and `evaluate`."""
