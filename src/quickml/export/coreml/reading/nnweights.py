"""Read the weights of a neural network: `WeightParams` of Apple's `NeuralNetwork.proto`.

Weights are stored as float32, as float16 bytes, or as codes of 1 to 8 bits with a scale and a bias or with a
lookup table. Codes are packed from the highest bit of each byte.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError, UnsupportedModelError

_LARGEST_ELEMENTS = 2**26  # a quarter of a GiB, once they are float32


def kind(params: Any) -> str:
    """How the weights are stored: `float32`, `float16`, `int8 linear`, `int4 lookup`, ... or `none`."""
    if params.floatValue:
        return "float32"
    if params.float16Value:
        return "float16"
    if params.int8RawValue:
        return "int8"
    if params.rawValue:
        quantization = params.quantization.WhichOneof("QuantizationType")
        names = {"linearQuantization": "linear", "lookupTableQuantization": "lookup"}
        return f"int{params.quantization.numberOfBits} {names.get(quantization, 'raw')}"
    return "none"


def count(params: Any) -> int:
    """The number of weights. For packed codes it is an upper bound, because the last byte may be padded."""
    if params.rawValue and params.quantization.numberOfBits:
        return int(len(params.rawValue) * 8 // params.quantization.numberOfBits)
    raw = len(params.rawValue) + len(params.int8RawValue)
    return len(params.floatValue) + len(params.float16Value) // 2 + raw


def array(params: Any, shape: Sequence[int], axis: int = 0) -> NDArray[np.float32]:
    """Read the weights as float32 of `shape`, row-major.

    `axis` is the axis of output channels, along which a quantization can have one scale per channel. Raises
    CoreMLFileError if the number of weights does not match, UnsupportedModelError for the raw bytes of custom
    layers.
    """
    size = math.prod(shape)
    if params.float16Value:
        even = len(params.float16Value) % 2 == 0
        halves = np.frombuffer(params.float16Value, "<f2") if even else None
        return _checked(halves, size).astype(np.float32).reshape(shape)
    if params.rawValue:
        return _dequantized(params, tuple(shape), axis)
    if params.int8RawValue:
        raise UnsupportedModelError("weights for dynamic int8 quantization cannot be run here")
    return _checked(np.asarray(params.floatValue, dtype=np.float32), size).reshape(shape)


def vector(params: Any, size: int) -> NDArray[np.float32]:
    """Read `size` weights as (size,); a single stored number is repeated."""
    if count(params) == 1 and size > 1:
        return np.full(size, array(params, (1,))[0], dtype=np.float32)
    return array(params, (size,))


def _checked(values: NDArray[Any] | None, size: int) -> NDArray[Any]:
    if values is None or values.size != size:
        found = "an odd number of bytes" if values is None else str(values.size)
        raise CoreMLFileError(f"expected {size} weights, found {found}")
    return values


def _dequantized(params: Any, shape: tuple[int, ...], axis: int) -> NDArray[np.float32]:
    if math.prod(shape) > _LARGEST_ELEMENTS:
        raise CoreMLFileError(f"weights of shape {shape} are too large to unpack")
    quantization = params.quantization
    codes = _codes(params.rawValue, quantization.numberOfBits, math.prod(shape)).reshape(shape)
    kind_name = quantization.WhichOneof("QuantizationType")
    if kind_name == "lookupTableQuantization":
        table = np.asarray(quantization.lookupTableQuantization.floatValue, dtype=np.float32)
        return _checked(table, 1 << quantization.numberOfBits)[codes]
    if kind_name != "linearQuantization":
        raise UnsupportedModelError("raw weights without a quantization cannot be run here")
    scale = _per_channel(quantization.linearQuantization.scale, shape, axis, default=1.0)
    bias = _per_channel(quantization.linearQuantization.bias, shape, axis, default=0.0)
    return codes.astype(np.float32) * scale + bias


def _codes(data: bytes, bits: int, size: int) -> NDArray[np.uint8]:
    if not 1 <= bits <= 8:
        raise CoreMLFileError(f"weights: expected 1 to 8 bits, found {bits}")
    needed = -(-size * bits // 8)
    if len(data) != needed:
        raise CoreMLFileError(f"expected {size} weights of {bits} bits in {needed} bytes, found {len(data)}")
    if bits == 8:
        return np.frombuffer(data, dtype=np.uint8)
    flat = np.unpackbits(np.frombuffer(data, dtype=np.uint8), count=size * bits).reshape(size, bits)
    powers = 1 << np.arange(bits - 1, -1, -1, dtype=np.uint8)
    codes: NDArray[np.uint8] = (flat * powers).sum(axis=1, dtype=np.uint8)
    return codes


def _per_channel(values: Any, shape: tuple[int, ...], axis: int, default: float) -> NDArray[np.float32]:
    numbers = np.asarray(values if len(values) else [default], dtype=np.float32)
    if numbers.size == 1:
        return numbers.reshape(())
    broadcast = [1] * len(shape)
    broadcast[axis] = shape[axis]
    return _checked(numbers, shape[axis]).reshape(broadcast)
