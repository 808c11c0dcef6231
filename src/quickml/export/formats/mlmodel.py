"""`model.mlmodel`: a Core ML neural network, for iOS 13 and later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from quickml.document.export import Weights
from quickml.export.formats.core_ml import CoreMLFormat
from quickml.export.formats.format import registered


@registered
class MLModel(CoreMLFormat):
    """One protobuf message. Weights of 8 bits and fewer need no newer system: iOS 13 reads them too."""

    kind = "mlmodel"
    file_name = "model.mlmodel"
    first_ios: ClassVar[Mapping[Weights, int]] = {
        "float32": 13,
        "float16": 13,
        "int8": 13,
        "palettized-8": 13,
        "palettized-6": 13,
        "palettized-4": 13,
        "int4": 13,
    }
    is_written_for_ios = False
