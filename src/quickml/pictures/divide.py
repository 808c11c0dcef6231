"""Divide pictures into those for training and those for the test. The same pixels are on one side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from quickml.datasets.split import split
from quickml.pictures.layout import PictureFile

Places = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The places of the pictures on both sides, in the order in which they are used."""

    train: Places
    test: Places
    first: Places
    """The places of the pictures whose pixels were not there before."""
    repeated: int
    """Pictures whose pixels were there before."""
    ambiguous: int
    """Of these, those of another class than the first."""
    removed: int
    """Pictures for training that are left out because they are in the test, too."""


def divide(
    files: Sequence[PictureFile],
    digests: Sequence[bytes],
    classes: npt.NDArray[np.int32],
    *,
    has_test: bool,
    fraction: float,
    seed: int,
) -> Sides:
    """Divide pictures.

    Args:
        files: the pictures.
        digests: of their pixels.
        classes: index of the class of each, (files,).
        has_test: whether the files say which are for the test.
        fraction: of the pictures that is held out otherwise, rounded up, stratified by class.
        seed: the same seed gives the same sides in the same order.
    """
    first: dict[bytes, int] = {}
    group = np.array([first.setdefault(digest, place) for place, digest in enumerate(digests)], np.intp)
    places = np.arange(len(files))
    repeated = int((group != places).sum())
    ambiguous = int((classes[group] != classes).sum())
    unique = np.flatnonzero(group == places)
    removed = 0
    if has_test:
        is_test = np.array([file.part == "test" for file in files])
        is_in_test = np.isin(group, group[is_test])
        removed = int((is_in_test & ~is_test).sum())
        order = np.random.default_rng(seed).permutation(len(files))
        train, test = order[~is_in_test[order]], np.flatnonzero(is_test)
    else:
        held_out = min(math.ceil(round(len(unique) * fraction, 6)), len(unique) - 1)
        kept, chosen = split(classes[unique], held_out, seed)
        train, test = (_with_copies(unique[part], group) for part in (kept, chosen))
    return Sides(
        train=train, test=test, first=unique, repeated=repeated, ambiguous=ambiguous, removed=removed
    )


def _with_copies(chosen: Places, group: Places) -> Places:
    """The places of these pictures in their order, and after them those of their copies."""
    copies = np.flatnonzero(group != np.arange(len(group)))
    return np.concatenate([chosen, copies[np.isin(group[copies], chosen)]])
