"""A row of the table of settings: a dataclass field that knows its kind, its default and its help."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from quickml.settings.kinds import Kind

PREFIX = "QUICKML_"
"""Prefix of the environment variables."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A row of the table."""

    name: str
    group: str
    kind: Kind
    default: str
    """In words."""
    help: str

    @property
    def flag(self) -> str:
        """On the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """In the environment."""
        return PREFIX + self.name.upper()


def row(kind: Kind, default: Any, help: str, shown: str = "") -> Any:
    """A field of a group of settings.

    Args:
        kind: what the setting may hold.
        default: the value, or a function that computes it for this machine.
        help: one sentence.
        shown: the default in words; needed where it is a function.
    """
    metadata = {"kind": kind, "help": help, "shown": shown or kind.show(default)}
    if callable(default):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def rows(group: str, settings: Any) -> list[Setting]:
    """The rows of a group, in the order of its fields."""
    return [
        Setting(
            name=field.name,
            group=group,
            kind=field.metadata["kind"],
            default=field.metadata["shown"],
            help=field.metadata["help"],
        )
        for field in dataclasses.fields(settings)
    ]
