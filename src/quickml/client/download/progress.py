"""How far a download is, for whoever wants to show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Doing = Literal["waiting", "checking", "fetching", "repairing"]
"""Waiting for somebody else who fetches the same; reading what is on disk; fetching; fetching parts again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a file or a package is."""

    name: str
    size_bytes: int
    done_bytes: int
    """That are here. Less than before where something has to be fetched again."""
    fetched_bytes: int
    """That came over the network since this download began."""
    doing: Doing


OnProgress = Callable[[Progress], None]
"""Is called often, in the thread of the download (of an `AsyncClient`: of the event loop)."""


def untold(_: Progress) -> None:
    """Nobody wants to know."""
