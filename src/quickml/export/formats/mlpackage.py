"""`model.mlpackage`: a Core ML program, for iOS 15 and later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from quickml.document.export import Weights
from quickml.export.formats.core_ml import CoreMLFormat
from quickml.export.formats.format import ZIP, registered


@registered
class MLPackage(CoreMLFormat):
    """A folder with a protobuf message and a weights file."""

    kind = "mlpackage"
    file_name = "model.mlpackage"
    media_type = ZIP
    first_ios: ClassVar[Mapping[Weights, int]] = {
        "float32": 15,
        "float16": 15,
        "int8": 16,
        "palettized-8": 16,
        "palettized-6": 16,
        "palettized-4": 16,
        "int4": 18,
        "pruned": 16,
    }
