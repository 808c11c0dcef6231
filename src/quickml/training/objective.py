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
    """Takes truth and prediction as `Objective.columns` returns them; returns values (batch,), or for each
    target (batch, targets), to sum."""
    width: int = 1
    """Number of sums; of each target, if there are several."""
    is_of_targets: bool = False
    """Whether there are sums for each target."""
    value: Callable[[NDArray[np.float64], int], float] = lambda sums, count: float(sums[0] / count)


def _squares(truth: Any, answer: Any) -> Any:
    return tf.square(tf.cast(truth, tf.float64) - tf.cast(answer, tf.float64))


def _squared(truth: Any, answer: Any) -> Any:
    return tf.reduce_mean(_squares(truth, answer), axis=-1)


def _right(truth: Any, answer: Any) -> Any:
    """The share of a sample's labels that are told right, as Keras' binary accuracy."""
    return tf.reduce_mean(tf.cast(tf.equal(truth > 0.5, answer > 0.5), tf.float64), axis=-1)


def _correct(truth: Any, answer: Any) -> Any:
    return tf.equal(tf.argmax(truth, axis=-1), tf.argmax(answer, axis=-1))


def _among_best(truth: Any, answer: Any) -> Any:
    return tf.math.in_top_k(tf.argmax(truth, axis=-1), answer, min(TOP_K, answer.shape[-1]))


def _r2_sums(truth: Any, answer: Any) -> Sequence[Any]:
    exact = tf.cast(truth, tf.float64)
    return _squares(truth, answer), exact, tf.square(exact)


def _r2(sums: NDArray[np.float64], count: int) -> float:
    """The mean of all targets, each of which counts the same."""
    error, total, squares = sums.reshape(3, -1)
    spread = squares - total**2 / count
    is_spread = spread > 0
    return float(np.where(is_spread, 1 - error / np.where(is_spread, spread, 1), 0.0).mean())


MEASURES: dict[str, Measure] = {
    "accuracy": Measure(sums=lambda truth, answer: (_correct(truth, answer),)),
    "top_k_categorical_accuracy": Measure(sums=lambda truth, answer: (_among_best(truth, answer),)),
    "mean_absolute_error": Measure(
        sums=lambda truth, answer: (tf.reduce_mean(tf.abs(truth - answer), axis=-1),)
    ),
    "mean_squared_error": Measure(sums=lambda truth, answer: (_squared(truth, answer),)),
    "root_mean_squared_error": Measure(
        sums=lambda truth, answer: (_squared(truth, answer),),
        value=lambda sums, count: math.sqrt(sums[0] / count),
    ),
    "r2_score": Measure(sums=_r2_sums, width=3, is_of_targets=True, value=_r2),
}
LABEL_ACCURACY = Measure(sums=lambda truth, answer: (_right(truth, answer),))
"""`accuracy` where a sample can have several labels."""
"""By Keras name. Fractions are from 0 to 1."""


class Objective:
    """The loss and metrics of a plan, for targets in the form of the dataset."""

    def __init__(self, plan: Plan, targets: NDArray[np.generic]) -> None:
        """For a regression, compute mean and deviation of `targets`, the training targets."""
        training, info = plan.document.training, plan.info
        self.is_regression = info.task == "regression"
        self.is_multi_label = info.is_multi_label
        self.targets = len(info.target_names) or 1
        self.is_binary = plan.is_binary
        self.classes = len(plan.info.labels)
        self.loss_name = str(training.loss)
        self.loss = keras.losses.get(self.loss_name)
        known = MEASURES | ({"accuracy": LABEL_ACCURACY} if info.is_multi_label else {})
        self.measures = {name: known[name] for name in training.metrics or ()}
        self.weights = weights_of(plan)
        self.mean: Any
        self.deviation: Any
        self.mean, self.deviation = _scale(targets) if self.is_regression else (0.0, 1.0)

    def columns(self, targets: Any, answers: Any) -> tuple[Any, Any]:
        """Both as (batch, columns) float32: a probability per class or label, or targets in their units."""
        if self.is_regression or self.is_multi_label:
            return tf.reshape(tf.cast(targets, tf.float32), (-1, self.targets)), answers
        if self.is_binary:
            answers = tf.concat([1.0 - answers, answers], axis=-1)
        return tf.one_hot(targets, self.classes), answers

    def losses(self, targets: Any, answers: Any) -> Any:
        """The loss of each sample, (batch,) float32, without weight penalties.

        The loss of a regression is computed in standard deviations of the training targets, so that a
        suitable learning rate does not depend on the unit, and several targets count the same.
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
        sums = [tf.reduce_sum(tf.cast(values, tf.float64), axis=0) for values in each]
        return tf.concat([tf.reshape(one, (-1,)) for one in sums], axis=0)

    @property
    def width(self) -> int:
        """Number of sums."""
        return 1 + sum(map(self._width, self.measures.values()))

    def _width(self, measure: Measure) -> int:
        return measure.width * (self.targets if measure.is_of_targets else 1)

    def values(self, sums: NDArray[np.float64], count: int) -> dict[str, float]:
        """`loss` and the metrics by name, from the sums of `count` samples."""
        result = {"loss": float(sums[0] / count)}
        at = 1
        for name, measure in self.measures.items():
            result[name] = measure.value(sums[at : at + self._width(measure)], count)
            at += self._width(measure)
        return result


def _scale(targets: NDArray[np.generic]) -> tuple[Any, Any]:
    """Mean and standard deviation: two numbers, or float32 (targets,) of several."""
    exact = targets.astype(np.float64)
    mean, deviation = exact.mean(axis=0), exact.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    if exact.ndim == 1:
        return float(mean), float(deviation)
    return mean.astype(np.float32), deviation.astype(np.float32)
