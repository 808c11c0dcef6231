"""What training minimises and what is reported on the way: Keras' losses and metrics, as sums.

Sums over samples add up across batches, chunks and devices; means do not. They are float64, so that it
does not matter where a chunk ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.document import Plan
from quickml.training.backend import keras, tf

TOP_K = 5  # Keras' default
ELEMENTWISE = frozenset({"binary_crossentropy", "mean_squared_error", "mean_absolute_error"})
"""Losses that take one sigmoid output as it is; the others want one column per class."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A metric in two halves: sums inside the graph, their meaning outside."""

    sums: Callable[[Any, Any], Sequence[Any]]
    """Truth and prediction, in the form of `Objective.columns`, to values of (batch,) to be summed."""
    width: int = 1
    value: Callable[[NDArray[np.float64], int], float] = lambda sums, count: float(sums[0] / count)


def _squared(truth: Any, answer: Any) -> Any:
    return tf.square(tf.cast(truth, tf.float64) - tf.cast(answer, tf.float64))[:, 0]


def _correct(truth: Any, answer: Any) -> Any:
    return tf.equal(tf.argmax(truth, axis=-1), tf.argmax(answer, axis=-1))


def _among_best(truth: Any, answer: Any) -> Any:
    return tf.math.in_top_k(tf.argmax(truth, axis=-1), answer, min(TOP_K, answer.shape[-1]))


def _r2_sums(truth: Any, answer: Any) -> Sequence[Any]:
    exact = tf.cast(truth, tf.float64)[:, 0]
    return _squared(truth, answer), exact, tf.square(exact)


def _r2(sums: NDArray[np.float64], count: int) -> float:
    error, total, squares = sums
    spread = squares - total**2 / count
    return float(1 - error / spread) if spread > 0 else 0.0


MEASURES: dict[str, Measure] = {
    "accuracy": Measure(sums=lambda truth, answer: (_correct(truth, answer),)),
    "top_k_categorical_accuracy": Measure(sums=lambda truth, answer: (_among_best(truth, answer),)),
    "mean_absolute_error": Measure(sums=lambda truth, answer: (tf.abs(truth - answer)[:, 0],)),
    "mean_squared_error": Measure(sums=lambda truth, answer: (_squared(truth, answer),)),
    "root_mean_squared_error": Measure(
        sums=lambda truth, answer: (_squared(truth, answer),),
        value=lambda sums, count: math.sqrt(sums[0] / count),
    ),
    "r2_score": Measure(sums=_r2_sums, width=3, value=_r2),
}
"""By their Keras names; a share counts as 0 to 1."""


class Objective:
    """The loss of a plan and its metrics, for targets as the dataset has them."""

    def __init__(self, plan: Plan, targets: NDArray[np.generic]) -> None:
        """Take the scale of a regression from `targets`, those of the training samples."""
        training = plan.document.training
        self.is_regression = plan.info.task == "regression"
        self.is_binary = plan.is_binary
        self.classes = len(plan.info.labels)
        self.loss_name = str(training.loss)
        self.loss = keras.losses.get(self.loss_name)
        self.measures = {name: MEASURES[name] for name in training.metrics or ()}
        self.mean, self.deviation = _scale(targets) if self.is_regression else (0.0, 1.0)

    def columns(self, targets: Any, answers: Any) -> tuple[Any, Any]:
        """Both as (batch, columns) float32: probabilities by class, or targets in their own unit."""
        if self.is_regression:
            return tf.cast(targets, tf.float32)[:, None], answers
        if self.is_binary:
            answers = tf.concat([1.0 - answers, answers], axis=-1)
        return tf.one_hot(targets, self.classes), answers

    def losses(self, targets: Any, answers: Any) -> Any:
        """The loss of each sample, (batch,) float32, without penalties on weights.

        A regression is measured in standard deviations of the training targets, so that a learning rate
        means the same whatever the unit.
        """
        if self.is_binary and self.loss_name in ELEMENTWISE:
            return self.loss(tf.cast(targets, tf.float32)[:, None], answers)
        truth, answers = self.columns(targets, answers)
        if self.is_regression:
            truth = (truth - self.mean) / self.deviation
            answers = (answers - self.mean) / self.deviation
        if self.loss_name == "sparse_categorical_crossentropy":
            return self.loss(targets, answers)
        return self.loss(truth, answers)

    def sums(self, targets: Any, answers: Any, losses: Any) -> Any:
        """Loss and metrics of a batch, summed: (1 + widths of the metrics,) float64."""
        truth, answers = self.columns(targets, answers)
        each = [losses, *(v for measure in self.measures.values() for v in measure.sums(truth, answers))]
        return tf.stack([tf.reduce_sum(tf.cast(values, tf.float64)) for values in each])

    @property
    def width(self) -> int:
        """How many sums there are."""
        return 1 + sum(measure.width for measure in self.measures.values())

    def values(self, sums: NDArray[np.float64], count: int) -> dict[str, float]:
        """`loss` and the metrics by name, of `count` samples."""
        result = {"loss": float(sums[0] / count)}
        at = 1
        for name, measure in self.measures.items():
            result[name] = measure.value(sums[at : at + measure.width], count)
            at += measure.width
        return result


def _scale(targets: NDArray[np.generic]) -> tuple[float, float]:
    exact = targets.astype(np.float64)
    return float(exact.mean()), float(exact.std()) or 1.0
