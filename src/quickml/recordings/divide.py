"""Divide recordings into those for training and those for the test.

Whole recordings are for the one or the other, so a test says what the model makes of a recording that it has
never seen. Where there is one recording of a class only, its end is for the test; so is the end of each
recording if a number of the future is predicted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from quickml.recordings.runs import RecordingWindow, Rows, Runs, joined

Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Division:
    """The runs on both sides. No window is on both."""

    train: Runs
    test: Runs
    tested: int
    """Recordings that are for the test as a whole."""
    ended: tuple[int, ...]
    """Labels of which the end of recordings is for the test."""


def divide(
    runs: Runs,
    window: RecordingWindow,
    *,
    fraction: float,
    seed: int,
    test: Rows | None = None,
    by_time: bool = False,
) -> Division:
    """Divide runs.

    Args:
        runs: all of them.
        window: what is cut out of them.
        fraction: of the windows that is for the test.
        seed: the same seed gives the same sides.
        test: the recordings for the test, where that is said.
        by_time: whether the end of each recording is for the test.
    """
    if test is not None:
        is_test = np.isin(runs.session, test)
        first, second = runs.chosen(~is_test), runs.chosen(is_test)
        return Division(train=first, test=second, tested=len(test), ended=())
    counts = _counts(runs, window)
    chosen = np.zeros(len(counts), bool) if by_time else _chosen(counts, fraction, seed)
    is_test = chosen[runs.session]
    missing = np.flatnonzero((counts.sum(axis=0) > 0) & (counts[chosen].sum(axis=0) == 0))
    train, held_out, ended = [runs.chosen(~is_test)], [runs.chosen(is_test)], []
    for label in missing.tolist():
        first, last, is_cut = _ends(train[0], label, window, fraction)
        train[0], held_out = first, [*held_out, last]
        ended += [label] if is_cut else []
    return Division(train=train[0], test=joined(*held_out), tested=int(chosen.sum()), ended=tuple(ended))


def _counts(runs: Runs, window: RecordingWindow) -> Counts:
    """Windows by recording and label."""
    sessions, labels = (int(codes.max(initial=-1)) + 1 for codes in (runs.session, runs.label))
    found = np.zeros((sessions, labels), np.int64)
    np.add.at(found, (runs.session, runs.label), window.counts(runs))
    return found


def _chosen(counts: Counts, fraction: float, seed: int) -> NDArray[np.bool_]:
    """Recordings for the test: those that bring each label closest to its share, and leave some to learn."""
    total = counts.sum(axis=0)
    wanted, taken = total * fraction, np.zeros(counts.shape[1])
    chosen = np.zeros(len(counts), bool)
    order = np.random.default_rng(seed).permutation(np.flatnonzero(counts.sum(axis=1)))
    for session in order.tolist():
        after = taken + counts[session]
        is_closer = np.abs(after - wanted).sum() < np.abs(taken - wanted).sum()
        if is_closer and _leaves_some(after, total):
            chosen[session], taken = True, after
    for label in np.flatnonzero(total).tolist():
        if taken[label]:
            continue
        having = [session for session in order.tolist() if counts[session, label] and not chosen[session]]
        for session in sorted(having, key=lambda session: int(counts[session].sum())):
            if _leaves_some(taken + counts[session], total):
                chosen[session], taken = True, taken + counts[session]
                break
    return chosen


def _leaves_some(taken: NDArray[np.float64], total: Counts) -> bool:
    """Whether windows of each label are left to learn from."""
    return bool((taken < total)[total > 0].all())


def _ends(runs: Runs, label: int, window: RecordingWindow, fraction: float) -> tuple[Runs, Runs, bool]:
    """Cut the end of each recording off that has a label; a run in which the cut is becomes two."""
    kept, ends = [runs.chosen(runs.label != label)], []
    of_label = runs.chosen(runs.label == label)
    is_cut = False
    for session in np.unique(of_label.session).tolist():
        first, last = _end(of_label.chosen(of_label.session == session), window, fraction)
        kept.append(first)
        ends.append(last)
        is_cut = is_cut or len(last) > 0
    return joined(*kept), joined(*ends), is_cut


def _end(runs: Runs, window: RecordingWindow, fraction: float) -> tuple[Runs, Runs]:
    """The beginning of a recording and its end, which has a fraction of the rows and at least one window.

    Where the end consists of pieces that are too short, it gets longer, up to half. No end is cut off if no
    window would be left at the beginning.
    """
    lengths, before = runs.lengths, np.cumsum(runs.lengths) - runs.lengths
    rows, nothing = int(lengths.sum()), runs.chosen(np.zeros(len(runs), bool))
    for share in np.arange(fraction, 0.5 + fraction, fraction):
        least = rows - max(round(rows * min(float(share), 0.5)), window.needed)
        cut = runs.start + np.clip(least - before, 0, lengths)
        first, last = replace(runs, stop=cut), replace(runs, start=cut)
        if not window.counts(first).sum():
            break
        if window.counts(last).sum():
            return first.chosen(first.lengths > 0), last.chosen(last.lengths > 0)
    return runs, nothing
