"""The losses of single steps, collected for `batches` events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from quickml.events import Batches

MOST_VALUES = 8192
"""Most values of a training; longer trainings have several steps per value."""
MOST_PER_EVENT = 64


class StepLosses:
    """Collects the losses of steps. Its values depend on the steps only, not on the length of chunks."""

    def __init__(self, planned_steps: int) -> None:
        """Expect a training of this many steps, or fewer."""
        self.every = -(-planned_steps // MOST_VALUES)
        self._first = 1
        self._values: list[float] = []
        self._open = (0, 0.0, 0)  # steps, sum of losses and samples of the value that is not complete

    def add(self, losses: Sequence[float], samples: Sequence[int]) -> None:
        """Take the next steps: of each the sum of its losses, and the number of its samples."""
        steps, total, count = self._open
        for loss, size in zip(losses, samples, strict=True):
            steps, total, count = steps + 1, total + loss, count + size
            if steps == self.every:
                self._values.append(total / count)
                steps, total, count = 0, 0.0, 0
        self._open = steps, total, count

    def take(self, *, least: int = 1) -> Iterator[Batches]:
        """Events with the values so far, while there are at least so many."""
        while len(self._values) >= least:
            taken, self._values = self._values[:MOST_PER_EVENT], self._values[MOST_PER_EVENT:]
            rounded = tuple(float(f"{value:.4g}") for value in taken)
            first, self._first = self._first, self._first + self.every * len(taken)
            yield Batches(first=first, every=self.every, losses=rounded)

    def finish(self) -> None:
        """Complete the last value, which may be the mean of fewer steps."""
        steps, total, count = self._open
        if steps:
            self._values.append(total / count)
            self._open = (0, 0.0, 0)

    @property
    def state(self) -> tuple[int, tuple[float, ...], tuple[int, float, int]]:
        """What a resumed training needs: the first step, values, and the value that is not complete."""
        return self._first, tuple(self._values), self._open

    @state.setter
    def state(self, state: tuple[int, Sequence[float], Sequence[float]]) -> None:
        first, values, (steps, total, count) = state
        self._first, self._values, self._open = first, list(values), (int(steps), total, int(count))
