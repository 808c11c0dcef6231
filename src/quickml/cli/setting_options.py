"""Command-line options made from the table of settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from quickml.settings import TABLE, Setting, Settings, load

CONFIG = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="TOML file with settings.")]


def with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for each of these settings (for all settings if none is named).

    The command receives the loaded `settings` instead of the options. For Typer each option is a string:
    `load` checks values from options, environment and file in the same way.
    """
    rows = [row for row in TABLE if not names or row.name in names]

    def wrap(command: Callable[..., None]) -> Callable[..., None]:
        def run(config: Path | None, **arguments: Any) -> None:
            flags = {row.name: arguments.pop(row.name) for row in rows}
            settings: Settings = load(flags, config=config)
            command(settings=settings, **arguments)

        run.__name__, run.__doc__ = command.__name__, command.__doc__
        run.__signature__ = _signature(command, rows)  # type: ignore[attr-defined]
        return run

    return wrap


def _signature(command: Callable[..., None], rows: Sequence[Setting]) -> inspect.Signature:
    own = inspect.signature(command, eval_str=True).parameters.values()
    kept = [one.replace(kind=one.KEYWORD_ONLY) for one in own if one.name != "settings"]
    flags = [_parameter(row.name, _option(row)) for row in rows]
    return inspect.Signature([*kept, _parameter("config", CONFIG), *flags])


def _option(row: Setting) -> Any:
    text = f"{row.help.removesuffix('.')} [{row.default}]."
    return Annotated[str | None, typer.Option(row.flag, metavar=row.kind.metavar, help=text)]


def _parameter(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
