"""The samples of a training as tensors: all of them if they are small, otherwise those of the next steps."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from quickml.datasets.data import RESIDENT_BYTES
from quickml.datasets.mapped import gathered, give_back, samples_per_part
from quickml.training.backend import tf

Order = NDArray[np.int32]
Part = tuple[Any, Any]
"""Inputs and targets, as tensors."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """The samples of some steps."""

    inputs: Any
    """Tensor (samples, *input shape)."""
    targets: Any
    """Tensor (samples,)."""
    order: Order
    """Indices into both: those of step `first` begin at `first * batch_size`."""
    first: int
    """The step that was asked for, counted within this span."""
    steps: int
    """Steps from there on that the span has."""


class SampleSource(Protocol):
    """The samples, in the order of an epoch."""

    def span(self, order: Order, first: int) -> Span:
        """The samples of the steps from step `first` on; `order` has the indices of all samples."""
        ...

    def close(self) -> None:
        """Free the samples."""
        ...


def samples_of(inputs: NDArray[Any], targets: NDArray[Any], batch_size: int) -> SampleSource:
    """The fitting kind."""
    if inputs.nbytes <= RESIDENT_BYTES:
        return ResidentSamples(inputs, targets, batch_size)
    return ReadSamples(inputs, targets, batch_size)


class ResidentSamples:
    """All samples as tensors, in their own type: uint8 pixels need a quarter of the memory of float32."""

    def __init__(self, inputs: NDArray[Any], targets: NDArray[Any], batch_size: int) -> None:
        self._inputs, self._targets, self._batch_size = tf.constant(inputs), tf.constant(targets), batch_size
        give_back(inputs)

    def span(self, order: Order, first: int) -> Span:
        """See `SampleSource`."""
        steps = -(-len(order) // self._batch_size) - first
        return Span(inputs=self._inputs, targets=self._targets, order=order, first=first, steps=steps)

    def close(self) -> None:
        """See `SampleSource`."""
        del self._inputs, self._targets


class ReadSamples:
    """The samples of a few steps. Those of the next steps are read meanwhile, by another thread."""

    def __init__(self, inputs: NDArray[Any], targets: NDArray[Any], batch_size: int) -> None:
        self._inputs, self._targets, self._batch_size = inputs, targets, batch_size
        self._steps = max(1, samples_per_part(inputs) // batch_size)
        """Of a part. Parts begin at multiples of it."""
        self._order: Order | None = None
        self._here: tuple[int, Part] | None = None
        self._next: tuple[int, Future[Part]] | None = None
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="samples")

    def span(self, order: Order, first: int) -> Span:
        """See `SampleSource`. Reads ahead in the order that was asked for last."""
        number, within = divmod(first, self._steps)
        inputs, targets = self._part(order, number)
        count = len(targets)
        return Span(
            inputs=inputs,
            targets=targets,
            order=np.arange(count, dtype=np.int32),
            first=within,
            steps=-(-count // self._batch_size) - within,
        )

    def _part(self, order: Order, number: int) -> Part:
        if order is not self._order:
            self._order, self._here, self._next = order, None, None
        if self._here and self._here[0] == number:
            return self._here[1]
        ahead = self._next[1] if self._next and self._next[0] == number else self._read(order, number)
        self._here = number, ahead.result()
        size = self._steps * self._batch_size
        has_next = (number + 1) * size < len(order)
        self._next = (number + 1, self._read(order, number + 1)) if has_next else None
        return self._here[1]

    def _read(self, order: Order, number: int) -> Future[Part]:
        size = self._steps * self._batch_size
        chosen = order[number * size : (number + 1) * size]

        def read() -> Part:
            # Without another copy: the tensor keeps the array, which nobody else has.
            inputs = tf.experimental.dlpack.from_dlpack(gathered(self._inputs, chosen).__dlpack__())
            return inputs, tf.constant(self._targets[chosen])

        return self._reader.submit(read)

    def close(self) -> None:
        """See `SampleSource`."""
        self._reader.shutdown(cancel_futures=True)
        self._order = self._here = self._next = None
