"""Sequences, made on the spot, drawn with the dataset's seed."""

from __future__ import annotations

import numpy as np

from quickml.datasets.data import Array, Data, divided
from quickml.document.datasets import Adding, Brackets, Dataset, Waves

PERIODS = (1.5, 4.0)
"""How many of its periods a wave goes through, at least and at most."""

HEIGHTS = (0.5, 1.5)


def waves(dataset: Waves) -> Data:
    """Heights, float32 (n, steps, 1); classes have the same number of samples, give or take one."""
    rng = _chance(dataset)
    label = (np.arange(dataset.num_samples) % len(dataset.labels)).astype(np.int32)
    periods, phase, height = (
        rng.uniform(low, high, (len(label), 1)) for low, high in (PERIODS, (0, 1), HEIGHTS)
    )
    at = (phase + periods * np.linspace(0, 1, dataset.steps)) % 1.0
    shapes = np.stack([_sine(at), _square(at), _triangle(at), _sawtooth(at)])
    clean = height * shapes[label, np.arange(len(label))]
    noisy = clean + rng.normal(0.0, dataset.noise, clean.shape)
    return divided(noisy[..., None].astype(np.float32), label, dataset.sizes, dataset.seed)


def _sine(at: Array) -> Array:
    return np.sin(2 * np.pi * at)


def _square(at: Array) -> Array:
    return np.where(at < 0.5, 1.0, -1.0)


def _triangle(at: Array) -> Array:
    return 4 * np.abs(at - 0.5) - 1


def _sawtooth(at: Array) -> Array:
    return 2 * at - 1


def adding(dataset: Adding) -> Data:
    """Numbers drawn evenly from 0 to 1 and marks, float32 (n, steps, 2); sums, float32 (n,).

    One mark is in the first half of the sequence and one in the second.
    """
    rng = _chance(dataset)
    count, half = dataset.num_samples, dataset.steps // 2
    numbers, marks = rng.uniform(0, 1, (count, dataset.steps)), np.zeros((count, dataset.steps))
    for first, last in ((0, half), (half, dataset.steps)):
        marks[np.arange(count), rng.integers(first, last, count)] = 1
    sums = (numbers * marks).sum(axis=1)
    samples = np.stack([numbers, marks], axis=-1)
    return divided(samples.astype(np.float32), sums.astype(np.float32), dataset.sizes, dataset.seed)


def brackets(dataset: Brackets) -> Data:
    """Tokens, int32 (n, steps): 1 opens, 2 closes, 0 fills up behind; half of the rows are balanced.

    An unbalanced row is a balanced one of which one bracket is turned round, or of which two neighbours
    outside all others, as in `()`, change places: half of these have as many that open as that close.
    """
    rng = _chance(dataset)
    label = (np.arange(dataset.num_samples) % 2).astype(np.int32)
    tokens = np.zeros((dataset.num_samples, dataset.steps), np.int32)
    for row, balanced in zip(tokens, label, strict=True):
        word = _balanced(rng, int(rng.integers(2, dataset.steps // 2 + 1)))
        row[: len(word)] = word if balanced else _spoiled(rng, word)
    return divided(tokens, label, dataset.sizes, dataset.seed)


def _balanced(rng: np.random.Generator, pairs: int) -> Array:
    """A balanced row of so many pairs, int32 (2 * pairs,): any, though not all equally often."""
    word, depth, left = [], 0, pairs
    while left or depth:
        opens = left > 0 and (depth == 0 or rng.random() < 0.5)
        word.append(1 if opens else 2)
        depth, left = (depth + 1, left - 1) if opens else (depth - 1, left)
    return np.array(word, np.int32)


def _spoiled(rng: np.random.Generator, word: Array) -> Array:
    spoiled = word.copy()
    if rng.random() < 0.5:
        place = rng.integers(len(word))
        spoiled[place] = 3 - word[place]
        return spoiled
    # A group ends wherever the depth comes back to 0.
    ends = np.flatnonzero(np.cumsum(np.where(word == 1, 1, -1)) == 0) + 1
    group = int(rng.integers(len(ends)))
    first = 0 if group == 0 else int(ends[group - 1])
    spoiled[first : ends[group]] = 3 - word[first : ends[group]]
    return spoiled


def _chance(dataset: Dataset) -> np.random.Generator:
    # Not the bare seed: that one shuffles the split, and samples must not depend on their place in it.
    return np.random.default_rng((dataset.seed, 1))
