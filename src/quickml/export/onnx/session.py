"""Run a translated file in ONNX Runtime."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from numpy.typing import NDArray

from quickml.errors import CoreMLFileError
from quickml.export.onnx.translation import InputSpec, OnnxTranslation

# ONNX Runtime's log levels: 0 verbose, 1 info, 2 warning, 3 error, 4 fatal. Errors are also raised as
# exceptions, so that logging them would show them twice.
_FATAL_ONLY = 4
_SMALLEST_MOVED = 64 << 10
_PAGE_BYTES = 64 << 10
"""Windows maps files from multiples of this on."""


class Session:
    """Runs one sample per call, in the calling thread; several threads may call it at the same time."""

    is_concurrent = True

    def __init__(self, file: str, translation: OnnxTranslation, scratch: Path | None = None) -> None:
        """Load a translation; `file` is the name for error messages. Raises CoreMLFileError if that fails.

        With `scratch`, the weights are mapped from a file in this folder, which is removed at once: the
        system can take their memory back at any time. Runs are 3 % slower.
        """
        self._file, self._translation = file, translation
        self._session = self._loaded() if scratch is None else self._mapped(scratch)
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

    def _loaded(self) -> Any:
        return self._prepared(self._translation.model.SerializeToString(), options())

    def _mapped(self, scratch: Path) -> Any:
        model, chosen = self._translation.model, options()
        chosen.add_session_config_entry("session.disable_prepacking", "1")  # would copy the weights
        try:
            with TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as folder:
                path = Path(folder) / "model.onnx"
                move_weights(model, path.with_name("weights"))
                path.write_bytes(model.SerializeToString())
                return self._prepared(str(path), chosen)
        except OSError as error:
            raise CoreMLFileError(
                f"{self._file} cannot be prepared in {scratch}: {error.strerror}"
            ) from error

    def _prepared(self, model: bytes | str, chosen: Any) -> Any:
        try:
            return onnxruntime().InferenceSession(
                model,
                chosen,
                providers=["CPUExecutionProvider"],
                # Constant folding has no limits, so a malicious file could make loading take hours and
                # gigabytes. The translation has already folded the constants that matter.
                disabled_optimizers=["ConstantFolding"],
            )
        except Exception as error:  # ONNX Runtime's exceptions have no other common base
            raise CoreMLFileError(f"{self._file} cannot be prepared: {_first_line(error)}") from error


def move_weights(model: Any, path: Path) -> None:
    """Move the large constants of an ONNX model to a file beside it, which ONNX Runtime maps."""
    import onnx

    with path.open("xb") as weights:
        for constant in model.graph.initializer:
            if len(constant.raw_data) < _SMALLEST_MOVED:
                continue
            weights.write(bytes(-weights.tell() % _PAGE_BYTES))
            where = {"location": path.name, "offset": weights.tell(), "length": len(constant.raw_data)}
            weights.write(constant.raw_data)
            constant.ClearField("raw_data")
            constant.data_location = onnx.TensorProto.EXTERNAL
            for key, value in where.items():
                constant.external_data.add(key=key, value=str(value))


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
