"""Recurrent layers as ONNX nodes, where x is (sequence, batch, features).

Weights are given as one matrix per gate, with Core ML's names, and are concatenated in ONNX's order: i, o, f,
c for an LSTM and z, r, h for a GRU.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.onnx import arrays
from quickml.export.onnx.graph import OnnxGraph, Tensor

Array = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class RecurrentCell:
    """One direction of a layer: input matrix (H, I), recursion matrix (H, H) and bias (H,) of each gate."""

    inputs: Mapping[str, Array]
    recursion: Mapping[str, Array]
    bias: Mapping[str, Array] | None = None
    peephole: Mapping[str, Array] | None = None


@dataclass(frozen=True, kw_only=True)
class CellActivation:
    """An activation by ONNX's name, with its parameters in ONNX."""

    name: str
    alpha: float = 0.0
    beta: float = 0.0


_HARMLESS_LIMIT = 50.0

SIGMOID, TANH = CellActivation(name="Sigmoid"), CellActivation(name="Tanh")

_BY_NAME = {
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "relu": CellActivation(name="Relu"),
    "linear": CellActivation(name="Affine", alpha=1.0, beta=0.0),
    "hard_sigmoid": CellActivation(name="HardSigmoid", alpha=0.2, beta=0.5),
    "scaled_tanh": CellActivation(name="ScaledTanh", alpha=1.7159, beta=2 / 3),
}


def activation(name: str) -> CellActivation:
    """An activation by MIL's name."""
    if name.lower() not in _BY_NAME:
        raise UnsupportedModelError(f"the activation {name!r} cannot be run in a recurrent layer")
    return _BY_NAME[name.lower()]


def check_cell_limit(limit: float) -> None:
    """Raise UnsupportedModelError if a limit on an LSTM's cell state can change results; ONNX has no limit.

    The state changes by about 1 per step, and the output is its tanh, which is 1 in float32 from 10 on. A
    limit of 50, the default of the format, therefore has no effect.
    """
    if limit < _HARMLESS_LIMIT:
        raise UnsupportedModelError(f"an lstm whose cell state is clipped to {limit:g} cannot be run here")


@dataclass(frozen=True)
class Result:
    """The outputs of a recurrent layer: all steps (S, N, D * H), last hidden and cell state (N, D * H)."""

    steps: Tensor
    hidden: Tensor
    cell: Tensor | None = None


def lstm(
    g: OnnxGraph,
    x: Tensor,
    cells: Sequence[RecurrentCell],
    states: tuple[Tensor | None, Tensor | None],
    activations: Sequence[CellActivation],
    *,
    direction: str = "forward",
    clip: float | None = None,
    coupled: bool = False,
) -> Result:
    """An LSTM with the gates `ifoz`. `activations` are for the gates, the cell's input and the cell's output.

    `states` are the initial hidden and cell state, (N, D * H) each, or None for zeros.
    """
    hidden = _size(cells[0])
    order = ("i", "o", "f", "z")
    extra: dict[str, Any] = {"input_forget": int(coupled)} | ({"clip": clip} if clip else {})
    peephole = None
    if cells[0].peephole:
        peephole = np.stack([np.concatenate([(c.peephole or {})[gate] for gate in "iof"]) for c in cells])
    y, last, cell = g.ops(
        "LSTM", 3, x, _weights(cells, "inputs", order), _weights(cells, "recursion", order),
        _biases(cells, order, hidden), None, _state(g, states[0], len(cells), hidden),
        _state(g, states[1], len(cells), hidden), peephole,
        hidden_size=hidden, direction=direction, **_names(activations, len(cells)), **extra,
    )  # fmt: skip
    return Result(_steps(g, y), _last(g, last), _last(g, cell))


