"""How well each of several targets is told: labels of which a sample can have any number, or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.answers.scores import Baseline, ClassScores, roc_auc

THRESHOLD = 0.5
"""A sample is given a label from above this probability on."""
NO_LABELS = "none"

Floats = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class TargetScores:
    """How well one of several numbers is predicted."""

    target: str
    mean_absolute_error: float
    root_mean_squared_error: float
    r2_score: float
    """1 minus the squared error divided by that of the mean; NaN if all targets are equal."""
    mean: float
    """Of the test samples."""
    baseline: float
    """The mean absolute error of always giving the mean."""

    @property
    def is_no_better(self) -> bool:
        """Whether the model is no better than always giving the mean."""
        return self.mean_absolute_error >= self.baseline


def per_label(truth: Floats, probabilities: Floats, labels: Sequence[str]) -> tuple[ClassScores, ...]:
    """The scores of each label against not having it.

    Args:
        truth: (samples, labels) 1 for a label that a sample has, 0 otherwise.
        probabilities: (samples, labels).
        labels: their names.
    """
    counts = confusions(truth, probabilities)
    return tuple(
        ClassScores(
            label=label,
            samples=int(right + missed),
            predicted=int(right + wrong),
            precision=_share(right, right + wrong),
            recall=_share(right, right + missed),
            f1=_share(2 * right, 2 * right + wrong + missed),
            roc_auc=roc_auc(truth[:, place] > THRESHOLD, probabilities[:, place]),
        )
        for place, (label, ((_, wrong), (missed, right))) in enumerate(zip(labels, counts, strict=True))
    )


def confusions(truth: Floats, probabilities: Floats) -> NDArray[np.int64]:
    """(labels, 2, 2) counts: rows are whether samples have a label (no, yes), columns whether they get it.

    As scikit-learn's `multilabel_confusion_matrix` has them.
    """
    has, said = truth > THRESHOLD, probabilities > THRESHOLD
    return np.stack([[(a & b).sum(axis=0) for b in (~said, said)] for a in (~has, has)]).transpose(2, 0, 1)


def per_target(truth: Floats, predicted: Floats, names: Sequence[str]) -> tuple[TargetScores, ...]:
    """The scores of each number; `truth` and `predicted` are (samples, targets)."""
    return tuple(_target(truth[:, i], predicted[:, i], name) for i, name in enumerate(names))


def _target(truth: Floats, predicted: Floats, name: str) -> TargetScores:
    exact = truth.astype(np.float64)
    off, around = predicted - exact, exact - exact.mean()
    spread = float(np.square(around).sum())
    return TargetScores(
        target=name,
        mean_absolute_error=float(np.abs(off).mean()),
        root_mean_squared_error=float(np.sqrt(np.square(off).mean())),
        r2_score=1 - float(np.square(off).sum()) / spread if spread else float("nan"),
        mean=float(exact.mean()),
        baseline=float(np.abs(around).mean()),
    )


def label_baseline(truth: Floats, probabilities: Floats, labels: Sequence[str]) -> Baseline | None:
    """Always the labels that more than half of the test samples have, often none; None without samples."""
    if not len(truth):
        return None
    has = truth > THRESHOLD
    is_common = has.mean(axis=0) > THRESHOLD
    common = [label for label, one in zip(labels, is_common, strict=True) if one]
    return Baseline(
        metric="label_accuracy",
        label=", ".join(common) or NO_LABELS,
        value=float((has == is_common).mean()),
        model=float((has == (probabilities > THRESHOLD)).mean()),
    )


def _share(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else float("nan")
