"""`model.mlmodelc`: a Core ML file compiled by Xcode, on macOS only."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from quickml.document.export import Export
from quickml.export.formats.format import ZIP, Format, registered
from quickml.export.formats.mlmodel import MLModel
from quickml.export.formats.mlpackage import MLPackage

if TYPE_CHECKING:
    from quickml.events import Event
    from quickml.export.compilation import Compilation

_SOURCES = (MLModel.kind, MLPackage.kind)


@registered
class CompiledModel(Format):
    """Compiled from the last Core ML file that the document lists. An app loads it without compiling it."""

    kind = "mlmodelc"
    file_name = "model.mlmodelc"
    media_type = ZIP
    can_be_named = False
    is_optional = True

    def is_asked(self, export: Export) -> bool:
        """True if the document lists a Core ML format."""
        return not set(_SOURCES).isdisjoint(export.formats)

    def missing(self) -> str | None:
        """Checks for macOS with Xcode."""
        if sys.platform == "darwin" and shutil.which("xcrun"):
            return None
        return "compiled on macOS only (xcrun coremlcompiler); elsewhere the phone compiles"

    def write(self, run: Compilation) -> Generator[Event, None, Path]:
        """Run `coremlcompiler`."""
        from quickml.export.coreml.package import compile_for_device

        yield from ()
        kind = [kind for kind in run.export.formats if kind in _SOURCES][-1]
        return compile_for_device(run.core_ml[kind].path, run.folder)

    def verify(self, path: Path, run: Compilation) -> None:
        """Returns None: Apple's compiler derives this file from one that is verified."""
