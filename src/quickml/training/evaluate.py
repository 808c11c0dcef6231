"""Evaluate a trained model in float32 on the test samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.answers import Baseline
from quickml.answers.scores import baseline
from quickml.answers.targets import label_baseline
from quickml.datasets.mapped import parts
from quickml.document import Plan
from quickml.errors import TrainingError
from quickml.model import Array, Probe
from quickml.training.backend import tf
from quickml.training.objective import Objective
from quickml.training.probe import probe_inputs

BLOCK = 256
"""Maximum batch size. The model is called directly, because compiling it would take longer than it saves."""
BLOCK_NUMBERS = 2**27
"""Maximum number of output values of all layers together per batch: half a gigabyte."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What is computed from the test samples; see `TrainedModel`."""

    metrics: dict[str, float]
    predictions: Array
    confusion: NDArray[np.int64] | None
    probe: Probe
    baseline: Baseline | None
    """What the same answer for all test samples reaches."""


def evaluate(
    plan: Plan, model: Any, objective: Objective, inputs: NDArray[np.generic], targets: NDArray[np.generic]
) -> Evaluation:
    """Evaluate a model on test samples.

    Args:
        plan: the plan of the model.
        model: a keras.Model that computes in float32.
        objective: the loss and the metrics of the training.
        inputs: (n, *input shape) raw test samples.
        targets: (n,) class indices or targets; (n, k) several targets.

    Raises:
        TrainingError: an output is NaN or infinite.
    """
    answers = answer(model, inputs)
    if not np.isfinite(answers).all():
        raise TrainingError(
            "the trained model: expected finite outputs, found NaN or infinity; training diverged: "
            "try a lower learning_rate, or clipnorm in the optimizer"
        )
    samples, held_out = probe_inputs(inputs, plan.document.training.seed, plan.info.columns)
    expected = np.concatenate([answers[:held_out], answer(model, samples[held_out:])])
    losses = objective.losses(targets, tf.constant(answers)) + sum(model.losses)
    sums = np.asarray(objective.sums(targets, tf.constant(answers), losses))
    predictions = columns(answers, is_binary=plan.is_binary)
    classes = len(plan.info.labels)
    return Evaluation(
        metrics=objective.values(sums, len(targets)),
        predictions=predictions,
        confusion=confusion(targets, predictions.argmax(axis=1), classes) if classes else None,
        probe=Probe(
            inputs=samples,
            expected=columns(expected, is_binary=plan.is_binary),
            truth=targets[:held_out],
            held_out=held_out,
            columns=plan.info.columns,
        ),
        baseline=label_baseline(targets, predictions, plan.info.target_names)
        if plan.info.is_multi_label
        else baseline(targets, predictions, plan.info.labels, is_weighted=objective.weights is not None),
    )


def answer(model: Any, inputs: NDArray[np.generic]) -> Array:
    """The model's output for raw inputs: (n, *input shape) to (n, outputs) float32."""
    size = block_of(model, BLOCK)
    blocks = [
        np.asarray(model(block.astype(np.float32), training=False), np.float32)
        for block in parts(inputs, samples=size)
    ]
    return np.concatenate(blocks) if blocks else np.empty((0, *model.output_shape[1:]), np.float32)


def block_of(model: Any, most: int) -> int:
    """The batch size for a model, at most `most`."""
    numbers = sum(math.prod(layer.output.shape[1:]) for layer in model.layers)
    return max(1, min(most, BLOCK_NUMBERS // int(numbers)))


def columns(answers: Array, *, is_binary: bool) -> Array:
    """One column per class: a single probability p of the second class becomes (1 - p, p)."""
    return np.concatenate([1 - answers, answers], axis=1) if is_binary else answers


def confusion(truth: NDArray[np.generic], answers: NDArray[np.intp], classes: int) -> NDArray[np.int64]:
    """Confusion matrix (classes, classes): rows are the true classes, columns the predicted ones."""
    pairs = truth.astype(np.int64) * classes + answers
    return np.bincount(pairs, minlength=classes**2).astype(np.int64).reshape(classes, classes)
