"""Measure the mean and variance of Normalization layers that have none in the document."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.datasets.mapped import gathered
from quickml.document import Plan
from quickml.document.layers.preprocessing import Normalization
from quickml.document.shapes import Node
from quickml.document.wiring import INPUT
from quickml.training.backend import keras
from quickml.training.evaluate import answer

BLOCK = 1024
BLOCK_NUMBERS = 2**22
"""Most samples, and numbers, per block: in float64 it is needed twice."""
Samples = NDArray[Any]
Blocks = Callable[[], Iterator[Samples]]


def measure(plan: Plan, model: Any, inputs: Samples, targets: Samples, chosen: Samples) -> None:
    """Set the statistics of these layers, in order, because later ones take the output of earlier ones.

    Args:
        plan: the plan of the model.
        model: a keras.Model; its Normalization layers are modified.
        inputs: (n, *input shape) raw samples.
        targets: (n,) targets.
        chosen: indices of the training samples; other samples are not used.
    """
    for node in _measured(plan):
        layer = model.get_layer(node.name)
        of_targets = isinstance(node.layer, Normalization) and node.layer.invert
        blocks = _cut(targets.reshape(len(targets), -1) if of_targets else inputs, chosen)
        is_raw = node.inputs == (INPUT,) and not of_targets
        mean, variance = moments(blocks if is_raw or of_targets else _through(model, layer, blocks))
        if is_raw:
            _pass_over_categories(plan, mean, variance)
        layer.adapt_mean.assign(mean)
        layer.adapt_variance.assign(variance)
        layer.finalize_state()


def _pass_over_categories(plan: Plan, mean: NDArray[Any], variance: NDArray[Any]) -> None:
    """Leave the places of a table's categories as they are, 0 or 1: the 1 of a rare category would become a
    large number."""
    start = 0
    for column in plan.info.columns:
        if column.is_category:
            places = slice(start, start + column.width)
            mean[places], variance[places] = 0.0, 1.0
        start += column.width


def settle(plan: Plan, model: Any) -> None:
    """Update these layers after weights were set: they compute with constants derived from the weights."""
    for node in _measured(plan):
        model.get_layer(node.name).finalize_state()


def _measured(plan: Plan) -> list[Node]:
    return [
        node for node in plan.graph.nodes if isinstance(node.layer, Normalization) and node.layer.mean is None
    ]


def moments(blocks: Blocks) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance over all axes but the last, in two passes in float64.

    A variance that is negligible compared to the mean is the rounding error of a constant. It is replaced
    by 1, so that the constant is normalized to 0 instead of noise or infinity.
    """
    total, squares, count = 0.0, 0.0, 0
    for block in blocks():
        flat = block.reshape(-1, block.shape[-1])
        total, count = total + flat.sum(axis=0, dtype=np.float64), count + len(flat)
    mean = np.asarray(total / count)
    for block in blocks():
        squares = squares + np.square(block.reshape(-1, block.shape[-1]) - mean).sum(axis=0)
    variance = np.asarray(squares / count)
    return mean, np.where(variance > np.square(mean * 1e-6) + 1e-12, variance, 1.0)


def _cut(values: Samples, chosen: Samples) -> Blocks:
    size = max(1, min(BLOCK, BLOCK_NUMBERS // math.prod(values.shape[1:])))
    return lambda: (gathered(values, chosen[at : at + size]) for at in range(0, len(chosen), size))


def _through(model: Any, layer: Any, blocks: Blocks) -> Blocks:
    """The inputs of a layer inside the model, for blocks of the model's inputs."""
    before = keras.Model(model.input, layer.input)
    return lambda: (answer(before, block) for block in blocks())
