"""A translated file in ONNX Runtime."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError
from quickml.export.onnx.translation import InputSpec, OnnxTranslation

# ONNX Runtime's severities: 0 verbose, 1 info, 2 warning, 3 error, 4 fatal. Errors are raised as well, and
# a terminal should not show them twice.
_FATAL_ONLY = 4


class Session:
    """Runs one sample at a time, in one thread; several may run at a time, in threads of their own."""

    is_concurrent = True

    def __init__(self, file: str, translation: OnnxTranslation) -> None:
        """Prepare a translation of a file of that name; raises CoreMLFileError where that fails."""
        self._file, self._translation = file, translation
        self._session = self._prepared()

    @property
    def inputs(self) -> tuple[InputSpec, ...]:
        """What it takes."""
        return self._translation.inputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """What it gives: the file's outputs, then the inner values that were asked for."""
        return self._translation.outputs

    @property
    def labels(self) -> tuple[str, ...] | None:
        """A classifier's labels, in the order of its probabilities."""
        return self._translation.labels

    @property
    def probabilities(self) -> str | None:
        """The output that holds a classifier's probabilities."""
        return self._translation.probabilities

    def run(self, feeds: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[Any]]:
        """Every input in the shape of the graph's; raises CoreMLFileError where it cannot be run."""
        try:
            values = self._session.run(list(self.outputs), dict(feeds))
        except Exception as error:  # ONNX Runtime's exceptions share no root but this
            raise CoreMLFileError(f"{self._file} cannot be run: {_first_line(error)}") from error
        found: dict[str, NDArray[Any]] = dict(zip(self.outputs, values, strict=True))
        if self.probabilities:
            found[self.probabilities] = found[self.probabilities].reshape(-1)
        return found

    def _prepared(self) -> Any:
        try:
            return onnxruntime().InferenceSession(
                self._translation.model.SerializeToString(),
                options(),
                providers=["CPUExecutionProvider"],
                # It computes what depends on constants only, however much that is: a hostile file's way to
                # take hours and gigabytes while it loads. The translation has left nothing useful to do.
                disabled_optimizers=["ConstantFolding"],
            )
        except Exception as error:  # ONNX Runtime's exceptions share no root but this
            raise CoreMLFileError(f"{self._file} cannot be prepared: {_first_line(error)}") from error


def onnxruntime() -> Any:
    """The module, imported at the first call, which must be this one.

    From 1.29 on it reports its use to its makers over the network, and keeps a number of this machine in the
    user's folder, unless this variable is set before it is imported; `disable_telemetry_events` is too late.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime as library

    return library


def options() -> Any:
    """ONNX Runtime's options for one thread and no talk."""
    chosen = onnxruntime().SessionOptions()
    chosen.intra_op_num_threads = chosen.inter_op_num_threads = 1
    chosen.log_severity_level = _FATAL_ONLY
    return chosen


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