def gru(
    g: OnnxGraph,
    x: Tensor,
    cell: RecurrentCell,
    state: Tensor | None,
    activations: Sequence[CellActivation],
    *,
    reverse: bool = False,
    reset_after: bool = False,
    clip: float | None = None,
) -> Result:
    """A GRU with the gates `zro`: update, reset, output. `reset_after` applies the reset gate after the
    recursion matrix instead of before."""
    hidden, order = _size(cell), ("z", "r", "o")
    y, last = g.ops(
        "GRU", 2, x, _weights([cell], "inputs", order), _weights([cell], "recursion", order),
        _biases([cell], order, hidden), None, _state(g, state, 1, hidden),
        hidden_size=hidden, direction="reverse" if reverse else "forward",
        linear_before_reset=int(reset_after), **_names(activations, 1), **({"clip": clip} if clip else {}),
    )  # fmt: skip
    return Result(_steps(g, y), _last(g, last))


def rnn(
    g: OnnxGraph,
    x: Tensor,
    cell: RecurrentCell,
    state: Tensor | None,
    kind: CellActivation,
    *,
    reverse: bool = False,
    clip: float | None = None,
) -> Result:
    """A simple recurrent layer, whose only gate is called `h`."""
    hidden = _size(cell)
    y, last = g.ops(
        "RNN", 2, x, _weights([cell], "inputs", ("h",)), _weights([cell], "recursion", ("h",)),
        _biases([cell], ("h",), hidden), None, _state(g, state, 1, hidden),
        hidden_size=hidden, direction="reverse" if reverse else "forward", **_names([kind], 1),
        **({"clip": clip} if clip else {}),
    )  # fmt: skip
    return Result(_steps(g, y), _last(g, last))


def gates(matrix: Array, names: str) -> dict[str, Array]:
    """Split a matrix whose rows are the concatenated gates."""
    if not names or matrix.shape[0] % len(names):
        raise CoreMLFileError(f"{matrix.shape[0]} rows cannot be split into {len(names)} gates")
    return dict(zip(names, np.split(matrix, len(names)), strict=True))


def _size(cell: RecurrentCell) -> int:
    first = next(iter(cell.recursion.values()))
    if first.ndim != 2 or first.shape[0] != first.shape[1]:
        raise CoreMLFileError(f"expected a square recursion matrix, found the shape {first.shape}")
    return int(first.shape[0])


def _weights(cells: Sequence[RecurrentCell], which: str, order: Sequence[str]) -> Array:
    return np.stack([np.concatenate([getattr(cell, which)[gate] for gate in order]) for cell in cells])


def _biases(cells: Sequence[RecurrentCell], order: Sequence[str], hidden: int) -> Array | None:
    if cells[0].bias is None:
        return None
    zeros = np.zeros(len(order) * hidden, dtype=np.float32)
    rows = [np.concatenate([*((cell.bias or {})[gate] for gate in order), zeros]) for cell in cells]
    return np.stack(rows).astype(np.float32)


def _state(g: OnnxGraph, state: Tensor | None, directions: int, hidden: int) -> Tensor | None:
    """(N, D * H) -> (D, N, H)."""
    if state is None:
        return None
    batch = state.shape[0]
    return arrays.transpose(g, arrays.reshape(g, state, (batch, directions, hidden)), (1, 0, 2))


def _steps(g: OnnxGraph, y: Tensor) -> Tensor:
    """(S, D, N, H) -> (S, N, D * H)."""
    steps, directions, batch, hidden = y.shape
    return arrays.reshape(g, arrays.transpose(g, y, (0, 2, 1, 3)), (steps, batch, directions * hidden))


def _last(g: OnnxGraph, state: Tensor) -> Tensor:
    """(D, N, H) -> (N, D * H)."""
    directions, batch, hidden = state.shape
    return arrays.reshape(g, arrays.transpose(g, state, (1, 0, 2)), (batch, directions * hidden))


def _names(activations: Sequence[CellActivation], directions: int) -> dict[str, Any]:
    """The activations as ONNX attributes: parameters are listed only for activations that have them."""
    every = list(activations) * directions
    named: dict[str, Any] = {"activations": [one.name for one in every]}
    parametric = [one for one in every if one.name in ("Affine", "HardSigmoid", "ScaledTanh")]
    if parametric:
        named["activation_alpha"] = [one.alpha for one in parametric]
        named["activation_beta"] = [one.beta for one in parametric]
    return named
