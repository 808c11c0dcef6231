"""The samples of a training as tensors: all of them if they are small, otherwise those of the next steps."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from quickml.datasets.data import RESIDENT_BYTES
from quickml.datasets.mapped import gathered, is_mapped, samples_per_part
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

    def span(self, order: Order, first: int, then: Order | None = None) -> Span:
        """The samples of the steps from step `first` on.

        Args:
            order: indices of all samples.
            first: a step.
            then: the order that will be asked for after this one, if that is known.
        """
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
        self._targets, self._batch_size = tf.constant(targets), batch_size
        self._inputs = _tensor(inputs, np.arange(len(inputs))) if is_mapped(inputs) else tf.constant(inputs)

    def span(self, order: Order, first: int, then: Order | None = None) -> Span:  # noqa: ARG002
        """See `SampleSource`."""
        steps = -(-len(order) // self._batch_size) - first
        return Span(inputs=self._inputs, targets=self._targets, order=order, first=first, steps=steps)

    def close(self) -> None:
        """See `SampleSource`."""
        del self._inputs, self._targets


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """A part that is read, or will be."""

    order: Order
    number: int
    future: Future[Part]

    def has(self, order: Order, number: int) -> bool:
        """Whether it is this part. Orders are compared by identity."""
        return self.order is order and self.number == number


class ReadSamples:
    """The samples of a few steps. Those of the next steps are read meanwhile, by another thread: at the end
    of an epoch the first ones of the next."""

    def __init__(self, inputs: NDArray[Any], targets: NDArray[Any], batch_size: int) -> None:
        self._inputs, self._targets, self._batch_size = inputs, targets, batch_size
        self._steps = max(1, samples_per_part(inputs) // batch_size)
        """Of a part. Parts begin at multiples of it."""
        self._here: _Reading | None = None
        self._next: _Reading | None = None
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="samples")

    def span(self, order: Order, first: int, then: Order | None = None) -> Span:
        """See `SampleSource`."""
        number, within = divmod(first, self._steps)
        inputs, targets = self._part(order, number, then)
        count = len(targets)
        return Span(
            inputs=inputs,
            targets=targets,
            order=np.arange(count, dtype=np.int32),
            first=within,
            steps=-(-count // self._batch_size) - within,
        )

    def _part(self, order: Order, number: int, then: Order | None) -> Part:
        if self._here and self._here.has(order, number):
            return self._here.future.result()
        ahead, self._here, self._next = self._next, None, None
        self._here = ahead if ahead and ahead.has(order, number) else self._read(order, number)
        part = self._here.future.result()
        if (number + 1) * self._steps * self._batch_size < len(order):
            self._next = self._read(order, number + 1)
        elif then is not None:
            self._next = self._read(then, 0)
        return part

    def _read(self, order: Order, number: int) -> _Reading:
        size = self._steps * self._batch_size
        chosen = order[number * size : (number + 1) * size]

        def read() -> Part:
            return _tensor(self._inputs, chosen), tf.constant(self._targets[chosen])

        return _Reading(order=order, number=number, future=self._reader.submit(read))

    def close(self) -> None:
        """See `SampleSource`."""
        self._reader.shutdown(cancel_futures=True)
        self._here = self._next = None


def _tensor(inputs: NDArray[Any], chosen: NDArray[Any]) -> Any:
    """The chosen samples, without another copy: the tensor keeps the array, which nobody else has."""
    return tf.experimental.dlpack.from_dlpack(gathered(inputs, chosen).__dlpack__())
