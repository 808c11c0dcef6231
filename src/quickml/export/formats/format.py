"""The base class of file formats: the file's name, and how to check for, write and verify it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from quickml.document.export import Export
from quickml.document.formats import FORMATS, DocumentFormat, find, formats_of, known, registered
from quickml.errors import CompileError

if TYPE_CHECKING:
    from quickml.events import Event, Parity
    from quickml.export.compilation import Compilation

__all__ = ["BYTES", "FORMATS", "ZIP", "Format", "asked", "registered", "runnable"]

BYTES, ZIP = "application/octet-stream", "application/zip"


class Format(DocumentFormat, ABC):
    """One file of a result folder. Objects are stateless; the state of a run is in its `Compilation`."""

    file_name: ClassVar[str]
    """Name in the result folder, such as `model.onnx`. A folder is also stored as a zip next to it."""
    media_type: ClassVar[str] = BYTES
    """HTTP content type; for a folder, the content type of its zip."""
    is_runnable: ClassVar[bool] = False
    """Whether `export.runtime` can run the file on any system."""
    is_optional: ClassVar[bool] = False
    """Whether a system that cannot write the format skips it instead of failing the run."""

    def missing(self) -> str | None:
        """The reason why this system cannot write the format, or None if it can. Called before training."""
        return None

    @abstractmethod
    def write(self, run: Compilation) -> Generator[Event, None, Path]:
        """Write `file_name` in `run.folder`.

        Yields:
            Events to report; usually none.

        Returns:
            The path of the written file or folder.

        Raises:
            CompileError: the model cannot be written.
        """

    @abstractmethod
    def verify(self, path: Path, run: Compilation) -> Parity | None:
        """Read the file back, run it on `run.trained.probe` and compare its outputs with the expected ones.

        Returns:
            The comparison; None for a file that another tool derived from a verified one.

        Raises:
            VerificationError: the outputs differ too much.
            CoreMLFileError: the file cannot be read or run.
        """


def asked(export: Export) -> Iterator[Format]:
    """The formats of a document: those it lists, in its order, then those that other keys imply.

    Raises:
        CompileError: one is not installed, or cannot be loaded.
    """
    named = [_installed(kind) for kind in formats_of(export)]
    for one in (*named, *(one for one in known().values() if not one.can_be_named and one.is_asked(export))):
        assert isinstance(one, Format), f"{one.kind}: expected a Format, found {type(one).__name__}"
        yield one


def _installed(kind: str) -> DocumentFormat:
    """A format by its name. A process that has only a stored plan loads the package here."""
    if (one := find(kind)) is None:
        raise CompileError(f"{kind}: expected an installed format, found none of this name")
    return one


def runnable() -> list[Format]:
    """The formats that `export.runtime` can run, in order of preference."""
    return [one for one in known().values() if isinstance(one, Format) and one.is_runnable]
