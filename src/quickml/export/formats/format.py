"""What a format is: how its file is checked for, written and verified, and what it is called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from quickml.document.export import Export
from quickml.document.formats import FORMATS, DocumentFormat, formats_of, known, registered

if TYPE_CHECKING:
    from quickml.events import Event, Parity
    from quickml.export.compilation import Compilation

__all__ = ["BYTES", "FORMATS", "ZIP", "Format", "asked", "registered", "runnable"]

BYTES, ZIP = "application/octet-stream", "application/zip"


class Format(DocumentFormat, ABC):
    """One file of a result folder. Objects have no state: what belongs to a run is in its `Compilation`."""

    file_name: ClassVar[str]
    """In the result folder, such as `model.onnx`. If it is a folder, a zip of it is put beside it."""
    media_type: ClassVar[str] = BYTES
    """What it is sent as over HTTP; of a folder, its zip."""
    is_runnable: ClassVar[bool] = False
    """Whether `export.runtime` runs the file on any system."""
    is_optional: ClassVar[bool] = False
    """Whether a run goes on without the file on a system that cannot write it."""

    def missing(self) -> str | None:
        """Why this system cannot write the format; None if it can. Called before training."""
        return None

    @abstractmethod
    def write(self, run: Compilation) -> Generator[Event, None, Path]:
        """Write `file_name` in `run.folder`.

        Yields:
            What is worth reporting on the way; usually nothing.

        Returns:
            The path.

        Raises:
            CompileError: the model cannot be written.
        """

    @abstractmethod
    def verify(self, path: Path, run: Compilation) -> Parity | None:
        """Read the file back, run it on `run.trained.probe` and compare.

        Returns:
            The comparison; None for a file that another tool made of a verified one.

        Raises:
            VerificationError: it computes something else.
            CoreMLFileError: it cannot be read or run.
        """


def asked(export: Export) -> Iterator[Format]:
    """The formats of a document: those it names, in its order, then those that follow from other keys."""
    formats = known()
    named = [formats[kind] for kind in formats_of(export)]
    for one in (*named, *(one for one in formats.values() if not one.can_be_named and one.is_asked(export))):
        assert isinstance(one, Format), f"{one.kind}: expected a Format, found {type(one).__name__}"
        yield one


def runnable() -> list[Format]:
    """Formats that `export.runtime` runs, the one to prefer first."""
    return [one for one in known().values() if isinstance(one, Format) and one.is_runnable]
