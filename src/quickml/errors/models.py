"""Exceptions about stored files and Core ML files."""

from __future__ import annotations

from collections.abc import Mapping

from quickml.errors.base import QuickMLError


class ArtifactError(QuickMLError):
    """The artifact store cannot store or read a file."""


class FilesAwayError(ArtifactError):
    """The artifact store is elsewhere, and does not answer or lets nobody in: no file is to blame."""


class CopiesError(ArtifactError):
    """The disk of this machine has no room for copies of files that are elsewhere, or fails."""


class ArtifactNotFoundError(ArtifactError):
    """There is no file with this SHA-256."""

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256
        super().__init__(f"{sha256[:64]!r}: there is no file with this sha256")


class ArtifactDamagedError(ArtifactError):
    """A stored file is not what was stored: the disk failed, or something else changed the file."""

    def __init__(self, sha256: str, *, expected: str = "the content that was stored", found: str) -> None:
        self.sha256 = sha256
        super().__init__(
            f"stored file {sha256}: expected {expected}, found {found};"
            " restore it from a backup, or submit the job again"
        )


class CoreMLError(QuickMLError):
    """Anything about Core ML files."""


class CompileError(CoreMLError):
    """A layer or setting cannot be written to the requested format."""


class CoreMLFileError(CoreMLError):
    """A file is damaged, or is not a Core ML file."""


class UnsupportedModelError(CoreMLFileError):
    """A valid Core ML file contains something that the runtime cannot run; the message names it."""


class VerificationError(CoreMLError):
    """An exported file does not compute the same as the trained model; `figures` has the differences."""

    def __init__(self, message: str, figures: Mapping[str, object]) -> None:
        self.figures = dict(figures)
        super().__init__(message)
