"""The duration of a training, from its work and from the durations of others on the same machine.

A linear model with fixed coefficients gives a first duration. They reproduce the times of the examples
(`examples/README.md`) on two processor cores with bfloat16, most within a factor of 1.5. The trainings that
were measured correct it by a factor: the median of measured to calculated, in which trainings of similar work
count more. A factor cannot give negative times, and one training is enough to make the next one of its kind
right.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import sub

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


class Past:
    """Trainings that have run on this machine, prepared so that many estimates can be made from them."""

    def __init__(self, measured: Sequence[Measured] = ()) -> None:
        self._shares = [_shares(one.work) for one in measured]
        self._factors = [_logarithm(one.training_s, sum(parts(one.work))) for one in measured]
        self._other_factors = [_logarithm(one.other_s, _other_s(one.work)) for one in measured]

    def __len__(self) -> int:
        return len(self._shares)

    def factors(self, work: TrainingWork) -> tuple[float, float, float]:
        """The factor of a training, the spread of its logarithm, and the factor of the other stages."""
        mine = _shares(work)
        near = [_nearness(mine, its) for its in self._shares]
        factor, spread = _middle(near, self._factors)
        other_factor, _ = _middle(near, self._other_factors)
        return math.exp(factor), spread, math.exp(other_factor)


class PastByDevice:
    """Trainings that have run, on processors and on GPUs separately: their durations are not comparable."""

    def __init__(self, measured: Iterable[tuple[str, Measured]] = ()) -> None:
        """Pairs of `cpu` or `gpu` and a training."""
        rows = list(measured)
        self._past = {kind: Past([one for its, one in rows if its == kind]) for kind in ("cpu", "gpu")}

    def of(self, accelerator: str) -> Past:
        """Trainings on the device of a training with this `accelerator`.

        For `auto` it is a processor, unless all trainings so far have run on a GPU.
        """
        found = self._past
        return found["cpu"] or found["gpu"] if accelerator == "auto" else found[accelerator]


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


def seconds(work: TrainingWork, past: Past, *, least_epochs: int, max_s: float | None) -> Seconds:
    """The duration of a training.

    Args:
        work: of all its epochs.
        past: trainings of this machine.
        least_epochs: the fewest after which it may stop early.
        max_s: the limit of its duration.
    """
    factor, spread, other_factor = past.factors(work)
    training, other = sum(parts(work)) * factor, _other_s(work) * other_factor
    wide = math.exp(1.6 * spread)
    shortest = training * min(1.0, least_epochs / work.epochs)
    limit = math.inf if max_s is None else max_s
    return Seconds(
        training=min(training, limit),
        other=other,
        low=min(shortest / wide, limit) + other / wide,
        high=min(training * wide, limit) + other * wide,
        based_on=len(past),
    )


def _other_s(work: TrainingWork) -> float:
    sample_s = MULTIPLY_ADD_S * work.multiply_adds + VALUE_S * work.values
    return OTHER_S + FILE_S * work.files + sample_s * work.test_samples


def _logarithm(found_s: float, calculated_s: float) -> float:
    return math.log(max(found_s / calculated_s, 1e-6))


def _shares(work: TrainingWork) -> tuple[float, ...]:
    """The share of each part of the calculated time, and the logarithm of the whole."""
    each = parts(work)
    whole_s = sum(each)
    return (*(part / whole_s for part in each), math.log(whole_s))


def _nearness(one: Sequence[float], other: Sequence[float]) -> float:
    """How much alike two trainings are, from 0 to 1: in what takes the time, and in how long it takes."""
    *differences, lengths = map(sub, one, other)
    shares = sum(map(abs, differences)) / 2
    return math.exp(-(shares * shares + 0.04 * lengths * lengths) / (2 * WIDTH * WIDTH))


def _middle(near: Sequence[float], logarithms: Sequence[float]) -> tuple[float, float]:
    """The middle of the logarithms of factors of trainings that are so near, and their spread."""
    middle = _median([(0.0, PRIOR), *zip(logarithms, near, strict=True)])
    deviation = sum(weight * abs(one - middle) for one, weight in zip(logarithms, near, strict=True))
    spread = (1.25 * deviation + PRIOR * PRIOR_SPREAD) / (PRIOR + sum(near))
    return middle, max(LEAST_SPREAD, spread)


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
