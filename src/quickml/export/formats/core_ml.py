"""Base class of the two Core ML formats."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from quickml.export.coreml.archive import zipped
from quickml.export.formats.format import Format

if TYPE_CHECKING:
    from quickml.document.export import Weights
    from quickml.events import Event, Parity
    from quickml.export.compilation import Compilation
    from quickml.export.coreml.choose import Candidate


class CoreMLFormat(Format):
    """A Core ML file with weights stored as the document requests."""

    is_runnable = True

    def write(self, run: Compilation) -> Generator[Event, None, Path]:
        """Move the candidate to the result folder, which is on the same disk as the scratch folder."""
        candidate = yield from self.candidate(run)
        path = candidate.path.rename(run.folder / self.file_name)
        variants = {form: self._keep(file, form, run) for form, file in candidate.variants.items()}
        full = variants.get("float32", candidate.uncompressed)
        if candidate.uncompressed == candidate.path:
            full = path
        run.core_ml[self.kind] = replace(candidate, path=path, uncompressed=full, variants=variants)
        return path

    def _keep(self, file: Path, form: Weights, run: Compilation) -> Path:
        """Move a file with other weights to the folder of variants; a package gets a zip beside it."""
        from quickml.export.coreml.choose import variant_name

        run.variants.mkdir(exist_ok=True)
        path = file.rename(run.variants / variant_name(form, self.kind))
        if path.is_dir():
            zipped(path)
        return path

    def verify(self, path: Path, run: Compilation) -> Parity:
        """See `coreml.proof`."""
        from quickml.export.coreml.proof import prove

        candidate = replace(run.core_ml[self.kind], path=path)
        return prove(candidate, run.trained.probe, run.labels)

    def candidate(self, run: Compilation) -> Generator[Event, None, Candidate]:
        """The file, in the scratch folder or where `write` moved it. The first call writes it."""
        from quickml.export.coreml.choose import choose

        if self.kind not in run.core_ml:
            run.core_ml[self.kind] = yield from choose(run.trained, run.data, self, run.scratch / self.kind)
        return run.core_ml[self.kind]
