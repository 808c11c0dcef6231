"""Run a Core ML file anywhere: its ONNX translation in ONNX Runtime, one sample at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from quickml.coreml import files
from quickml.coreml.describe import Description, describe
from quickml.coreml.files import CoreMLFile
from quickml.coreml.onnx import InputSpec, Translation, translate
from quickml.errors import CoreMLFileError, InputError, UnsupportedModelError

# ONNX Runtime's severities: 0 verbose, 1 info, 2 warning, 3 error, 4 fatal. Errors are raised as well, and
# a terminal should not show them twice.
_FATAL_ONLY = 4


@dataclass(frozen=True, kw_only=True)
class Input:
    """What a model takes; `shape` is that of one sample: (H, W, C) for an image."""

    name: str
    kind: Literal["image", "multiarray"]
    shape: tuple[int, ...]
    is_optional: bool


class Runtime:
    """A Core ML file, ready to run. Make one with `Runtime.load`."""

    def __init__(self, file: CoreMLFile, translation: Translation, *, threads: int = 1) -> None:
        self._file = file
        self._specs = {spec.name: spec for spec in translation.inputs}
        self._translation = translation
        self._session = _session(file, translation, threads)

    @classmethod
    def load(cls, path: Path, *, keep: Sequence[str] = (), threads: int = 1) -> Self:
        """Read, translate and prepare a file.

        `keep` names inner values to give back as well. Raises CoreMLFileError for a damaged file and
        UnsupportedModelError for a sound one that cannot be run here.
        """
        file = files.read(path)
        return cls(file, translate(file, keep=keep), threads=threads)

    @cached_property
    def description(self) -> Description:
        """What the file says about itself."""
        return describe(self._file)

    @property
    def translation(self) -> Translation:
        """The ONNX model that runs, and how to talk to it."""
        return self._translation

    @property
    def labels(self) -> tuple[str, ...] | None:
        """A classifier's labels, in the order of its probabilities; nothing for other models."""
        return self._translation.labels

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What the model takes."""
        return tuple(
            Input(name=spec.name, kind=spec.kind, shape=spec.shape, is_optional=spec.is_optional)
            for spec in self._specs.values()
        )

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run one sample; returns every output by its name, a classifier's probabilities as (k,).

        Images are (H, W, C) with values from 0 to 255. Axes of 1 in front may be left out or added.
        Raises InputError for a missing, unknown or unfit input.
        """
        unknown = sorted(set(inputs) - set(self._specs))
        if unknown:
            raise InputError(f"The model has no input {unknown[0]!r}; it takes {_listed(self._specs)}.")
        return self._run({name: _fit(spec, inputs.get(name)) for name, spec in self._specs.items()})

    def outputs(self, samples: NDArray[Any]) -> NDArray[np.float32]:
        """Run many samples (n, *shape) of a model with one input; returns float32 (n, k).

        k are a classifier's probabilities, or the numbers of the only other output there is. Raises
        InputError where samples do not fit, UnsupportedModelError where there are several inputs or outputs.
        """
        spec, name = self._only_input(), self._main_output()
        if samples.ndim < 1:
            raise InputError(f"The samples need an axis that counts them, found the shape {samples.shape}.")
        rows = [self._run({spec.name: _fit(spec, sample)})[name].reshape(-1) for sample in samples]
        if not rows:
            size = self._session.get_outputs()[self._translation.outputs.index(name)].shape
            return np.zeros((0, int(np.prod(size))), dtype=np.float32)
        return np.stack(rows).astype(np.float32)

    def _run(self, feeds: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[Any]]:
        names = self._translation.outputs
        try:
            values = self._session.run(list(names), feeds)
        except Exception as error:  # ONNX Runtime's exceptions share no root but this
            raise CoreMLFileError(f"{self._file.path.name} cannot be run: {_first_line(error)}") from error
        found = dict(zip(names, values, strict=True))
        if self._translation.probabilities:
            found[self._translation.probabilities] = found[self._translation.probabilities].reshape(-1)
        return found

    def _only_input(self) -> InputSpec:
        needed = [spec for spec in self._specs.values() if not spec.is_optional]
        if len(needed) != 1 or len(self._specs) != 1:
            raise UnsupportedModelError(f"The model has several inputs ({_listed(self._specs)}): use run().")
        return needed[0]

    def _main_output(self) -> str:
        if self._translation.probabilities:
            return self._translation.probabilities
        declared = {feature.name for feature in self._file.model.description.output}
        names = [name for name in self._translation.outputs if name in declared]
        if len(names) != 1:
            raise UnsupportedModelError(f"The model has {len(names)} outputs ({_listed(names)}): use run().")
        return names[0]


def _session(file: CoreMLFile, translation: Translation, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    try:
        return onnxruntime.InferenceSession(
            translation.model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's exceptions share no root but this
        raise CoreMLFileError(f"{file.path.name} cannot be prepared: {_first_line(error)}") from error


def _fit(spec: InputSpec, value: NDArray[Any] | None) -> NDArray[np.float32]:
    """A sample as the graph takes it; raises InputError naming what was expected and what came."""
    if value is None:
        if not spec.is_optional:
            raise InputError(f"The input {spec.name!r} is missing.")
        return np.full(spec.graph_shape, spec.default, dtype=np.float32)
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise InputError(f"The input {spec.name!r} expects numbers, found {array.dtype}.")
    if not _same(array.shape, spec.shape):
        what = "an image (height, width, channels)" if spec.kind == "image" else "an array"
        raise InputError(
            f"The input {spec.name!r} expects {what} of shape {spec.shape}, found {array.shape}."
        )
    return np.ascontiguousarray(array, dtype=np.float32).reshape(spec.graph_shape)


def _same(found: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    """Whether shapes agree but for axes of 1 in front, or a gray image's channel at the end."""
    if _without_lead(found) == _without_lead(expected):
        return True
    return len(expected) == 3 and expected[-1] == 1 and found == expected[:-1]


def _without_lead(shape: tuple[int, ...]) -> tuple[int, ...]:
    first = next((place for place, size in enumerate(shape) if size != 1), len(shape))
    return shape[first:]


def _listed(names: Any) -> str:
    return ", ".join(repr(name) for name in names)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
