"""What a conversion says about the original document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from quickml.document.advice import NOTHING, Advice
from quickml.document.codes import Code
from quickml.document.problem import problem
from quickml.document.validation_errors import shown_value
from quickml.errors import Notice, Problem

MOST = 100


@dataclass(frozen=True, kw_only=True)
class Notes:
    """Collects notices and problems. Their pointers refer to the original document."""

    notices: list[Notice] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    """Pointers into the converted document, each with the corresponding pointer into the original."""

    def notice(self, pointer: str, message: str) -> None:
        """Something was ignored or changed."""
        self.notices.append(Notice(pointer=pointer, message=message))

    def shortened(self) -> tuple[Notice, ...]:
        """At most 100 notices, and one about the others."""
        more = len(self.notices) - MOST
        if more <= 0:
            return tuple(self.notices)
        return (
            *self.notices[:MOST],
            Notice(pointer="", message=f"{more:,} more values were ignored or changed"),
        )

    def unknown(self, pointer: str, value: object) -> None:
        """A value was ignored."""
        self.notice(pointer, f"ignored: {shown_value(value)} is not a known value")

    def problem(
        self, code: Code, pointer: str, expected: str, found: object, advice: Advice = NOTHING, **values: Any
    ) -> None:
        """Something cannot be converted."""
        shown = "none" if found is None else shown_value(found)
        self.problems.append(problem(code, pointer, expected=expected, found=shown, advice=advice, **values))
