"""Core ML itself, on macOS, by way of coremltools: the same answers in the same form as from ONNX Runtime."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.library import coremltools
from quickml.export.coreml.reading.describe import describe
from quickml.export.coreml.reading.files import CoreMLFile
from quickml.export.onnx.features import InputSpec, inputs, interface


def is_here() -> bool:
    """Whether this system has Core ML."""
    return sys.platform == "darwin"


class Device:
    """Runs one sample at a time, on the CPU: the other processors compute in half precision."""

    is_concurrent = False

    def __init__(self, file: CoreMLFile) -> None:
        """Compile and load a file.

        Raises:
            UnsupportedModelError: there is no Core ML here, or an input is neither image nor array.
            CoreMLFileError: Core ML refuses the file.
        """
        if not is_here():
            raise UnsupportedModelError(f"Core ML runs on macOS only; this is {sys.platform}")
        description = interface(file.model.description)
        self.inputs = tuple(inputs(description))
        self._label = str(file.model.description.predictedFeatureName)
        labels = describe(file).labels
        self.labels = None if labels is None else tuple(str(label) for label in labels)
        named = str(file.model.description.predictedProbabilitiesName)
        self.probabilities = named if labels is not None and named else None
        self.outputs = tuple(one.name for one in description.output if one.name != self._label)
        self._file = file
        try:
            ct = coremltools()
            self._model: Any = ct.models.MLModel(str(file.path), compute_units=ct.ComputeUnit.CPU_ONLY)
        except Exception as error:  # Core ML's errors arrive as whatever pybind11 makes of them
            raise CoreMLFileError(f"{file.path.name} cannot be prepared: {error}") from error

    def run(self, feeds: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[Any]]:
        """Every input as float32: images (1, H, W, C), arrays in their declared shape."""
        specs = {spec.name: spec for spec in self.inputs}
        given = {name: _given(specs[name], value) for name, value in feeds.items()}
        try:
            found = self._model.predict(given)
        except Exception as error:  # as above
            raise CoreMLFileError(f"{self._file.path.name} cannot be run: {error}") from error
        return {name: self._value(name, found[name]) for name in self.outputs}

    def _value(self, name: str, value: Any) -> NDArray[Any]:
        """Probabilities come as a dictionary by label, whose order means nothing."""
        if name != self.probabilities:
            return np.asarray(value)
        by_label = {str(label): share for label, share in value.items()}
        return np.asarray([by_label[label] for label in self.labels or ()], dtype=np.float32)


def _given(spec: InputSpec, value: NDArray[np.float32]) -> Any:
    """An array as it is; an image as Pillow's, of whole numbers as a phone has them."""
    if spec.kind == "multiarray":
        return value
    from PIL import Image

    pixels = np.clip(np.rint(value[0]), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
