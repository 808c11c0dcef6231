"""Recurrent layers, with values (sequence, batch, features, 1, 1) and states (1, batch, H, 1, 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading import nnweights
from quickml.export.onnx import arrays, recurrent
from quickml.export.onnx.graph import OnnxGraph, Tensor
from quickml.export.onnx.nn_layer import NetworkLayer, Translator
from quickml.export.onnx.recurrent import Array, CellActivation, RecurrentCell

_CLIP = 50.0  # the format clips the inputs of all gates to this, and by default the cell state


def lstm(g: OnnxGraph, layer: NetworkLayer) -> tuple[Tensor, ...]:
    """`UniDirectionalLSTMLayerParams`: (x, h, c) -> (y, h, c)."""
    p = layer.params
    cell = _lstm_cell(p.weightParams, p)
    direction = "reverse" if p.reverseInput else "forward"
    states = (_state(g, layer, 1), _state(g, layer, 2))
    result = recurrent.lstm(
        g, _sequence(g, layer.x), [cell], states, _activations(p.activations, 3),
        direction=direction, clip=_CLIP, coupled=p.params.coupledInputAndForgetGate,
    )  # fmt: skip
    steps = result.steps if p.params.sequenceOutput else None
    return _results(g, steps, result.hidden, result.cell)


def bidirectional_lstm(g: OnnxGraph, layer: NetworkLayer) -> tuple[Tensor, ...]:
    """`BiDirectionalLSTMLayerParams`: (x, h, c, h_back, c_back) -> (y, h, c, h_back, c_back)."""
    p = layer.params
    if len(p.weightParams) != 2:
        raise CoreMLFileError(f"expected weights for 2 directions, found {len(p.weightParams)}")
    cells = [_lstm_cell(weights, p) for weights in p.weightParams]
    pairs = [(_state(g, layer, i), _state(g, layer, i + 2)) for i in (1, 2)]
    states = [arrays.concat(g, [a, b], 1) if a and b else None for a, b in pairs]
    forward = _activations(p.activationsForwardLSTM, 3)
    backward = _activations(p.activationsBackwardLSTM, 3) if p.activationsBackwardLSTM else forward
    if forward != backward:
        raise UnsupportedModelError("directions with different activations cannot be run here")
    result = recurrent.lstm(
        g, _sequence(g, layer.x), cells, (states[0], states[1]), forward,
        direction="bidirectional", clip=_CLIP, coupled=p.params.coupledInputAndForgetGate,
    )  # fmt: skip
    steps = result.steps if p.params.sequenceOutput else None
    hidden = arrays.split_evenly(g, result.hidden, 2, 1)
    cell = arrays.split_evenly(g, result.cell or result.hidden, 2, 1)
    first = _results(g, steps, result.hidden, None)[0]
    return (first, *(_as_blob(g, state) for state in (hidden[0], cell[0], hidden[1], cell[1])))


def gru(g: OnnxGraph, layer: NetworkLayer) -> tuple[Tensor, ...]:
    """`GRULayerParams`: (x, h) -> (y, h)."""
    p = layer.params
    names = {"z": "updateGate", "r": "resetGate", "o": "outputGate"}
    size = (p.outputVectorSize, p.inputVectorSize)
    cell = _cell(p, names, size, biased=p.hasBiasVectors)
    result = recurrent.gru(
        g, _sequence(g, layer.x), cell, _state(g, layer, 1), _activations(p.activations, 2),
        reverse=p.reverseInput, clip=_CLIP,
    )  # fmt: skip
    return _results(g, result.steps if p.sequenceOutput else None, result.hidden)


def simple(g: OnnxGraph, layer: NetworkLayer) -> tuple[Tensor, ...]:
    """`SimpleRecurrentLayerParams`: (x, h) -> (y, h)."""
    p = layer.params
    hidden = p.outputVectorSize
    cell = RecurrentCell(
        inputs={"h": nnweights.array(p.weightMatrix, (hidden, p.inputVectorSize))},
        recursion={"h": nnweights.array(p.recursionMatrix, (hidden, hidden))},
        bias={"h": nnweights.array(p.biasVector, (hidden,))} if p.hasBiasVector else None,
    )
    kind = _activation(p.activation)
    result = recurrent.rnn(
        g, _sequence(g, layer.x), cell, _state(g, layer, 1), kind, reverse=p.reverseInput, clip=_CLIP
    )
    return _results(g, result.steps if p.sequenceOutput else None, result.hidden)


def _lstm_cell(weights: Any, p: Any) -> RecurrentCell:
    recurrent.check_cell_limit(p.params.cellClipThreshold or _CLIP)
    names = {"i": "inputGate", "f": "forgetGate", "z": "blockInput", "o": "outputGate"}
    cell = _cell(weights, names, (p.outputVectorSize, p.inputVectorSize), biased=p.params.hasBiasVectors)
    bias = cell.bias
    if p.params.forgetBias:
        bias = dict(bias or {gate: np.zeros(p.outputVectorSize, dtype=np.float32) for gate in names})
        bias["f"] = (bias["f"] + 1).astype(np.float32)
    peephole = None
    if p.params.hasPeepholeVectors:
        size = (p.outputVectorSize,)
        vectors = {gate: getattr(weights, f"{names[gate]}PeepholeVector") for gate in "ifo"}
        peephole = {gate: nnweights.array(vector, size) for gate, vector in vectors.items()}
    return RecurrentCell(inputs=cell.inputs, recursion=cell.recursion, bias=bias, peephole=peephole)


def _cell(weights: Any, names: dict[str, str], size: tuple[int, int], *, biased: bool) -> RecurrentCell:
    def read(suffix: str, shape: tuple[int, ...]) -> dict[str, Array]:
        return {gate: nnweights.array(getattr(weights, name + suffix), shape) for gate, name in names.items()}

    return RecurrentCell(
        inputs=read("WeightMatrix", size),
        recursion=read("RecursionMatrix", (size[0], size[0])),
        bias=read("BiasVector", size[:1]) if biased else None,
    )


def _sequence(g: OnnxGraph, x: Tensor) -> Tensor:
    """(S, N, I, 1, 1) -> (S, N, I)."""
    if x.rank == 3:
        return x
    if x.rank != 5 or x.shape[-2:] != (1, 1):
        raise CoreMLFileError(f"expected a sequence (S, N, C, 1, 1), found the shape {x.shape}")
    return arrays.reshape(g, x, x.shape[:3])


def _state(g: OnnxGraph, layer: NetworkLayer, index: int) -> Tensor | None:
    """(1, N, H, 1, 1) -> (N, H); None if the layer has no such input."""
    if index >= len(layer.inputs):
        return None
    state = layer.inputs[index]
    batch = layer.x.shape[1]
    if state.size % batch:
        raise CoreMLFileError(f"a state of shape {state.shape} does not fit a batch of {batch}")
    return arrays.reshape(g, state, (batch, state.size // batch))


def _results(g: OnnxGraph, steps: Tensor | None, *states: Tensor | None) -> tuple[Tensor, ...]:
    blobs = [_as_blob(g, state) for state in states if state]
    first = blobs[0] if steps is None else arrays.reshape(g, steps, (*steps.shape, 1, 1))
    return (first, *blobs)


def _as_blob(g: OnnxGraph, state: Tensor) -> Tensor:
    """(N, H) -> (1, N, H, 1, 1)."""
    return arrays.reshape(g, state, (1, *state.shape, 1, 1))


def _activations(params: Sequence[Any], count: int) -> list[CellActivation]:
    if len(params) != count:
        raise CoreMLFileError(f"expected {count} activations, found {len(params)}")
    return [_activation(one) for one in params]


def _activation(params: Any) -> CellActivation:
    kind = params.WhichOneof("NonlinearityType")
    simple_names = {"sigmoid": "Sigmoid", "tanh": "Tanh", "ReLU": "Relu"}
    if kind in simple_names:
        return CellActivation(name=simple_names[kind])
    parametric_names = {"linear": "Affine", "scaledTanh": "ScaledTanh", "sigmoidHard": "HardSigmoid"}
    if kind not in parametric_names:
        raise UnsupportedModelError(f"the activation {kind} cannot be run in a recurrent layer")
    values = getattr(params, kind)
    return CellActivation(name=parametric_names[kind], alpha=values.alpha, beta=values.beta)


LAYERS: dict[str, Translator] = {
    "uniDirectionalLSTM": lstm,
    "biDirectionalLSTM": bidirectional_lstm,
    "gru": gru,
    "simpleRecurrent": simple,
}
