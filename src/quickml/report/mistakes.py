"""The test samples with the largest errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from quickml.report.formatting import number

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Mistake:
    """A test sample that was predicted wrongly."""

    index: int
    """Position among the test samples, from 0."""
    truth: str
    predicted: str
    confidence: float
    """Probability of the wrong label; for a regression, the absolute error."""
    values: Array
    """The input of the model: uint8 (height, width, channels), or float32 (features,)."""


def worst(
    x_test: Array, y_test: Array, predictions: Array, labels: Sequence[str], count: int = 24
) -> list[Mistake]:
    """Select the worst mistakes.

    Args:
        x_test: inputs of the model (n, ...).
        y_test: class indices, integer (n,); or a regression's targets, float (n,).
        predictions: probabilities (n, classes), or with two classes those of the second, (n,) or (n, 1); the
            predicted values of a regression, (n,) or (n, 1).
        labels: the classes in the order of the outputs; empty for a regression.
        count: maximum number of samples.

    Returns:
        For a classification, the wrongly labelled samples, the most confident first; for a regression, the
        samples with the largest absolute errors, largest first. Equal samples keep their order.
    """
    answers = np.asarray(predictions, dtype=np.float64).reshape(len(y_test), -1)
    if not labels:
        return _farthest(x_test, y_test, answers[:, 0], count)
    if answers.shape[1] == 1:
        answers = np.hstack((1 - answers, answers))
    said = answers.argmax(axis=1)
    sure = np.nan_to_num(answers[np.arange(len(said)), said])
    wrong = np.flatnonzero(said != y_test)
    return [
        Mistake(
            index=int(i), truth=labels[int(y_test[i])], predicted=labels[int(said[i])],
            confidence=float(sure[i]), values=x_test[i],
        )
        for i in wrong[np.argsort(-sure[wrong], kind="stable")][:count]
    ]  # fmt: skip


def _farthest(x_test: Array, y_test: Array, answers: Array, count: int) -> list[Mistake]:
    error = np.nan_to_num(np.abs(answers - y_test), nan=np.inf)
    return [
        Mistake(
            index=int(i), truth=number(float(y_test[i])), predicted=number(float(answers[i])),
            confidence=float(error[i]), values=x_test[i],
        )
        for i in np.argsort(-error, kind="stable")[:count]
        if error[i] > 0
    ]  # fmt: skip
