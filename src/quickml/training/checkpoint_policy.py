"""Where and when a training is kept on disk, so that another process can go on with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class CheckpointPolicy:
    """One file. Where it holds a training of the same document, that one is gone on with."""

    path: Path
    every_s: float = 30.0
    """At most so often, in seconds."""
    before: Callable[[], None] = nothing
    """Called each time, so that what was told can be stored first: a training that goes on does not tell anew
    of what lies before."""
