"""A group of commands, as Typer shows and finds them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from typer.core import TyperGroup

from quickml.errors import InputError

_MODELS = {".mlmodel", ".mlpackage"}
_DATA = {".csv", ".tsv", ".zip"}
_FILM = "film.bin"


class CommandGroup(TyperGroup):
    """Lists whole summaries, where Typer cuts them, and knows what a file in place of a command may mean."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the names and the summaries of all commands."""
        rows = [(name, command.get_short_help_str(limit=1000)) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a command.

        Raises:
            InputError: it is a file.
        """
        name = args[0]
        if name not in self.commands and ctx.parent is None:
            path, quoted = Path(name), shlex.quote(name)
            if path.name == _FILM:
                raise InputError(f"{name}: expected a command, found a file; try `quickml film {quoted}`")
            if path.suffix in _MODELS:
                raise InputError(f"{name}: expected a command, found a file; try `quickml inspect {quoted}`")
            if path.suffix.lower() in _DATA:
                raise InputError(f"{name}: expected a command, found a file; try `quickml data {quoted}`")
            if path.suffix == ".json" or path.is_file():
                raise InputError(f"{name}: expected a command, found a file; try `quickml run {quoted}`")
        return super().resolve_command(ctx, args)
