"""The reference of the commands: what `--help` prints, and how they end."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command
from typer.testing import CliRunner

from generator import NOTE
from generator.fields import wrapped
from quickml.cli import app as module

WIDTH = 88
REST = (
    "Errors are one message on standard error, without a traceback. From a checkout,"
    " `python main.py SPEC.json` is `quickml run SPEC.json`."
)


def page() -> str:
    """docs/reference/commands.md."""
    names = list(_names(get_command(module.app)))
    sections = [f"## quickml {' '.join(name)}\n\n{_help(*name)}" for name in names]
    return "\n\n".join([NOTE, _head(), *sections]) + "\n"


def _names(group: Any) -> Iterator[tuple[str, ...]]:
    """Every command, those of a group after it."""
    for name, command in group.commands.items():
        yield (name,)
        if hasattr(command, "commands"):
            yield from ((name, *rest) for rest in _names(command))


def _head() -> str:
    return f"""# The commands

{_help()}

{wrapped(_exit_codes() + " " + REST)}"""


def _exit_codes() -> str:
    """The paragraph of the module's own text."""
    paragraphs = (module.__doc__ or "").split("\n\n")
    return next(paragraph for paragraph in paragraphs if paragraph.startswith("Exit codes")).strip()


def _help(*command: str) -> str:
    done = CliRunner().invoke(
        module.app, [*command, "--help"], prog_name="quickml", terminal_width=WIDTH, max_content_width=WIDTH
    )
    assert done.exit_code == 0, done.output
    text = "\n".join(line.rstrip() for line in done.output.strip().splitlines())
    return f"```text\n{text}\n```"
