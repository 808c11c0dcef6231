"""Run a file with Core ML on macOS, through coremltools, with the same interface as ONNX Runtime."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.library import coremltools
from quickml.export.coreml.reading.columns import handlings
from quickml.export.coreml.reading.describe import describe
from quickml.export.coreml.reading.files import CoreMLFile
from quickml.export.coreml.reading.interface import interface
from quickml.export.onnx.features import InputSpec, inputs


def is_here() -> bool:
    """Whether this system has Core ML."""
    return sys.platform == "darwin"


class Device:
    """Runs one sample at a time on the CPU; GPU and Neural Engine would compute in half precision."""

    is_concurrent = False

    def __init__(self, file: CoreMLFile) -> None:
        """Compile and load a file.

        Raises:
            UnsupportedModelError: this is not macOS, or an input is neither an image nor an array.
            CoreMLFileError: Core ML cannot load the file.
        """
        if not is_here():
            raise UnsupportedModelError(f"Core ML runs on macOS only; this is {sys.platform}")
        description = interface(file.model.description)
        self.inputs = tuple(inputs(description, handlings(file.model)))
        labels = describe(file).labels
        self.labels = None if labels is None else tuple(str(label) for label in labels)
        # Of a regressor, the predicted feature is its answer.
        self._label = "" if labels is None else str(file.model.description.predictedFeatureName)
        named = str(file.model.description.predictedProbabilitiesName)
        self.probabilities = named if labels is not None and named else None
        self.outputs = tuple(one.name for one in description.output if one.name != self._label)
        self._file = file
        try:
            ct = coremltools()
            self._model: Any = ct.models.MLModel(str(file.path), compute_units=ct.ComputeUnit.CPU_ONLY)
        except Exception as error:  # pybind11 raises Core ML's errors as various types
            raise CoreMLFileError(f"{file.path.name} cannot be prepared: {error}") from error

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run one sample. Images are float32 (1, H, W, C), arrays of their declared shape and type, single
        values (1,)."""
        specs = {spec.name: spec for spec in self.inputs}
        values = {name: _core_ml_value(specs[name], value) for name, value in feeds.items()}
        try:
            outputs = self._model.predict(values)
        except Exception as error:  # as above
            raise CoreMLFileError(f"{self._file.path.name} cannot be run: {error}") from error
        return {name: self._output(name, outputs[name]) for name in self.outputs}

    def _output(self, name: str, value: Any) -> NDArray[Any]:
        """Convert an output to an array. Probabilities are a dictionary by label, in arbitrary order."""
        if name != self.probabilities:
            return np.atleast_1d(np.asarray(value))
        by_label = {str(label): share for label, share in value.items()}
        return np.asarray([by_label[label] for label in self.labels or ()], dtype=np.float32)


def _core_ml_value(spec: InputSpec, value: NDArray[Any]) -> Any:
    """An input as `predict` expects it: an array unchanged, an image as a Pillow image of 8-bit pixels, a
    single value or a dictionary as a plain one."""
    if spec.kind == "multiarray":
        return value
    if spec.is_scalar:
        return value.item()
    if spec.kind == "dictionary":
        return dict(zip(spec.handling.categories, value.tolist(), strict=True))
    from PIL import Image

    pixels = np.clip(np.rint(value[0]), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
