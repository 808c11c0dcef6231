"""Run a translated file in ONNX Runtime."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from quickml.errors import CoreMLFileError
from quickml.export.onnx.translation import InputSpec, OnnxTranslation

# ONNX Runtime's log levels: 0 verbose, 1 info, 2 warning, 3 error, 4 fatal. Errors are also raised as
# exceptions, so that logging them would show them twice.
_FATAL_ONLY = 4


class Session:
    """Runs one sample per call, in the calling thread; several threads may call it at the same time."""

    is_concurrent = True

    def __init__(self, file: str, translation: OnnxTranslation) -> None:
        """Load a translation; `file` is the name for error messages. Raises CoreMLFileError if that fails."""
        self._file, self._translation = file, translation
        self._session = self._prepared()
        self._translation = replace(translation, model=None)  # ONNX Runtime has its own copy of the weights

    @property
    def inputs(self) -> tuple[InputSpec, ...]:
        """The input specifications."""
        return self._translation.inputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs: the file's own, then the intermediate values named by `keep`."""
        return self._translation.outputs

    @property
    def labels(self) -> tuple[str, ...] | None:
        """A classifier's labels, in the order of its probabilities."""
        return self._translation.labels

    @property
    def probabilities(self) -> str | None:
        """The name of the output with a classifier's probabilities."""
        return self._translation.probabilities

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run one sample; inputs have the graph's shapes and types. Raises CoreMLFileError if that fails."""
        try:
            values = self._session.run(list(self.outputs), dict(feeds))
        except Exception as error:  # ONNX Runtime's exceptions have no other common base
            raise CoreMLFileError(f"{self._file} cannot be run: {_first_line(error)}") from error
        outputs: dict[str, NDArray[Any]] = dict(zip(self.outputs, values, strict=True))
        if self.probabilities:
            outputs[self.probabilities] = outputs[self.probabilities].reshape(-1)
        return outputs

    def _prepared(self) -> Any:
        try:
            return onnxruntime().InferenceSession(
                self._translation.model.SerializeToString(),
                options(),
                providers=["CPUExecutionProvider"],
                # Constant folding has no limits, so a malicious file could make loading take hours and
                # gigabytes. The translation has already folded the constants that matter.
                disabled_optimizers=["ConstantFolding"],
            )
        except Exception as error:  # ONNX Runtime's exceptions have no other common base
            raise CoreMLFileError(f"{self._file} cannot be prepared: {_first_line(error)}") from error


def onnxruntime() -> Any:
    """Import ONNX Runtime with telemetry disabled. All imports must go through this function.

    From version 1.29 on it sends usage data over the network, and stores a machine identifier in the user's
    folder, unless this variable is set before the import; `disable_telemetry_events` is too late.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime as library

    return library


def options() -> Any:
    """ONNX Runtime's session options: one thread, and no log output."""
    session_options = onnxruntime().SessionOptions()
    session_options.intra_op_num_threads = session_options.inter_op_num_threads = 1
    session_options.log_severity_level = _FATAL_ONLY
    session_options.enable_cpu_mem_arena = False  # would keep the memory of the largest run
    return session_options


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
