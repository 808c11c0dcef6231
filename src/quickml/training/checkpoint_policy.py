"""Where and when the state of a training is written, so that another process can resume it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class CheckpointPolicy:
    """One file. If it holds the state of a training of the same document, that training is resumed."""

    path: Path
    every_s: float = 30.0
    """Least time between two checkpoints, in seconds."""
    label: str = ""
    """Written into the file: two trainings with different labels never write the same bytes."""
    before: Callable[[], None] = nothing
    """Called before each, so that events can be stored first: a resumed training does not repeat events of
    what lies before its checkpoint."""
    after: Callable[[], None] = nothing
    """Called when the file is complete. The time it takes counts as time for writing."""
