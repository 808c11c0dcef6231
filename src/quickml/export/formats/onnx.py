"""`model.onnx`: the verified graph, for any ONNX runtime."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from quickml.export.formats.core_ml import CoreMLFormat
from quickml.export.formats.format import Format, registered
from quickml.export.formats.mlmodel import MLModel
from quickml.export.formats.mlpackage import MLPackage

if TYPE_CHECKING:
    from quickml.events import Event, Parity
    from quickml.export.compilation import Compilation


@registered
class Onnx(Format):
    """The translation of a Core ML file, with that file's weights."""

    kind = "onnx"
    file_name = "model.onnx"

    def write(self, run: Compilation) -> Generator[Event, None, Path]:
        """Translate the Core ML file. If the document lists none, one is written to the scratch folder."""
        from quickml.export.onnx import onnx_file

        source = yield from self._source(run).candidate(run)
        return onnx_file.write(source.path, run.folder)

    def verify(self, path: Path, run: Compilation) -> Parity:
        """Compare with the trained model, or with the Core ML file if its weights are not float32."""
        from quickml.export.coreml.proof import reference
        from quickml.export.onnx import onnx_file

        source = run.core_ml[self._source(run).kind]
        probe, whose = reference(source, run.trained.probe, run.labels)
        return onnx_file.verify(path, probe, run.labels, reference=whose)

    def _source(self, run: Compilation) -> CoreMLFormat:
        is_only_network = MLModel.kind in run.export.formats and MLPackage.kind not in run.export.formats
        return MLModel() if is_only_network else MLPackage()
