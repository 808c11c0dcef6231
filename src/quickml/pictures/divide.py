"""Divide pictures into those for training, validation and the test. The same pixels are on one side."""

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
_HELD_OUT = ("test", "validation")


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The places of the pictures on all sides, in the order in which they are used."""

    train: Places
    validation: Places
    """Those that the files say are for the validation."""
    test: Places
    first: Places
    """The places of the pictures whose pixels were not there before."""
    repeated: int
    """Pictures whose pixels were there before."""
    ambiguous: int
    """Of these, those of another class, or with other labels, than the first."""
    removed: int
    """Pictures that are left out because they are in the test, too, or are to be learned from and are in the
    validation."""

    @property
    def order(self) -> Places:
        """All places: of pictures for training, for the validation, for the test."""
        return np.concatenate([self.train, self.validation, self.test])


def divide(
    files: Sequence[PictureFile],
    digests: Sequence[bytes],
    targets: Places,
    *,
    has_test: bool,
    fraction: float,
    seed: int,
) -> Sides:
    """Divide pictures.

    Args:
        files: the pictures.
        digests: of their pixels.
        targets: of each, as `targets_of` returns them.
        has_test: whether the files say which are for the test.
        fraction: of the pictures that is held out otherwise, rounded up, stratified by class, or by all
            labels together.
        seed: the same seed gives the same sides in the same order.
    """
    first: dict[bytes, int] = {}
    group = np.array([first.setdefault(digest, place) for place, digest in enumerate(digests)], np.intp)
    places = np.arange(len(files))
    repeated = int((group != places).sum())
    ambiguous = int((targets[group] != targets).reshape(len(files), -1).any(axis=1).sum())
    unique = np.flatnonzero(group == places)
    removed, validation = 0, places[:0]
    if has_test:
        is_test, is_validation = (np.array([file.part == part for file in files]) for part in _HELD_OUT)
        is_in_test = np.isin(group, group[is_test])
        validation = np.flatnonzero(is_validation & ~is_in_test)
        is_held_out = is_in_test | np.isin(group, group[validation])
        removed = int((is_held_out & ~is_test).sum()) - len(validation)
        order = np.random.default_rng(seed).permutation(len(files))
        train, test = order[~is_held_out[order]], np.flatnonzero(is_test)
    else:
        held_out = min(math.ceil(round(len(unique) * fraction, 6)), len(unique) - 1)
        kept, chosen = split(targets[unique], held_out, seed)
        train, test = (_with_copies(unique[part], group) for part in (kept, chosen))
    return Sides(
        train=train,
        validation=validation,
        test=test,
        first=unique,
        repeated=repeated,
        ambiguous=ambiguous,
        removed=removed,
    )


def _with_copies(chosen: Places, group: Places) -> Places:
    """The places of these pictures in their order, and after them those of their copies."""
    copies = np.flatnonzero(group != np.arange(len(group)))
    return np.concatenate([chosen, copies[np.isin(group[copies], chosen)]])
