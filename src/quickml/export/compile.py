"""The compile stage: a trained model → every file that was asked for, each with its own verification."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path

from quickml.datasets.data import Data
from quickml.document import Plan
from quickml.document.export import Format
from quickml.errors import CompileError
from quickml.events import Compressed, Event, Parity
from quickml.export.choose import Written, choose
from quickml.export.coreml.archive import zipped
from quickml.export.coreml.package import compile_for_device
from quickml.export.prove import prove, reference
from quickml.export.verify import verify
from quickml.model import TrainedModel


@dataclass(frozen=True, kw_only=True)
class Made:
    """Something delivered: a file, or a folder and its zip."""

    paths: tuple[Path, ...]
    verify: Callable[[], Parity]
    """Reads the first of the paths back and executes it; raises what `coreml.verify` raises."""


Making = Generator[Event, None, Made]


def check(plan: Plan) -> None:
    """What can be known before an hour of training.

    Raises:
        CompileError: a format cannot be written on this machine.
    """
    if "aimodel" in plan.document.export.formats:
        from quickml.export import coreai

        if reason := coreai.missing():
            raise CompileError(reason)


class Compiler:
    """Writes each format once."""

    def __init__(
        self, trained: TrainedModel, data: Data, *, keras_file: Path, folder: Path, scratch: Path
    ) -> None:
        """Files go to `folder`; what serves to make or to prove them goes to `scratch`, empty and on the
        same disk."""
        self._trained, self._data, self._keras_file = trained, data, keras_file
        self._folder, self._scratch = folder, scratch
        self._export, self._labels = trained.plan.document.export, trained.plan.info.labels
        self._written: dict[Format, Written] = {}

    def files(self) -> Generator[Event, None, tuple[Made, ...]]:
        """All of them, in the document's order, then the updatable one.

        Raises:
            CompileError: a layer that cannot be written.
        """
        writers: dict[Format, Callable[[], Making]] = {
            "mlmodel": lambda: self._core_ml("mlmodel"),
            "mlpackage": lambda: self._core_ml("mlpackage"),
            "aimodel": self._aimodel,
            "onnx": self._onnx,
        }
        made = []
        for kind in self._export.formats:
            made.append((yield from writers[kind]()))
        return (*made, self._updatable()) if self._export.updatable else tuple(made)

    @property
    def core_ml(self) -> tuple[Path, ...]:
        """The `.mlmodel` and `.mlpackage` that are delivered, once they are written."""
        return tuple(one.path for kind, one in self._written.items() if kind in self._export.formats)

    @property
    def tried(self) -> tuple[Compressed, ...]:
        """What was measured of compressed files, once they are written."""
        return tuple(row for one in self._written.values() for row in one.tried)

    def compiled_for_device(self) -> Path | None:
        """On macOS, the last Core ML file as Xcode compiles it; None elsewhere."""
        return compile_for_device(self.core_ml[-1], self._folder)

    def _core_ml(self, kind: Format) -> Making:
        written = yield from self._once(kind)
        return self._made(written.path, lambda: prove(written, self._trained.probe, self._labels))

    def _once(self, kind: Format) -> Generator[Event, None, Written]:
        """A Core ML file in its place; in no place that is delivered where only another format needs it."""
        if kind not in self._written:
            written = yield from choose(self._trained, self._data, kind, self._scratch / kind)
            if kind in self._export.formats:
                written = self._delivered(written)
            self._written[kind] = written
        return self._written[kind]

    def _delivered(self, written: Written) -> Written:
        path = written.path.rename(self._folder / written.path.name)  # the scratch folder is on the same disk
        full = path if written.uncompressed == written.path else written.uncompressed
        return replace(written, path=path, uncompressed=full)

    def _onnx(self) -> Making:
        from quickml.export.onnx import onnx_file

        kind: Format = "mlmodel" if "mlpackage" not in self._export.formats else "mlpackage"
        source = yield from self._once(kind if kind in self._export.formats else "mlpackage")
        path = onnx_file.write(source.path, self._folder)

        def proof() -> Parity:
            probe, whose = reference(source, self._trained.probe, self._labels)
            return onnx_file.verify(path, probe, self._labels, reference=whose)

        return self._made(path, proof)

    def _aimodel(self) -> Making:
        yield from ()
        from quickml.export import coreai

        path = coreai.write(self._trained, self._keras_file, self._folder)
        return self._made(path, lambda: coreai.verify(path, self._trained.probe, self._labels))

    def _updatable(self) -> Made:
        from quickml.export.coreml import updatable

        path = updatable.write(self._trained, self._folder)
        return self._made(path, lambda: verify(path, self._trained.probe, self._labels, "float32"))

    def _made(self, path: Path, verify: Callable[[], Parity]) -> Made:
        return Made(paths=(path, zipped(path)) if path.is_dir() else (path,), verify=verify)
