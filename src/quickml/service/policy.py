"""What a document may ask of this server, beside being right."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from quickml.document import Plan
from quickml.errors import DocumentError, Problem

HINT = "a limit of this server"


@dataclass(frozen=True, kw_only=True)
class DocumentLimits:
    """The most that one document may ask for."""

    max_layers: int = sys.maxsize
    max_parameters: int = sys.maxsize
    max_memory_bytes: int = sys.maxsize
    """Of a training, as estimated."""
    max_epochs: int = sys.maxsize
    max_seconds: float | None = None
    """That an attempt may take; None is without limit."""


def check_limits(plan: Plan, limits: DocumentLimits) -> None:
    """Whether a plan stays within them.

    Raises:
        SpecError: no; with a problem for each limit that it does not keep.
    """
    if problems := list(_beyond(plan, limits)):
        raise DocumentError(problems)


def _beyond(plan: Plan, limits: DocumentLimits) -> Iterator[Problem]:
    training = plan.document.training
    measured = (
        ("/model/layers", "layers", len(plan.graph.nodes), limits.max_layers),
        ("/model/layers", "parameters", plan.graph.parameters.total, limits.max_parameters),
        ("/model/layers", "bytes of memory for training", plan.memory_bytes, limits.max_memory_bytes),
        ("/training/epochs", "epochs", training.epochs, limits.max_epochs),
    )
    for pointer, what, found, allowed in measured:
        if found > allowed:
            yield Problem(
                pointer=pointer, expected=f"at most {allowed:,} {what}", found=f"{found:,}", hint=HINT
            )
    asked, most = training.max_seconds, limits.max_seconds
    if asked is not None and most is not None and asked > most:
        expected = f"at most {most:g} seconds"
        yield Problem(pointer="/training/max_seconds", expected=expected, found=f"{asked:g}", hint=HINT)
