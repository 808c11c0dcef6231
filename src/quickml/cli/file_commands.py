"""The commands for files on a server. Importing this module adds them to `app`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quickml.cli.app import AsJson, Server, app
from quickml.cli.command_group import CommandGroup


@app.command()
def upload(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to upload.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to call it. Default: its name.")
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Upload a file of your own to a server, and print its SHA-256.

    If the connection breaks, the upload continues where it broke; run the same command again to continue it
    later. A file that is on the server already is not sent again.
    """
    from quickml.cli.commands.files import upload_file

    upload_file(file, name=name, server=server, as_json=as_json)


files = typer.Typer(
    help="Manage the files that you have uploaded to a server.",
    no_args_is_help=True,
    rich_markup_mode=None,
    cls=CommandGroup,
)
app.add_typer(files, name="files")


@files.command("list")
def files_list(
    server: Server = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per file.")] = False,
) -> None:
    """List your files, newest first."""
    from quickml.cli.commands.files import list_files

    list_files(server=server, as_json=as_json)


@files.command("delete")
def files_delete(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Name of the file, or the beginning of its SHA-256.")
    ],
    server: Server = None,
) -> None:
    """Delete a file, with everything that the server made of it. Results of jobs stay.

    The server refuses this while a job that is queued or running needs the file.
    """
    from quickml.cli.commands.files import delete_file

    delete_file(file, server=server)
