"""Keras' losses and metrics, computed as sums over samples.

Unlike means, sums can be added across batches, chunks and devices. They are float64, so that the result does
not depend on the length of the chunks.
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
from quickml.training.class_weights import weights_of

TOP_K = 5  # Keras' default
ELEMENTWISE = frozenset({"binary_crossentropy", "mean_squared_error", "mean_absolute_error"})
"""Losses that accept a single sigmoid output; the others need one column per class."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A metric in two steps: sums, computed in the graph, and the value, computed from the sums."""

    sums: Callable[[Any, Any], Sequence[Any]]
    """Takes truth and prediction as `Objective.columns` returns them; returns values (batch,) to sum."""
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
"""By Keras name. Fractions are from 0 to 1."""


class Objective:
    """The loss and metrics of a plan, for targets in the form of the dataset."""

    def __init__(self, plan: Plan, targets: NDArray[np.generic]) -> None:
        """For a regression, compute mean and deviation of `targets`, the training targets."""
        training = plan.document.training
        self.is_regression = plan.info.task == "regression"
        self.is_binary = plan.is_binary
        self.classes = len(plan.info.labels)
        self.loss_name = str(training.loss)
        self.loss = keras.losses.get(self.loss_name)
        self.measures = {name: MEASURES[name] for name in training.metrics or ()}
        self.weights = weights_of(plan)
        self.mean, self.deviation = _scale(targets) if self.is_regression else (0.0, 1.0)

    def columns(self, targets: Any, answers: Any) -> tuple[Any, Any]:
        """Both as (batch, columns) float32: a probability per class, or targets in their original unit."""
        if self.is_regression:
            return tf.cast(targets, tf.float32)[:, None], answers
        if self.is_binary:
            answers = tf.concat([1.0 - answers, answers], axis=-1)
        return tf.one_hot(targets, self.classes), answers

    def losses(self, targets: Any, answers: Any) -> Any:
        """The loss of each sample, (batch,) float32, without weight penalties.

        The loss of a regression is computed in standard deviations of the training targets, so that a
        suitable learning rate does not depend on the unit.
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

    def weighted(self, targets: Any, losses: Any) -> Any:
        """The losses of training samples, each multiplied by the weight of its class, as Keras'
        `fit(class_weight=...)` does."""
        if self.weights is None:
            return losses
        return losses * tf.cast(tf.gather(self.weights, targets), losses.dtype)

    def sums(self, targets: Any, answers: Any, losses: Any) -> Any:
        """Loss and metrics of a batch, summed: (1 + widths of the metrics,) float64."""
        truth, answers = self.columns(targets, answers)
        each = [losses, *(v for measure in self.measures.values() for v in measure.sums(truth, answers))]
        return tf.stack([tf.reduce_sum(tf.cast(values, tf.float64)) for values in each])

    @property
    def width(self) -> int:
        """Number of sums."""
        return 1 + sum(measure.width for measure in self.measures.values())

    def values(self, sums: NDArray[np.float64], count: int) -> dict[str, float]:
        """`loss` and the metrics by name, from the sums of `count` samples."""
        result = {"loss": float(sums[0] / count)}
        at = 1
        for name, measure in self.measures.items():
            result[name] = measure.value(sums[at : at + measure.width], count)
            at += measure.width
        return result


def _scale(targets: NDArray[np.generic]) -> tuple[float, float]:
    exact = targets.astype(np.float64)
    return float(exact.mean()), float(exact.std()) or 1.0
