"""Compress the weights of a neural network: `WeightParams` of Apple's `NeuralNetwork.proto`, with numpy.

coremltools' own implementation is not used: it rounds biases as coarsely as matrices, fuses layers, takes
seconds for a million weights, and fails for k-means lookup tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.document.export import Weights
from quickml.export.coreml.compress.forms import LINEAR_BITS, PALETTE_BITS, is_worth_it
from quickml.export.coreml.compress.palette import palette
from quickml.export.coreml.library import coremltools

_ROWS = {
    "convolution": "outputChannels",
    "innerProduct": "outputChannels",
    "batchedMatmul": "weightMatrixSecondDimension",
    "embedding": "outputChannels",
    "embeddingND": "embeddingSize",
    "simpleRecurrent": "outputVectorSize",
    "gru": "outputVectorSize",
    "uniDirectionalLSTM": "outputVectorSize",
    "biDirectionalLSTM": "outputVectorSize",
}
"""The layers that have matrices, and the field with the number of rows; each row has one scale."""


def compress_network(model: Any, form: Weights) -> bool:
    """Compress the matrices of a neural network in place; biases and scales of features stay float32.

    Args:
        model: the message `CoreML.Specification.Model`, with float32 weights.
        form: a linear or palettized form.

    Returns:
        Whether any matrix was compressed.
    """
    layers = getattr(model, model.WhichOneof("Type")).layers
    is_changed = False
    for layer, (lead, rows) in _holders(layers):
        for weights in _matrices(getattr(layer, layer.WhichOneof("layer"))):
            numbers = np.asarray(weights.floatValue, np.float32).reshape(lead, rows, -1)
            if is_worth_it(form, numbers, rows, sparsity=0):
                _compress(weights, numbers, form)
                is_changed = True
    return is_changed


def _holders(layers: Any) -> Iterator[tuple[Any, tuple[int, int]]]:
    """The layers with matrices, and the first two of the three axes of a matrix; the second is the rows.

    A constant has a single scale. It counts as a matrix if only matrix products use it.
    """
    users: dict[str, set[str]] = {}
    for layer in layers:
        for name in layer.input:
            users.setdefault(name, set()).add(layer.WhichOneof("layer"))
    for layer in layers:
        kind = layer.WhichOneof("layer")
        params = getattr(layer, kind)
        if kind == "convolution" and params.isDeconvolution:
            groups = max(int(params.nGroups), 1)
            yield layer, (int(params.kernelChannels), int(params.outputChannels) // groups)
        elif kind in _ROWS:
            yield layer, (1, int(getattr(params, _ROWS[kind])))
        elif kind == "loadConstantND" and users.get(layer.output[0]) == {"batchedMatmul"}:
            yield layer, (1, 1)


def decompress_network(model: Any) -> Any:
    """Decompress the weights of a neural network to float32 with coremltools; changes the message in place.

    coremltools fails for an LSTM without biases, because it reads them anyway; a dummy value for each avoids
    that.
    """
    from coremltools.models.neural_network import quantization_utils

    for layer in getattr(model, model.WhichOneof("Type")).layers:
        kind = layer.WhichOneof("layer")
        params = getattr(layer, kind)
        if kind.endswith("DirectionalLSTM") and not params.params.hasBiasVectors:
            one = params.weightParams
            for weights in [one] if hasattr(one, "DESCRIPTOR") else one:
                for gate in ("inputGate", "forgetGate", "blockInput", "outputGate"):
                    getattr(weights, f"{gate}BiasVector").floatValue.append(0)
    full = coremltools().models.MLModel(model, skip_model_load=True)
    return quantization_utils.quantize_weights(full, 8, "dequantization").get_spec()


def _matrices(message: Any) -> Iterator[Any]:
    """Every `WeightParams` except biases and peepholes, which are vectors."""
    for field, value in message.ListFields():
        kind = field.message_type.name if field.message_type else ""
        if kind == "WeightParams" and field.name.endswith(("weights", "Matrix", "data")):
            yield value
        elif kind == "LSTMWeightParams":
            for one in [value] if hasattr(value, "DESCRIPTOR") else value:
                yield from _matrices(one)


def _compress(weights: Any, numbers: NDArray[np.float32], form: Weights) -> None:
    """Replace float32 weights by compressed ones; the rows are the middle one of the three axes."""
    quantization = weights.quantization
    if form in PALETTE_BITS:
        bits = PALETTE_BITS[form]
        table, codes = palette(numbers, bits)
        quantization.lookupTableQuantization.floatValue.extend(table.tolist())
    else:
        bits = LINEAR_BITS[form]
        scale, bias, codes = _linear(numbers, bits)
        quantization.linearQuantization.scale.extend(scale.tolist())
        quantization.linearQuantization.bias.extend(bias.tolist())
    quantization.numberOfBits = bits
    weights.rawValue = packed(codes, bits)
    del weights.floatValue[:]


def _linear(
    numbers: NDArray[np.float32], bits: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]:
    """Quantize to code * scale + bias, with a scale and a bias per row, the middle one of three axes."""
    low, high = numbers.min(axis=(0, 2)), numbers.max(axis=(0, 2))
    scale = (high - low) / np.float32((1 << bits) - 1)
    scale[scale == 0] = 1  # a row of equal numbers is stored in the bias alone
    codes = np.rint((numbers - low[:, None]) / scale[:, None])
    return scale, low, codes.astype(np.uint8)


def packed(codes: NDArray[np.uint8], bits: int) -> bytes:
    """Pack codes of `bits` bits. Bytes are filled from the highest bit; the last is padded with zeros."""
    single = np.unpackbits(codes.reshape(-1, 1), axis=1)[:, 8 - bits :]
    return np.packbits(single).tobytes()
