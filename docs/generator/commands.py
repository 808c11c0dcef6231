"""The reference of the commands: the output of `--help`, and the exit codes."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command
from typer.testing import CliRunner

from generator import NOTE
from generator.fields import wrapped
from quickml.cli import command_line, server_commands

WIDTH = 88
app = server_commands.app
REST = (
    "Errors are printed as one message on standard error, without a traceback. In a checkout,"
    " `python main.py SPEC.json` is the same as `quickml run SPEC.json`."
)


def page() -> str:
    """docs/reference/commands.md."""
    names = list(_names(get_command(app)))
    sections = [f"## quickml {' '.join(name)}\n\n{_help(*name)}" for name in names]
    return "\n\n".join([NOTE, _head(), *sections]) + "\n"


def _names(group: Any) -> Iterator[tuple[str, ...]]:
    """The names of all commands. A group is followed by its commands."""
    for name, command in group.commands.items():
        yield (name,)
        if hasattr(command, "commands"):
            yield from ((name, *rest) for rest in _names(command))


def _head() -> str:
    return f"""# The commands

{_help()}

{wrapped(_exit_codes() + " " + REST)}"""


def _exit_codes() -> str:
    """The paragraph about exit codes in the docstring of `command_line`."""
    paragraphs = (command_line.__doc__ or "").split("\n\n")
    return next(paragraph for paragraph in paragraphs if paragraph.startswith("Exit codes")).strip()


def _help(*command: str) -> str:
    done = CliRunner().invoke(
        app, [*command, "--help"], prog_name="quickml", terminal_width=WIDTH, max_content_width=WIDTH
    )
    assert done.exit_code == 0, done.output
    text = "\n".join(line.rstrip() for line in done.output.strip().splitlines())
    return f"```text\n{text}\n```"
