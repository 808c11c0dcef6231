"""The root of all exceptions, and problems of documents, settings and requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quickml.problems import MAX_QUOTED, Problem
from quickml.text import printable


class QuickMLError(Exception):
    """The root. Its message is one clear sentence that needs no traceback, printable whatever it quotes."""

    def __str__(self) -> str:
        return printable(super().__str__())


class ProblemsError(QuickMLError):
    """Something is invalid; `problems` contains every problem, in order."""

    def __init__(self, problems: Sequence[Problem], *, more: bool = False) -> None:
        self.problems = tuple(problems)
        self.more = more
        """Whether further problems were left out, because there are too many."""
        super().__init__(str(self))

    def __str__(self) -> str:
        last = ["further problems were left out"] if self.more else []
        return "\n".join([*map(str, self.problems), *last])


class DocumentError(ProblemsError):
    """The document is invalid. `layers` has the layers whose shapes are known, as for a valid one."""

    def __init__(
        self, problems: Sequence[Problem], *, more: bool = False, layers: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.layers = tuple(layers)
        super().__init__(problems, more=more)


class FileImportingError(DocumentError):
    """A server is reading a file that the document names, which takes a while."""


class SettingsError(ProblemsError):
    """The settings are invalid."""


class RequestError(ProblemsError):
    """The parameters or the body of a request are invalid."""


class PatchError(QuickMLError):
    """An operation of a JSON Patch is invalid, or does not fit the document."""

    def __init__(self, operation: Mapping[str, Any]) -> None:
        self.operation = operation
        path = operation.get("path") if isinstance(operation, Mapping) else None
        found = str(operation)[:MAX_QUOTED]
        super().__init__(f"{path}: expected an operation that fits the document, found {found}")


class StoredPlanError(QuickMLError):
    """A stored plan is damaged, or was written by another version."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"stored plan: {reason}")
