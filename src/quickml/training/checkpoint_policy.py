"""Where and when the checkpoints of a training are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class CheckpointPolicy:
    """Settings of a checkpoint file. A training resumes if the file contains a checkpoint of it."""

    path: Path
    every_s: float = 30.0
    """Minimum time between two checkpoints, in seconds."""
    label: str = ""
    """Stored in the file, so that trainings with different labels never write identical files."""
    before: Callable[[], None] = nothing
    """Called before each checkpoint, for example to store pending events: a resumed training does not repeat
    the events before its checkpoint."""
    after: Callable[[], None] = nothing
    """Called when the file is complete. Its duration counts as time for writing."""
