"""When frames are taken: a function of the planned steps, never of time."""

from __future__ import annotations

MOST_PLANNED = 240
"""Opportunities of a training with short epochs, if it has not more epochs."""
MOST_IN_LONG_EPOCHS = 960
"""The same for long epochs: the training may be stopped long before its last planned epoch."""
LEAST_STEPS, LEAST_STEPS_IN_LONG_EPOCHS = 8, 32
"""Least steps from one opportunity to the next, so that recording costs little."""


def marks(epochs: int, steps: int) -> tuple[int, ...]:
    """The steps of an epoch after which a frame may be taken: evenly spaced, the last at the end.

    Their number is a power of two, so that the ends of epochs are still there when every second is dropped.

    Args:
        epochs: planned epochs.
        steps: steps of an epoch.
    """
    count = 1
    while _fits(2 * count, epochs, steps):
        count *= 2
    return tuple(part * steps // count for part in range(1, count + 1))


def _fits(count: int, epochs: int, steps: int) -> bool:
    least = LEAST_STEPS if epochs * steps > MOST_PLANNED else 1
    few = steps >= least * count and epochs * count < MOST_PLANNED
    return few or (steps >= LEAST_STEPS_IN_LONG_EPOCHS * count and epochs * count < MOST_IN_LONG_EPOCHS)
