"""`quickml move`: from a data folder to PostgreSQL and to a bucket."""

from __future__ import annotations

from quickml import composition
from quickml.cli.display.output import say
from quickml.settings import Settings


def move_database(settings: Settings) -> None:
    """Print what was moved.

    Raises:
        StoreError, ArtifactError: not everything was.
    """
    moved, data = composition.move(settings), settings.storage.data.absolute()
    if moved.files is not None:
        there = f", {moved.files.kept} were there already" if moved.files.kept else ""
        say(f"{moved.files.copied} files were copied to the bucket and compared{there}")
        for sha256 in moved.files.lost:
            say(f"lost or damaged before, and left out: {sha256}")
        say(f"the old files are in {data / 'artifacts'}")
    if moved.rows is not None:
        say(f"{moved.rows} rows were moved to {settings.storage.place} and compared")
        say(f"the old database is {data / 'quickml.db.moved'}")
