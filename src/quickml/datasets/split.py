"""Split samples into training and test samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from quickml.datasets.data import Data

Array = npt.NDArray[Any]
Indices = npt.NDArray[np.intp]

QUANTILES = 10
"""Number of strata for the targets of a regression."""


def split(y: Array, held_out: int, seed: int) -> tuple[Indices, Indices]:
    """Split samples into two parts, stratified and shuffled.

    In each part, the number of samples of a class is within one of its exact share (largest remainder
    method). The targets of a regression are stratified by decile.

    Args:
        y: class indices, integer (n,); or targets of a regression, float (n,), or several, float (n, k).
        held_out: exact size of the second part, 0..n.
        seed: the same seed gives the same parts in the same order.

    Returns:
        Indices into `y` of the first part, (n - held_out,), and of the held-out second part, (held_out,).

    Raises:
        ValueError: `held_out` is not within 0..n.
    """
    if not 0 <= held_out <= len(y):
        raise ValueError(f"held_out: expected 0..{len(y)}, found {held_out}")
    strata = _strata(y)
    order = np.random.default_rng(seed).permutation(len(y))
    shuffled = strata[order]
    is_held_out = np.zeros(len(y), dtype=bool)
    for stratum, quota in enumerate(_quotas(np.bincount(strata), held_out)):
        is_held_out[np.flatnonzero(shuffled == stratum)[:quota]] = True
    return order[~is_held_out], order[is_held_out]


def grouped(groups: Indices, held_out: int, seed: int) -> tuple[Indices, Indices]:
    """Split samples into two shuffled parts; all samples of a group are in the same one.

    Args:
        groups: the group of each sample, numbered from 0; integer (n,).
        held_out: size of the second part, which is not exceeded unless every group is larger.
        seed: the same seed gives the same parts in the same order.

    Returns:
        Indices into `groups` of the first part and of the held-out second part.

    Raises:
        ValueError: there are fewer than two groups.
    """
    sizes = np.bincount(groups)
    if len(sizes) < 2:
        raise ValueError(f"groups: expected two or more, found {len(sizes)}")
    rng = np.random.default_rng(seed)
    is_held_out, left = np.zeros(len(sizes), dtype=bool), held_out
    for group in rng.permutation(len(sizes)):
        if sizes[group] <= left:
            is_held_out[group], left = True, left - sizes[group]
    if not is_held_out.any():
        is_held_out[sizes.argmin()] = True
    order = rng.permutation(len(groups))
    second = is_held_out[groups[order]]
    return order[~second], order[second]


def divided(x: Array, y: Array, sizes: tuple[int, int], seed: int) -> Data:
    """Split samples into `Data` with `sizes`, the numbers of training and test samples."""
    train, test = split(y, sizes[1], seed)
    return Data(x_train=x[train], y_train=y[train], x_test=x[test], y_test=y[test])


def _strata(y: Array) -> Indices:
    """The stratum of each sample, numbered from 0 without gaps; shape (n,)."""
    if np.issubdtype(y.dtype, np.integer):
        return np.unique(y, return_inverse=True)[1].astype(np.intp)
    if y.ndim == 2:
        if np.isin(y, (0, 1)).all():  # labels: each combination is a stratum
            return np.unique(y, axis=0, return_inverse=True)[1].reshape(-1).astype(np.intp)
        deviations = y.std(axis=0, dtype=np.float64)
        y = ((y - y.mean(axis=0, dtype=np.float64)) / np.where(deviations > 0, deviations, 1)).sum(axis=1)
    ranks = np.argsort(np.argsort(y, kind="stable"), kind="stable")
    return ranks * min(QUANTILES, len(y)) // max(len(y), 1)


def _quotas(counts: Indices, held_out: int) -> Indices:
    """Number of samples to hold out of each class: proportional, with the exact total `held_out`."""
    # Integer arithmetic: with floats, a share of 0.9999999 would be rounded down to 0.
    whole, remainder = np.divmod(counts * held_out, max(int(counts.sum()), 1))
    missing = held_out - int(whole.sum())
    whole[np.argsort(-remainder, kind="stable")[:missing]] += 1
    return whole
