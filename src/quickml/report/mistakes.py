"""The test samples that a model got most wrong."""

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
    """One test sample, what it is and what the model took it for."""

    index: int
    """Among the test samples, from 0."""
    truth: str
    predicted: str
    confidence: float
    """The probability given to the wrong label; for a regression, how far off the answer is."""
    values: Array
    """As handed to the model: uint8 (height, width, channels), or float32 (features,)."""


def worst(
    x_test: Array, y_test: Array, predictions: Array, labels: Sequence[str], count: int = 24
) -> list[Mistake]:
    """Pick the samples that show best what a model has not understood.

    Args:
        x_test: inputs (n, ...), as handed to the model.
        y_test: class indices, integer (n,); or a regression's targets, float (n,).
        predictions: probabilities (n, classes), or of two classes that of the second, (n,) or (n, 1);
            a regression's answers, (n,) or (n, 1).
        labels: the classes in the order of the outputs; empty for a regression.
        count: how many at most.

    Returns:
        Of a classification those given a wrong label, the surest first; of a regression those with the
        largest absolute error, largest first. Samples alike in that keep their order.
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
