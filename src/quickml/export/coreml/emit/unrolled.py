"""Unroll recurrent layers into elementary operations for each step, which share the kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from coremltools.converters.mil import Builder as mb
from numpy.typing import NDArray

from quickml.document.layers.recurrent import GRU, LSTM, Recurrent, SimpleRNN
from quickml.export.coreml.emit.activation import function
from quickml.export.coreml.emit.emitter import Var

Array = NDArray[np.float32]
Weights = Mapping[str, Array]


@dataclass(frozen=True, kw_only=True)
class UnrolledCell:
    """One step of a layer.

    Kernels are split into parts that a step uses separately. `inputs` are pairs of a kernel (features, size)
    and a bias (size,), whose products with the input are computed for all steps at once.
    """

    inputs: list[tuple[Array, Array]]
    step: Callable[[list[Var], list[Var]], list[Var]]
    """Computes the next states from this step's products, (1, size) each, and the states, (1, units) each."""
    states: int = 1
    """The number of states; the first is the output of a step."""


def unrolled(layer: Recurrent, weights: Weights, x: Var, name: str) -> Var:
    """(1, steps, features) to (1, steps, units), or to (1, units)."""
    cell = CELLS[type(layer)](layer, weights, name)
    count = x.shape[1]
    rows = mb.squeeze(x=x, axes=[0])
    products = [
        _split(mb.linear(x=rows, weight=kernel.T.copy(), bias=bias.copy()), count, axis=0)
        for kernel, bias in cell.inputs
    ]
    states: list[Var] = [np.zeros((1, layer.units), np.float32)] * cell.states
    outputs = []
    for row in zip(*products, strict=True):
        states = cell.step(list(row), states)
        outputs.append(states[0])
    if not layer.return_sequences:
        return outputs[-1]
    return mb.expand_dims(x=mb.concat(values=outputs, axis=0), axes=[0])


def _split(value: Var, count: int, axis: int) -> list[Var]:
    return list(mb.split(x=value, num_splits=count, axis=axis)) if count > 1 else [value]


def _bias(layer: Recurrent, weights: Weights, size: int) -> Array:
    return weights["bias"] if layer.use_bias else np.zeros(size, np.float32)


def _gates(layer: LSTM | GRU, total: Var, count: int) -> list[Var]:
    """The activated gates. One operation activates all gates, except softmax, which is applied to each."""
    if layer.recurrent_activation == "softmax":
        return [function("softmax", part) for part in _split(total, count, axis=1)]
    return _split(function(layer.recurrent_activation, total), count, axis=1)


def _simple(layer: SimpleRNN, weights: Weights, name: str) -> UnrolledCell:
    """h = activation(x · kernel + bias + h · recurrent)."""
    recurrent = mb.const(val=weights["recurrent_kernel"], name=f"{name}_recurrent")

    def step(products: list[Var], states: list[Var]) -> list[Var]:
        total = mb.add(x=products[0], y=mb.matmul(x=states[0], y=recurrent))
        return [function(layer.activation, total)]

    return UnrolledCell(inputs=[(weights["kernel"], _bias(layer, weights, layer.units))], step=step)


def _lstm(layer: LSTM, weights: Weights, name: str) -> UnrolledCell:
    """Gates i, f and o, and the candidate c, which Keras stores in the order i, f, c, o."""

    def parts(values: Array) -> tuple[Array, Array]:
        i, f, c, o = np.split(values, 4, axis=-1)
        return np.concatenate([i, f, o], axis=-1), c

    kernels, recurrents = parts(weights["kernel"]), parts(weights["recurrent_kernel"])
    biases = parts(_bias(layer, weights, 4 * layer.units))
    gate, candidate = (
        mb.const(val=values, name=f"{name}_recurrent_{part}")
        for part, values in zip(("gates", "candidate"), recurrents, strict=True)
    )

    def step(products: list[Var], states: list[Var]) -> list[Var]:
        hidden, memory = states
        i, f, o = _gates(layer, mb.add(x=products[0], y=mb.matmul(x=hidden, y=gate)), 3)
        new = function(layer.activation, mb.add(x=products[1], y=mb.matmul(x=hidden, y=candidate)))
        memory = mb.add(x=mb.mul(x=f, y=memory), y=mb.mul(x=i, y=new))
        return [mb.mul(x=o, y=function(layer.activation, memory)), memory]

    return UnrolledCell(inputs=list(zip(kernels, biases, strict=True)), step=step, states=2)


def _gru(layer: GRU, weights: Weights, name: str) -> UnrolledCell:
    """Gates z (update) and r (reset), and the candidate h, which Keras stores in the order z, r, h."""
    units = layer.units

    def parts(values: Array) -> tuple[Array, Array]:
        return values[..., : 2 * units].copy(), values[..., 2 * units :].copy()

    gate, candidate = (
        mb.const(val=values, name=f"{name}_recurrent_{part}")
        for part, values in zip(("gates", "candidate"), parts(weights["recurrent_kernel"]), strict=True)
    )
    # With reset_after, Keras' bias has two rows: for the input, and for the recurrent state. Those of the
    # gates are simply added; the candidate's second one has to be multiplied with r.
    bias = _bias(layer, weights, 3 * units).reshape(-1, 3 * units)
    gate_bias = bias.sum(axis=0)[: 2 * units]
    inner_bias = mb.const(val=bias[-1, 2 * units :], name=f"{name}_recurrent_bias")

    def proposal(product: Var, reset: Var, hidden: Var) -> Var:
        if not layer.reset_after:
            recurrent = mb.matmul(x=mb.mul(x=reset, y=hidden), y=candidate)
        else:
            recurrent = mb.matmul(x=hidden, y=candidate)
            if layer.use_bias:
                recurrent = mb.add(x=recurrent, y=inner_bias)
            recurrent = mb.mul(x=reset, y=recurrent)
        return function(layer.activation, mb.add(x=product, y=recurrent))

    def step(products: list[Var], states: list[Var]) -> list[Var]:
        (hidden,) = states
        update, reset = _gates(layer, mb.add(x=products[0], y=mb.matmul(x=hidden, y=gate)), 2)
        new = proposal(products[1], reset, hidden)
        return [mb.add(x=new, y=mb.mul(x=update, y=mb.sub(x=hidden, y=new)))]

    kernels = parts(weights["kernel"])
    return UnrolledCell(inputs=[(kernels[0], gate_bias), (kernels[1], bias[0, 2 * units :])], step=step)


CELLS: dict[type[Recurrent], Callable[[Any, Weights, str], UnrolledCell]] = {
    SimpleRNN: _simple,
    LSTM: _lstm,
    GRU: _gru,
}
