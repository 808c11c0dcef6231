"""Limits of a server on documents."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from quickml.document import Plan
from quickml.document.advice import told
from quickml.document.problem import problem
from quickml.document.shapes import rows
from quickml.errors import DocumentError, Problem
from quickml.estimate.memory import data_bytes, least_memory_bytes

HINT = "a limit of this server"


@dataclass(frozen=True, kw_only=True)
class DocumentLimits:
    """The largest document that is accepted."""

    max_layers: int = sys.maxsize
    max_parameters: int = sys.maxsize
    max_memory_bytes: int = sys.maxsize
    """Estimated memory of a training."""
    worker_memory_bytes: int = sys.maxsize
    """Memory at which a worker is killed."""
    max_epochs: int = sys.maxsize
    max_seconds: float | None = None
    """Duration of a training; None means no limit."""


def check_limits(plan: Plan, limits: DocumentLimits) -> None:
    """Check a plan against the limits.

    Raises:
        DocumentError: with a problem for each limit that is exceeded.
    """
    if problems := list(_exceeded(plan, limits)):
        raise DocumentError(problems, layers=rows(plan.graph.nodes))


def _exceeded(plan: Plan, limits: DocumentLimits) -> Iterator[Problem]:
    training = plan.document.training
    measured = (
        ("/model/layers", "max_layers", "layers", len(plan.graph.nodes), limits.max_layers),
        ("/model/layers", "max_parameters", "parameters", plan.graph.parameters.total, limits.max_parameters),
        (
            "/model/layers",
            "max_memory_bytes",
            "bytes of memory for training",
            plan.memory_bytes,
            limits.max_memory_bytes,
        ),
        ("/training/epochs", "max_epochs", "epochs", training.epochs, limits.max_epochs),
    )
    for pointer, limit, what, found, allowed in measured:
        if found > allowed:
            yield problem(
                "server-limit",
                pointer,
                expected=f"at most {allowed:,} {what}",
                found=f"{found:,}",
                advice=told(HINT),
                limit=limit,
                maximum=allowed,
                found_count=found,
            )
    yield from _data_exceeds(plan, limits.worker_memory_bytes)
    asked, most = training.max_seconds, limits.max_seconds
    if asked is not None and most is not None and asked > most:
        expected = f"at most {most:g} seconds"
        yield problem(
            "server-limit",
            "/training/max_seconds",
            expected=expected,
            found=f"{asked:g}",
            advice=told(HINT),
            limit="max_seconds",
            maximum=most,
            found_count=asked,
        )


def _data_exceeds(plan: Plan, allowed: int) -> Iterator[Problem]:
    """A problem of samples that do not fit into a worker's memory."""
    needed = least_memory_bytes(plan)
    if needed > allowed and data_bytes(plan) > plan.memory_bytes:
        yield problem(
            "server-limit",
            "/dataset",
            expected=f"at most {allowed:,} bytes of memory for a worker",
            found=f"{needed:,}, of which {data_bytes(plan):,} for the samples",
            advice=told(HINT),
            limit="worker_memory_bytes",
            maximum=allowed,
            found_count=needed,
        )
