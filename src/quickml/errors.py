"""Every error QuickML raises on purpose.

    QuickMLError
    ├── SpecError              the document is wrong; carries every Problem found
    ├── DatasetError           the data cannot be had, or is not what it should be
    ├── TrainingError          training cannot go on (a loss that is no longer a number, ...)
    ├── ResultError            the result cannot be put where it was asked for
    ├── InputError             something handed to a finished model does not fit it
    └── CoreMLError
        ├── CompileError           a layer or a setting that cannot be written to the asked format
        ├── CoreMLFileError        a file that is damaged, or no Core ML file
        │   └── UnsupportedModelError  a sound file holding something the runtime cannot run
        └── VerificationError      the delivered file does not compute what was trained

A foreign library's exception is translated where it crosses our boundary; whatever is not in
this tree is a bug of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class QuickMLError(Exception):
    """The root: one clear sentence for a person, no traceback needed."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with a document, in a place.

    `pointer` is a JSON pointer (RFC 6901) into the document as it was handed in; the empty string
    is the whole document.
    """

    pointer: str
    expected: str
    found: str
    hint: str = ""
    subject: str = ""
    """Who expects it, such as the layer type; nothing where that is plain."""

    def __str__(self) -> str:
        expects = f"{self.subject} expects" if self.subject else "expected"
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.pointer or '/'}: {expects} {self.expected}, found {self.found}{hint}"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something in a document that was ignored or repaired so that it trains."""

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.message}"


class SpecError(QuickMLError):
    """The document cannot be built; `problems` has all of them, in document order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class DatasetError(QuickMLError):
    """The data cannot be had, or is not what its description says."""


class TrainingError(QuickMLError):
    """Training cannot go on."""


class ResultError(QuickMLError):
    """The result cannot be put where it was asked for."""


class InputError(QuickMLError):
    """An input for a finished model that does not fit its description."""


class CoreMLError(QuickMLError):
    """Anything about Core ML files."""


class CompileError(CoreMLError):
    """A layer or a setting that cannot be written to the asked format."""


class CoreMLFileError(CoreMLError):
    """A file that is damaged, or is no Core ML file."""


class UnsupportedModelError(CoreMLFileError):
    """A sound Core ML file holding something the runtime cannot run; the message names it."""


class VerificationError(CoreMLError):
    """A delivered file computes something else than the trained model; `figures` say how far off."""

    def __init__(self, message: str, figures: Mapping[str, object]) -> None:
        self.figures = dict(figures)
        super().__init__(message)
