"""Read the constants of an ML program: the `Value` messages of Apple's `MIL.proto`, as numpy arrays.

A value is either immediate (stored in the message) or stored in the blob file. Immediate float16 numbers and
small integers are stored as bytes, 16-bit integers as plain integers.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading import proto
from quickml.export.coreml.reading.blobs import ELEMENTS, BlobFile, unpack

Constant = NDArray[Any] | str | list[Any]
"""An array, a string, or a list (such as class labels)."""

_NUMPY = {"bool": "?", "int32": "i4", "int64": "i8", "uint32": "u4", "uint64": "u8", "float64": "f8",
          "int16": "i2", "uint16": "u2", "float32": "f4"}  # fmt: skip


def type_name(tensor_type: Any) -> str:
    """The element type of a `TensorType`, in lower case: `float16`, `int32`, `string`, ..."""
    return proto.enum_name(tensor_type, "dataType", tensor_type.dataType).lower()


def static_shape(tensor_type: Any) -> tuple[int, ...] | None:
    """The shape of a `TensorType`, or None if a dimension is dynamic."""
    if any(dimension.WhichOneof("dimension") != "constant" for dimension in tensor_type.dimensions):
        return None
    return tuple(int(dimension.constant.size) for dimension in tensor_type.dimensions)


class Constants:
    """Reads `Value` messages. The blob file is opened when it is first needed.

    `missing` is the error message for a model without a blob file.
    """

    def __init__(self, weights: Path | bytes | None, missing: str = "the weights file is missing") -> None:
        self._weights, self._missing = weights, missing
        self._blobs: BlobFile | None = None

    def read(self, value: Any) -> Constant:
        """Read a value; float16 is not converted. Raises CoreMLFileError if the value is inconsistent."""
        kind = value.type.WhichOneof("type")
        if kind == "listType":
            return [_plain(self.read(item)) for item in value.immediateValue.list.values]
        if kind != "tensorType":
            raise UnsupportedModelError(f"a constant that is a {kind} cannot be read here")
        tensor_type = value.type.tensorType
        shape = static_shape(tensor_type)
        if shape is None:
            raise CoreMLFileError("a constant has no static shape")
        name = type_name(tensor_type)
        if value.WhichOneof("value") == "blobFileValue":
            flat = self._open().array(value.blobFileValue.offset, name, math.prod(shape))
        elif name == "string":
            return _string(value.immediateValue.tensor)
        else:
            flat = _immediate(value.immediateValue.tensor, name, math.prod(shape))
        return flat.reshape(shape)

    def _open(self) -> BlobFile:
        if self._blobs is None:
            if self._weights is None:
                raise CoreMLFileError(self._missing)
            self._blobs = BlobFile.open(self._weights)
        return self._blobs


def _plain(value: Constant) -> Any:
    return value.item() if isinstance(value, np.ndarray) and value.size == 1 else value


def _string(tensor: Any) -> str:
    values = tensor.strings.values
    if len(values) != 1:
        raise UnsupportedModelError(f"a constant of {len(values)} strings cannot be read here")
    return str(values[0])


def _immediate(tensor: Any, name: str, count: int) -> NDArray[Any]:
    field = tensor.WhichOneof("value")
    if field == "bytes":
        if name not in ELEMENTS:
            raise UnsupportedModelError(f"a constant of {name} cannot be read here")
        return unpack(tensor.bytes.values, ELEMENTS[name], count, "a constant")
    if name not in _NUMPY or field == "strings":
        raise UnsupportedModelError(f"a constant of {name} cannot be read here")
    values = getattr(tensor, field).values if field else ()
    if len(values) != count:
        raise CoreMLFileError(f"a constant: expected {count} numbers, found {len(values)}")
    try:
        return np.asarray(values, dtype=_NUMPY[name])
    except OverflowError as error:
        raise CoreMLFileError(f"a constant of {name} contains numbers out of range: {error}") from error
