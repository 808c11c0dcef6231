"""The formats that a document may ask for: the facts that checking a document needs.

A format is one class in `quickml.export.formats`, which registers itself here. That folder is loaded by name,
at the first question, because imports point down. Its modules import nothing heavy.

Another package names its formats as entry points of the group `quickml.formats`, by their kind. One is loaded
when a document names it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

from quickml.document.advice import write
from quickml.document.export import Export, Weights
from quickml.document.problem import problem
from quickml.errors import CompileError, Problem
from quickml.plugins import installed, load

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

FOLDER = "quickml.export.formats"
GROUP = "quickml.formats"


class DocumentFormat:
    """A file format, as far as a document is concerned."""

    kind: ClassVar[str]
    """Its name in `export.formats`, and the `kind` of its files in the report and in the API."""
    first_ios: ClassVar[Mapping[Weights, int]] = {}
    """The first iOS that reads the format, for each way to store the weights that it has. Empty for a format
    that no phone reads: it takes any weights."""
    is_written_for_ios: ClassVar[bool] = True
    """Whether the file depends on the iOS version that it is written for."""
    can_be_named: ClassVar[bool] = True
    """Whether `export.formats` may name it; the others follow from other keys."""

    def is_asked(self, export: Export) -> bool:
        """Whether a document asks for this file."""
        return self.kind in export.formats

    def oldest(self, weights: Weights | Literal["auto"]) -> int | None:
        """The first iOS that reads the format with these weights; None if it cannot store them."""
        if weights == "auto":
            return min(self.first_ios.values(), default=None)
        return self.first_ios.get(weights)

    def minimum_ios(self, weights: Weights, export: Export) -> int:
        """The iOS version that the file is written for."""
        first = self.first_ios[weights]
        return max(first, export.minimum_ios or 0) if self.is_written_for_ios else first

    def allowed_weights(self, export: Export) -> tuple[Weights, ...]:
        """How the weights may be stored: one way, or with `auto` all that `minimum_ios` allows."""
        if export.weights != "auto":
            return (export.weights,)
        newest = export.minimum_ios or max(self.first_ios.values())
        return tuple(way for way, first in self.first_ios.items() if first <= newest) or ("float32",)

    def problems(self, export: Export) -> Iterator[Problem]:
        """What in `export` this format does not allow: the weights, or the iOS version."""
        if not self.first_ios:
            return
        first, weights, minimum = self.oldest(export.weights), export.weights, export.minimum_ios
        if first is None:
            yield problem(
                "weights-of-format",
                "/export/weights",
                subject=self.kind,
                expected=f"one of {', '.join(self.first_ios)}",
                found=weights,
                format=self.kind,
                weights=weights,
                allowed=[*self.first_ios],
            )
        elif minimum is not None and minimum < first:
            yield problem(
                "ios-too-old",
                "/export/minimum_ios",
                subject=self.kind if weights == "float32" else f"{self.kind} with {weights} weights",
                expected=f"iOS {first} or later",
                found=str(minimum),
                advice=write("/export/minimum_ios", first, "raise minimum_ios"),
                format=self.kind,
                weights=weights,
                first_ios=first,
                minimum_ios=minimum,
            )


F = TypeVar("F", bound=DocumentFormat)
FORMATS: dict[str, DocumentFormat] = {}
"""By kind, as they registered. Read them through `known`, which loads the package's own."""


def registered(kind: type[F]) -> type[F]:
    """Class decorator: enter a format into the table.

    Raises:
        CompileError: another class has its name.
    """
    taken = FORMATS.get(kind.kind)
    if taken is not None and _place(type(taken)) != _place(kind):
        raise CompileError(
            f"{_place(kind)}: expected a unique kind, found {kind.kind!r}, which {_place(type(taken))} has"
        )
    FORMATS[kind.kind] = kind()
    return kind


def _place(kind: type[DocumentFormat]) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def known() -> dict[str, DocumentFormat]:
    """Every format by its kind: first those for the oldest systems, last those that no phone reads."""
    importlib.import_module(FOLDER)
    return {one.kind: one for one in _by_age(tuple(FORMATS.values()))}


@lru_cache(maxsize=1)
def _by_age(formats: tuple[DocumentFormat, ...]) -> list[DocumentFormat]:
    return sorted(formats, key=lambda one: (min(one.first_ios.values(), default=999), one.kind))


def names() -> list[str]:
    """The values that `export.formats` takes."""
    named = (kind for kind, one in known().items() if one.can_be_named)
    return list(dict.fromkeys([*named, *installed(GROUP)]))


def find(kind: str) -> DocumentFormat | None:
    """The format of this name that a document may ask for; None if there is none.

    Raises:
        CompileError: an installed package announces it, and cannot be loaded or registers another one.
    """
    one = FORMATS.get(kind) or known().get(kind)
    if one is None and kind in installed(GROUP):
        _load(installed(GROUP)[kind])
        one = FORMATS[kind]
    return one if one is not None and one.can_be_named else None


def _load(entry: EntryPoint) -> None:
    try:
        load(entry)
    except Exception as error:  # whatever the code of another package raises
        raise CompileError(f"{entry.value}: the format {entry.name!r} cannot be loaded ({error})") from error
    if entry.name not in FORMATS:
        raise CompileError(
            f"{entry.value}: expected it to register the format {entry.name!r}, found it did not"
        )


def formats_of(export: Export) -> tuple[str, ...]:
    """The formats asked for; the defaults that can store the weights where the document names none."""
    if "formats" in export.model_fields_set:
        return export.formats
    return tuple(kind for kind in export.formats if known()[kind].oldest(export.weights) is not None)
