"""Run a command line and report its errors.

Exit codes: 0 success; 1 the operation failed; 2 the input was wrong (a document, file, option or setting);
130 cancelled with Ctrl-C.
"""

from __future__ import annotations

import importlib
import io
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quickml.cli.display.formatting import problem_lines
from quickml.cli.display.output import note
from quickml.cli.plain_validate import is_plain_validate, plain_validate
from quickml.errors import (
    CheckpointError,
    CoreMLFileError,
    DocumentError,
    FilesDeletedError,
    InputError,
    OwnerError,
    QuickMLError,
    ResultError,
    ServiceError,
    SettingsError,
    SourceError,
    TokenError,
)

CANCELLED = 130
_WRONG_INPUT = (
    DocumentError
    | InputError
    | SourceError
    | ResultError
    | CheckpointError
    | CoreMLFileError
    | SettingsError
    | FilesDeletedError
    | OwnerError
    | TokenError
)
_WRONG_REQUEST = frozenset({400, 401, 404, 409, 410, 413, 422})
"""Statuses of answers that the same request would get again."""


def run_command_line(arguments: Sequence[str] | None = None) -> None:
    """Run a command line. An expected error becomes one message and an exit code, without a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if is_plain_validate(given):
            plain_validate(given)
        else:
            _parse(given)
    except QuickMLError as error:
        _exit([*_lines(error), *_notes(error)], _exit_code(error))
    except BrokenPipeError:
        # The reader of our output has closed it, as `| head` does: there is no one to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _exit([f"error: {_system_message(error)}", *_notes(error)], 1)


def _parse(given: list[str]) -> None:
    """Let Typer parse a command line, and run its command."""
    import typer

    from quickml.cli.app import app

    usage_error: type[Exception] = typer.BadParameter.__bases__[0]  # Typer exports only its subclass
    _complete(app, given)
    try:
        code = app(args=given, prog_name="quickml", standalone_mode=False)
    except usage_error as error:
        _exit(_usage(error), 2)
    if code == CANCELLED:  # Typer returns it after Ctrl-C, without a word
        _exit(["error: cancelled"], CANCELLED)
    sys.exit(code)


def _notes(error: Exception) -> Sequence[str]:
    return getattr(error, "__notes__", ())


def _complete(app: Any, given: Sequence[str]) -> None:
    """Add the commands for the server, unless the command is another one."""
    others = {command.callback.__name__ for command in app.registered_commands if command.callback}
    if others.isdisjoint(given[:1]):
        importlib.import_module("quickml.cli.server_commands")


def _usage(error: Any) -> list[str]:
    text = io.StringIO()
    error.show(text)
    return text.getvalue().splitlines()


def _lines(error: QuickMLError) -> list[str]:
    if not isinstance(error, DocumentError | SettingsError):
        return [f"error: {error}"]
    return problem_lines(error, "the document" if isinstance(error, DocumentError) else "the settings")


def _system_message(error: OSError) -> str:
    """The file and the reason; of several files that could not be copied, the first."""
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):
        _, target, reason = error.args[0][0]
        return f"{target}: {reason}"
    if error.filename:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, FileNotFoundError) and not _has_working_directory():
        return "the working directory does not exist any more"
    return error.strerror or str(error)


def _has_working_directory() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _exit_code(error: QuickMLError) -> int:
    if isinstance(error, ServiceError):
        return 2 if error.status in _WRONG_REQUEST else 1
    return 2 if isinstance(error, _WRONG_INPUT) else 1


def _exit(lines: Sequence[str], code: int) -> None:
    note(*lines)
    sys.exit(code)
