"""`model.aimodel`: Apple Core AI, for iOS and macOS 27."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from quickml.document.export import Weights
from quickml.export.formats.format import ZIP, Format, registered

if TYPE_CHECKING:
    from quickml.events import Event, Parity
    from quickml.export.compilation import Compilation


@registered
class AIModel(Format):
    """A folder, written and run by Apple's own libraries. Needs the extra `quickml-coreml[coreai]`."""

    kind = "aimodel"
    file_name = "model.aimodel"
    media_type = ZIP
    first_ios: ClassVar[Mapping[Weights, int]] = {"float32": 27}

    def missing(self) -> str | None:
        """See `coreai.missing`."""
        from quickml.export import coreai

        return coreai.missing()

    def write(self, run: Compilation) -> Generator[Event, None, Path]:
        """Convert the Keras file."""
        from quickml.export import coreai

        yield from ()
        return coreai.write(run.trained, run.keras_file, run.folder)

    def verify(self, path: Path, run: Compilation) -> Parity:
        """Run it in Apple's runtime."""
        from quickml.export import coreai

        return coreai.verify(path, run.trained.probe, run.labels)
