"""The duration of a training, from its work and from the durations of others on the same machine.

A linear model with fixed coefficients gives a first duration. They reproduce the times of the examples
(`examples/README.md`) on two processor cores with bfloat16, most within a factor of 1.5. The trainings that
were measured correct it by a factor: the median of measured to calculated, in which trainings of similar work
count more. A factor cannot give negative times, and one training is enough to make the next one of its kind
right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from quickml.estimate.work import TrainingWork

START_S, LAYER_START_S = 0.35, 0.06
"""Of the training, to trace its graph; for each layer."""
LAYER_S, TURN_S, PARAMETER_S = 20e-6, 380e-6, 0.8e-9
"""Of each training step: for each layer, each recurrent step in turn, each number that is changed."""
MULTIPLY_ADD_S, VALUE_S = 1.2e-12, 0.65e-9
"""Of each sample: for each multiplication with addition forwards, and each number that is kept."""
TRAINING = 3
"""A training step computes the forward pass, and twice as much backwards."""
OTHER_S, FILE_S = 1.5, 0.3
"""Of building, writing, verifying and the report; for each file."""
PRIOR, PRIOR_SPREAD = 0.3, 0.8
"""How much the fixed coefficients count beside a measured training that is alike, and how far off they are:
the standard deviation of the logarithm of the factor."""
WIDTH = 0.5
"""Distance at which a measured training counts 0.6 times as much as one that is alike."""
LEAST_SPREAD = 0.15


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A training that has run on this machine."""

    work: TrainingWork
    """With the number of epochs that were run."""
    training_s: float
    other_s: float
    """Of all other stages, waiting in the queue excepted."""


@dataclass(frozen=True, kw_only=True)
class Seconds:
    """How long a training takes: probably, and in about nine of ten cases at least and at most."""

    training: float
    other: float
    low: float
    high: float
    based_on: int
    """Number of measured trainings; 0: coefficients that were measured on a machine with two cores."""

    @property
    def total(self) -> float:
        """From the first stage to the last."""
        return self.training + self.other


@lru_cache(maxsize=256)
def parts(work: TrainingWork) -> tuple[float, ...]:
    """Seconds of a training by what they depend on, as the coefficients have them."""
    passes = (TRAINING * work.train_samples + work.validation_samples) * work.epochs
    return (
        START_S + LAYER_START_S * work.layers,
        LAYER_S * work.layers * work.steps,
        TURN_S * work.turns * work.steps,
        PARAMETER_S * work.parameters * work.steps,
        MULTIPLY_ADD_S * work.multiply_adds * passes,
        VALUE_S * work.values * passes,
    )


def seconds(
    work: TrainingWork, history: Sequence[Measured], *, least_epochs: int, max_s: float | None
) -> Seconds:
    """The duration of a training.

    Args:
        work: of all its epochs.
        history: trainings of this machine.
        least_epochs: the fewest after which it may stop early.
        max_s: the limit of its duration.
    """
    near = [_nearness(work, one.work) for one in history]
    factor, spread = _factor(near, [one.training_s / sum(parts(one.work)) for one in history])
    other_factor, _ = _factor(near, [one.other_s / _other_s(one.work) for one in history])
    training, other = sum(parts(work)) * factor, _other_s(work) * other_factor
    wide = math.exp(1.6 * spread)
    shortest = training * min(1.0, least_epochs / work.epochs)
    limit = math.inf if max_s is None else max_s
    return Seconds(
        training=min(training, limit),
        other=other,
        low=min(shortest / wide, limit) + other / wide,
        high=min(training * wide, limit) + other * wide,
        based_on=len(history),
    )


def _other_s(work: TrainingWork) -> float:
    sample_s = MULTIPLY_ADD_S * work.multiply_adds + VALUE_S * work.values
    return OTHER_S + FILE_S * work.files + sample_s * work.test_samples


def _factor(near: Sequence[float], factors: Sequence[float]) -> tuple[float, float]:
    """The factor of a training, from those of measured ones that are so near, and its logarithm's spread."""
    logarithms = [math.log(max(factor, 1e-6)) for factor in factors]
    middle = _median([(0.0, PRIOR), *zip(logarithms, near, strict=True)])
    deviation = sum(weight * abs(one - middle) for one, weight in zip(logarithms, near, strict=True))
    spread = (1.25 * deviation + PRIOR * PRIOR_SPREAD) / (PRIOR + sum(near))
    return math.exp(middle), max(LEAST_SPREAD, spread)


def _nearness(one: TrainingWork, other: TrainingWork) -> float:
    """How much alike two trainings are, from 0 to 1: in what takes the time, and in how long it takes."""
    mine, its = parts(one), parts(other)
    mine_s, its_s = sum(mine), sum(its)
    shares = sum(abs(a / mine_s - b / its_s) for a, b in zip(mine, its, strict=True)) / 2
    distance = math.hypot(shares, 0.2 * math.log(mine_s / its_s))
    return math.exp(-0.5 * (distance / WIDTH) ** 2)


def _median(votes: Sequence[tuple[float, float]]) -> float:
    """The weighted median; between two votes, by their weights, so that it does not jump."""
    ordered = sorted(votes)
    half, before, last = sum(weight for _, weight in votes) / 2, 0.0, ordered[0]
    for vote, weight in ordered:
        middle = before + weight / 2  # of this vote, on the line of all weights
        if middle >= half:
            span = (last[1] + weight) / 2
            share = 1.0 if vote == last[0] or not span else (half - (middle - span)) / span
            return last[0] + (vote - last[0]) * min(1.0, max(0.0, share))
        before, last = before + weight, (vote, weight)
    return ordered[-1][0]
