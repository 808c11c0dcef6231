"""The accuracy of a file with compressed weights, measured on every test sample."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quickml.export.verify import answers
from quickml.model import Array


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Accuracy or error on the test samples."""

    accuracy: float | None
    """None for a regression."""
    mean_absolute_error: float | None
    """In the unit of the target; None for a classifier."""
    label_agreement: float | None
    """Share of samples given the label that the trained model gives; None for a regression."""
    drop: float
    """How much worse than the trained model: accuracy lost, or the relative increase of the mean absolute
    error."""


def measure(
    file: Path,
    inputs: NDArray[np.generic],
    truth: NDArray[np.generic],
    predictions: Array,
    labels: tuple[str, ...],
) -> Quality:
    """Execute a file on test samples.

    Args:
        file: a `.mlmodel` or `.mlpackage`.
        inputs: (n, *input shape), raw.
        truth: (n,) class indices or targets.
        predictions: (n, k), what the trained model answers.
        labels: the classes, in the order of `predictions`; none for a regression.

    Raises:
        VerificationError: the file has other labels.
        CoreMLFileError: it cannot be read or run.
    """
    found = answers(file, inputs, labels)
    return quality(found, truth, predictions, is_classifier=bool(labels))


def quality(found: Array, truth: NDArray[np.generic], predictions: Array, *, is_classifier: bool) -> Quality:
    """Compare answers with the truth, (n,), and with the trained model's `predictions`; both (n, k)."""
    if not is_classifier:
        error, before = _error(found, truth), _error(predictions, truth)
        drop = (error - before) / max(before, 1e-12)
        return Quality(accuracy=None, mean_absolute_error=error, label_agreement=None, drop=drop)
    said, trained = found.argmax(axis=1), predictions.argmax(axis=1)
    accuracy = float(np.mean(said == truth))
    return Quality(
        accuracy=accuracy,
        mean_absolute_error=None,
        label_agreement=float(np.mean(said == trained)),
        drop=float(np.mean(trained == truth)) - accuracy,
    )


def _error(found: Array, truth: NDArray[np.generic]) -> float:
    return float(np.abs(found[:, 0].astype(np.float64) - truth.astype(np.float64)).mean())
