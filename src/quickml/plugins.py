"""Plugins: datasets and formats of other installed packages, announced as entry points."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_loaded: list[EntryPoint] = []


@cache
def installed(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group by name. Does not load them."""
    from importlib.metadata import entry_points  # reads the metadata of all packages

    return {entry.name: entry for entry in entry_points(group=group)}


def load(entry: EntryPoint) -> Any:
    """Load the object that an entry point names. Its package may raise anything."""
    _loaded.append(entry)
    return entry.load()


def is_any_loaded() -> bool:
    """Whether this process has loaded a plugin."""
    return bool(_loaded)
