"""Run a Core ML file on any system: with Core ML on macOS, elsewhere as ONNX translation in ONNX Runtime."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from quickml.document.spellings import question, similar
from quickml.errors import InputError, UnsupportedModelError
from quickml.export.coreml import device
from quickml.export.coreml.device import Device
from quickml.export.coreml.reading import files
from quickml.export.coreml.reading.columns import UNHANDLED, Handling, each_label, targets, titles
from quickml.export.coreml.reading.contents import has_half_values, network_of
from quickml.export.coreml.reading.describe import Description, describe
from quickml.export.coreml.reading.files import CoreMLFile
from quickml.export.coreml.reading.interface import interface
from quickml.export.feeds import MOST_COMPARED, fit
from quickml.export.onnx import InputSpec, translate
from quickml.export.onnx.features import InputKind
from quickml.export.onnx.session import Session

MOST_LISTED = 20
"""Number of inputs that an error message names."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """An input of a model. `shape` is that of one sample: (H, W, C) for an image, () for a single value."""

    name: str
    kind: InputKind
    shape: tuple[int, ...]
    is_optional: bool
    title: str = ""
    """Of a file that QuickML wrote: the name of the column whose values the input takes, if it differs."""
    handling: Handling = UNHANDLED
    """What the model does with a missing value and with categories that it does not know."""

    @property
    def is_single(self) -> bool:
        """Whether it takes a single number or text."""
        return self.kind in ("double", "int64", "string")

    @property
    def ignores_unknown(self) -> bool:
        """Whether it is a category, and values that the model does not know count as missing."""
        handling = self.handling
        return self.is_single and bool(handling.categories) and not handling.refuses_unknown


class Engine(Protocol):
    """Runs single samples: ONNX Runtime or Core ML."""

    @property
    def inputs(self) -> tuple[InputSpec, ...]:
        """The input specifications."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs."""

    @property
    def labels(self) -> tuple[str, ...] | None:
        """A classifier's labels, in the order of its probabilities."""

    @property
    def probabilities(self) -> str | None:
        """The name of the output that holds the probabilities; None for other models."""

    @property
    def is_concurrent(self) -> bool:
        """Whether several threads may call `run` at the same time."""

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run one sample, with every input in the shape and type of its specification."""


class Runtime:
    """A Core ML file that is ready to run. Create it with `Runtime.load`."""

    def __init__(self, file: CoreMLFile, engine: Engine, layers: tuple[str, ...], threads: int) -> None:
        self._file: CoreMLFile | None = file
        self._engine, self._layers = engine, layers
        self._specs = {spec.name: spec for spec in engine.inputs}
        self._threads = threads if engine.is_concurrent else 1
        self._titles, self._targets = titles(file.model), targets(file.model)
        self.each_label = each_label(file.model)
        """The labels of which a sample can have several, in the order of their probabilities; none for other
        models, and for files that do not say so."""
        self._names = {title: name for name, title in self._titles.items()} | {
            name: name for name in self._specs
        }

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        keep: Sequence[str] = (),
        skip_missing: bool = False,
        threads: int | None = None,
        engine: Literal["coreml", "onnx"] | None = None,
        scratch: Path | None = None,
        network_only: bool = False,
    ) -> Self:
        """Read and prepare a file.

        Args:
            path: a `.mlmodel` or `.mlpackage`.
            keep: intermediate values to return as well, by their names in `layers`. Only ONNX Runtime
                supports this.
            skip_missing: leave out those names in `keep` that the file does not have.
            threads: number of samples that `outputs` runs concurrently. By default the number of processors
                that this process may use. The results do not depend on it: each sample runs in one thread.
            engine: `coreml` or `onnx` (the ONNX translation in ONNX Runtime). The default is `coreml` on
                macOS, unless `keep` is given, and `onnx` elsewhere.
            scratch: a folder for the weights while they are mapped; see `Session`. Only for `onnx`.
            network_only: of a pipeline, run the first network alone, which takes an array. Only for `onnx`.

        Raises:
            CoreMLFileError: the file is damaged.
            UnsupportedModelError: the file is valid but cannot be run here; the message names the reason.
            InputError: `keep` names an unknown value, or is combined with `engine="coreml"`.
        """
        if engine == "coreml" and keep:
            raise InputError(
                "keep: Core ML does not return intermediate values; leave out `engine` to get them."
            )
        file = files.read(path)
        count = threads or _processors()
        if network_only:
            file, engine = replace(file, model=network_of(file.model)), "onnx"
        if engine == "coreml" or (engine is None and device.is_here() and not keep):
            return cls(file, Device(file), (), count)
        translation = translate(file, keep=keep, skip_missing=skip_missing)
        return cls(file, Session(path.name, translation, scratch), translation.layers, count)

    @cached_property
    def description(self) -> Description:
        """The description of the file: interface, layers, weights and metadata."""
        return describe(self._contents)

    def forget_file(self) -> None:
        """Free the contents of the file, which take as much memory as the model itself. It can still be run.

        Afterwards there is a `description` only if it was asked for before.
        """
        _ = self._is_half, self._declared
        self._file = None

    @property
    def _contents(self) -> CoreMLFile:
        if self._file is None:
            raise RuntimeError("the contents of the file were freed by `forget_file`")
        return self._file

    @cached_property
    def _is_half(self) -> bool:
        """Whether the model computes in float16."""
        return has_half_values(self._contents.model)

    @cached_property
    def _declared(self) -> dict[str, str]:
        """The types of the outputs that the file declares, by their names."""
        features = interface(self._contents.model.description).output
        return {feature.name: str(feature.type.WhichOneof("Type")) for feature in features}

    @property
    def labels(self) -> tuple[str, ...] | None:
        """A classifier's labels, in the order of its probabilities; None for other models."""
        return self._engine.labels

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of several outputs that are single numbers, in their order; none for other models."""
        names = self._answer_names()
        return tuple(self._targets.get(name, name) for name in names) if len(names) > 1 else ()

    def check_finite(self, answer: Sequence[float], name: str) -> None:
        """Raise InputError if an answer has numbers that are not finite. `name` identifies the input."""
        found = next((number for number in answer if not math.isfinite(number)), None)
        if found is not None:
            reason = "the model computes in float16, whose largest number is 65,504" if self._is_half else ""
            hint = "; ".join(filter(None, (reason, "use inputs of the size that it was trained with")))
            raise InputError(f"{name}: expected a finite answer, found {found}; {hint}")

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs of the model."""
        return tuple(
            Input(
                name=spec.name,
                kind=spec.kind,
                shape=spec.shape,
                is_optional=spec.is_optional,
                title=self._titles.get(spec.name, ""),
                handling=spec.handling,
            )
            for spec in self._specs.values()
        )

    @property
    def takes_columns(self) -> bool:
        """Whether all inputs are single values, as the columns of a table are, or dictionaries."""
        return all(spec.is_scalar or spec.kind == "dictionary" for spec in self._specs.values())

    @property
    def layers(self) -> tuple[str, ...]:
        """The names that `keep` accepts, in order of computation.

        These are the outputs of layers in a neural network and the results of operations in an ML program.
        Empty with Core ML, which does not return intermediate values.
        """
        return self._layers

    def run(self, inputs: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Run one sample. Returns every output by name; a classifier's probabilities have shape (k,).

        Images are (H, W, C) with values from 0 to 255. Leading axes of size 1 may be omitted or added. Single
        numbers and texts may be plain values; None, NaN, an empty text and one that is left out are missing.
        The name of the column may stand for that of the input. Raises InputError for a missing or unknown
        input, and for one of the wrong shape or type.
        """
        return self._engine.run(self._feeds(inputs))

    def _feeds(self, inputs: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        given = {self.name_of(name): value for name, value in inputs.items()}
        return {name: fit(spec, given.get(name)) for name, spec in self._specs.items()}

    def name_of(self, name: str) -> str:
        """The input that a name means: its own name, or that of its column.

        Raises:
            InputError: the model has no such input; the message lists its inputs.
        """
        if (known := self._names.get(name)) is not None:
            return known
        close = question(similar(name, list(self._names)[:MOST_COMPARED]))
        known_names = _listed(list(self._specs)[:MOST_LISTED]) + (
            ", ..." if len(self._specs) > MOST_LISTED else ""
        )
        hint = f"; {close}" if close else "."
        raise InputError(f"The model has no input {name!r}; its inputs are {known_names}{hint}")

    def outputs(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Run many samples (n, *shape) of a model that needs one input; returns (n, k), float32 or int32.

        The k columns are a classifier's probabilities, the values of the model's only output, or its
        `targets`. Optional inputs have their default values. Raises InputError for samples of the wrong
        shape, UnsupportedModelError for several inputs, or several outputs that are no single numbers.
        """
        spec, names = self._specs[self.only_input().name], self._answer_names()
        if samples.ndim < 1:
            raise InputError(f"samples: expected an array of shape (n, *shape), found shape {samples.shape}.")
        if not len(samples):  # only running a sample tells the number of columns
            return self._rows(spec, names, np.zeros((1, *spec.shape)))[:0]
        return self._in_threads(samples, lambda part: self._rows(spec, names, part))

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> NDArray[Any]:
        """Run many samples, each with its inputs by name as `run` takes them; returns what `outputs` does.

        Raises InputError for a row that does not fit, UnsupportedModelError for several outputs.
        """
        names = self._answer_names()
        if not len(rows):
            raise InputError("rows: expected at least one, found none.")
        return self._in_threads(rows, lambda part: self._answers(names, map(self._feeds, part)))

    def _in_threads(self, samples: Any, run: Callable[[Any], NDArray[Any]]) -> NDArray[Any]:
        count, threads = len(samples), min(self._threads, len(samples))
        if threads == 1:
            return run(samples)
        ends = [count * index // threads for index in range(threads + 1)]
        parts = [samples[start:end] for start, end in pairwise(ends)]
        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(run, parts)))

    def _rows(self, spec: InputSpec, names: Sequence[str], samples: NDArray[Any]) -> NDArray[Any]:
        others = {one.name: fit(one, None) for one in self._specs.values() if one is not spec}
        return self._answers(names, ({spec.name: fit(spec, sample), **others} for sample in samples))

    def _answers(self, names: Sequence[str], feeds: Iterable[dict[str, NDArray[Any]]]) -> NDArray[Any]:
        answers = map(self._engine.run, feeds)
        rows = np.stack([np.concatenate([found[name].reshape(-1) for name in names]) for found in answers])
        return rows if rows.dtype.kind in "iu" else rows.astype(np.float32)

    def only_input(self) -> Input:
        """The input that has to be given: the only one, or the only one that is not optional.

        Raises:
            UnsupportedModelError: there are several.
        """
        needed = [one for one in self.inputs if not one.is_optional] or self.inputs
        if len(needed) != 1:
            names = _listed(one.name for one in needed[:MOST_LISTED])
            raise UnsupportedModelError(f"The model: expected one input, found {len(needed)} ({names})")
        return needed[0]

    def _answer_names(self) -> list[str]:
        """The outputs that are the answer: one, or several that are a single number each."""
        if self._engine.probabilities:
            return [self._engine.probabilities]
        names = [name for name in self._declared if name in self._engine.outputs]
        if len(names) == 1 or (names and all(self._declared[name] == "doubleType" for name in names)):
            return names
        raise UnsupportedModelError(f"The model: expected one output, found {len(names)} ({_listed(names)})")


def _processors() -> int:
    """Number of processors that this process may use; in a container often fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _listed(names: Any) -> str:
    return ", ".join(repr(name) for name in names)
