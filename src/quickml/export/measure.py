"""Measure the accuracy of a file with compressed weights on all test samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quickml.datasets.columns import Column
from quickml.export.verify import answers
from quickml.model import Array

MOST_RAW = 512
"""Number of raw rows that a table's file is given. Forms of weights differ only in the network, which is
given all others."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Quality:
    """Accuracy or error on the test samples."""

    accuracy: float | None
    """Of several labels of a sample, the share that is right. None for a regression."""
    mean_absolute_error: float | None
    """In the unit of the target; None for a classifier."""
    label_agreement: float | None
    """Share of samples with the same label as from the trained model; None for a regression."""
    flipped: NDArray[np.intp] | None
    """Positions of the test samples with another label than from the trained model; None for a regression."""
    labels: NDArray[np.intp] | None
    """Their new labels, as class indices."""
    drop: float
    """Loss compared with the trained model: the decrease in accuracy, or the relative increase of the mean
    absolute error."""


def measure(
    file: Path,
    inputs: NDArray[np.generic],
    truth: NDArray[np.generic],
    predictions: Array,
    labels: tuple[str, ...],
    *,
    columns: Sequence[Column] = (),
    is_multi_label: bool = False,
) -> Quality:
    """Execute a file on test samples and compute its quality.

    Args:
        file: a `.mlmodel` or `.mlpackage`.
        inputs: (n, *input shape), raw.
        truth: (n,) class indices or targets, (n, k) several targets.
        predictions: (n, k), the outputs of the trained model.
        labels: the class labels, in the order of `predictions`; empty for a regression.
        columns: those of a table, whose raw values the file takes.
        is_multi_label: whether a sample can have several labels, whose probabilities are the outputs.

    Raises:
        VerificationError: the file has other labels.
        CoreMLFileError: the file cannot be read or run.
    """
    outputs = answers(file, inputs, labels, columns, most_raw=MOST_RAW)
    if is_multi_label:
        return label_quality(outputs, truth, predictions)
    return quality(outputs, truth, predictions, is_classifier=bool(labels))


def quality(found: Array, truth: NDArray[np.generic], predictions: Array, *, is_classifier: bool) -> Quality:
    """Compare outputs, (n, k), with the truth, (n,), and with the trained model's predictions, (n, k)."""
    if not is_classifier:
        error, before = _error(found, truth), _error(predictions, truth)
        drop = (error - before) / max(before, 1e-12)
        return Quality(
            accuracy=None,
            mean_absolute_error=error,
            label_agreement=None,
            flipped=None,
            labels=None,
            drop=drop,
        )
    predicted, trained = found.argmax(axis=1), predictions.argmax(axis=1)
    accuracy, flipped = float(np.mean(predicted == truth)), np.flatnonzero(predicted != trained)
    return Quality(
        accuracy=accuracy,
        mean_absolute_error=None,
        label_agreement=float(np.mean(predicted == trained)),
        flipped=flipped,
        labels=predicted[flipped],
        drop=float(np.mean(trained == truth)) - accuracy,
    )


def label_quality(found: Array, truth: NDArray[np.generic], predictions: Array) -> Quality:
    """The same for probabilities of labels, (n, k), of which a sample has any number."""
    said, before, has = found > 0.5, predictions > 0.5, truth.astype(np.float64) > 0.5
    accuracy = float(np.mean(said == has))
    return Quality(
        accuracy=accuracy,
        mean_absolute_error=None,
        label_agreement=float(np.mean(said == before)),
        flipped=None,
        labels=None,
        drop=float(np.mean(before == has)) - accuracy,
    )


def _error(found: Array, truth: NDArray[np.generic]) -> float:
    exact = truth.astype(np.float64).reshape(len(truth), -1)
    return float(np.abs(found.astype(np.float64) - exact).mean())
