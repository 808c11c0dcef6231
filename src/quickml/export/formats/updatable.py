"""`model.updatable.mlmodel`: a neural network that a phone can continue to train, for iOS 13 and later."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from quickml.document.export import Export, Weights
from quickml.export.formats.format import Format, registered

if TYPE_CHECKING:
    from quickml.events import Event, Parity
    from quickml.export.compilation import Compilation


@registered
class UpdatableModel(Format):
    """Requested by `export.updatable`. `document.checks.updatable` checks which networks support this."""

    kind = "updatable"
    file_name = "model.updatable.mlmodel"
    first_ios: ClassVar[Mapping[Weights, int]] = {"float32": 13}
    can_be_named = False

    def is_asked(self, export: Export) -> bool:
        """True if the document has `export.updatable`."""
        return export.updatable is not None

    def write(self, run: Compilation) -> Generator[Event, None, Path]:
        """See `coreml.updatable.write`."""
        from quickml.export.coreml import updatable

        yield from ()
        return updatable.write(run.trained, run.folder)

    def verify(self, path: Path, run: Compilation) -> Parity:
        """Compares the outputs of the file as delivered, before any training on a phone."""
        from quickml.export.verify import verify

        return verify(path, run.trained.probe, run.labels, "float32")
