"""Precision, recall, F1 and the area under the ROC curve of each class, and a baseline for a model.

Each class is taken against the rest. With tp samples of a class that got its label, fp others that got it,
and fn of the class that did not (Manning, Raghavan, Schütze: Introduction to Information Retrieval, 8.3):

    precision = tp / (tp + fp)    recall = tp / (tp + fn)    F1 = 2 tp / (2 tp + fp + fn)

The area under the ROC curve is the probability that a sample of the class gets a higher probability of it
than another sample, equal ones counting half. It follows from the ranks of the samples of the class (Hanley,
McNeil: The Meaning and Use of the Area under a ROC Curve, Radiology 143, 1982), r being their sum, equal
probabilities sharing their mean rank:

    AUC = (r - p (p + 1) / 2) / (p n)    with p samples of the class and n others
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

BaselineMetric = Literal["accuracy", "mean_recall", "label_accuracy", "mean_absolute_error"]
MEASURES = ("precision", "recall", "f1", "roc_auc")


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """How well one class is told from the rest. Shares are NaN where they would divide by 0."""

    label: str
    samples: int
    """Test samples of this class."""
    predicted: int
    """Test samples that got its label."""
    precision: float
    """Share of the samples with its label that are of the class."""
    recall: float
    """Share of its samples that got the label."""
    f1: float
    roc_auc: float
    """NaN also where there are no probabilities."""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The best answer that is the same for all test samples, and how good it and the model are."""

    metric: BaselineMetric
    """`accuracy`; `mean_recall`, which counts all classes the same, if the training did so with class
    weights; `label_accuracy`, the share of right labels, where a sample can have several;
    `mean_absolute_error` of a regression, over all of its targets."""
    label: str | None
    """The commonest class of the test samples, or the labels that most of them have (`none`, or names with
    commas); None of a regression, whose answer is the mean."""
    value: float
    """The metric if this answer is always given."""
    model: float
    """The metric of the model."""

    @property
    def is_no_better(self) -> bool:
        """Whether the model is no better than the same answer for all."""
        return self.model <= self.value if self.label is not None else self.model >= self.value


def per_class(
    truth: NDArray[Any],
    predicted: NDArray[Any],
    probabilities: NDArray[np.floating[Any]],
    labels: Sequence[str],
) -> tuple[ClassScores, ...]:
    """The scores of all classes.

    Args:
        truth: (samples,) indices of the true classes.
        predicted: (samples,) indices of the predicted ones.
        probabilities: (samples, classes); (samples, 0) if they are unknown.
        labels: names of the classes.
    """
    samples, said = (np.bincount(part.astype(np.int64), minlength=len(labels)) for part in (truth, predicted))
    right = np.bincount(truth[truth == predicted].astype(np.int64), minlength=len(labels))
    return tuple(
        ClassScores(
            label=label,
            samples=int(samples[place]),
            predicted=int(said[place]),
            precision=_share(right[place], said[place]),
            recall=_share(right[place], samples[place]),
            f1=_share(2 * right[place], said[place] + samples[place]),
            roc_auc=roc_auc(truth == place, probabilities[:, place]) if probabilities.size else np.nan,
        )
        for place, label in enumerate(labels)
    )


def roc_auc(is_positive: NDArray[np.bool_], scores: NDArray[np.floating[Any]]) -> float:
    """The area under the ROC curve, from 0 to 1; NaN if all samples are of the class, or none is.

    Args:
        is_positive: (samples,) whether a sample is of the class.
        scores: (samples,) higher ones for samples that are more likely of the class.
    """
    positives = int(is_positive.sum())
    others = len(is_positive) - positives
    if not positives or not others:
        return float("nan")
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[places]  # from 1; equal scores share their mean
    total = float(ranks[is_positive].sum())
    return (total - positives * (positives + 1) / 2) / (positives * others)


def macro(scores: Sequence[ClassScores]) -> dict[str, float]:
    """The means of `MEASURES` over the classes that have them; NaN if none has."""
    found = {name: np.array([getattr(one, name) for one in scores]) for name in MEASURES}
    known = {name: values[~np.isnan(values)] for name, values in found.items()}
    return {name: float(values.mean()) if len(values) else float("nan") for name, values in known.items()}


def baseline(
    truth: NDArray[Any],
    predictions: NDArray[np.floating[Any]],
    labels: Sequence[str],
    *,
    is_weighted: bool = False,
) -> Baseline | None:
    """Always the commonest class of the test samples, or always their mean; None without samples.

    Args:
        truth: (samples,) class indices, or targets; (samples, targets) of several.
        predictions: (samples, classes) probabilities, or (samples, targets) values.
        labels: names of the classes; empty for a regression.
        is_weighted: whether the training had class weights, which cost accuracy to find rare classes: then
            the mean of all recalls is compared.
    """
    if not len(truth):
        return None
    if labels:
        counts = np.bincount(truth.astype(np.int64), minlength=len(labels))
        is_right = predictions.argmax(axis=1) == truth
        commonest = int(counts.argmax())
        if is_weighted:
            recalls = [float(is_right[truth == place].mean()) for place in np.flatnonzero(counts)]
            value, model = 1 / len(recalls), float(np.mean(recalls))
        else:
            value, model = float(counts[commonest] / len(truth)), float(is_right.mean())
        metric: BaselineMetric = "mean_recall" if is_weighted else "accuracy"
        return Baseline(metric=metric, label=labels[commonest], value=value, model=model)
    exact = truth.astype(np.float64).reshape(len(truth), -1)
    return Baseline(
        metric="mean_absolute_error",
        label=None,
        value=float(np.abs(exact - exact.mean(axis=0)).mean()),
        model=float(np.abs(exact - predictions).mean()),
    )


def _share(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else float("nan")
