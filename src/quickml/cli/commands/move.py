"""`quickml move`: from the database of a data folder to PostgreSQL."""

from __future__ import annotations

from quickml import composition
from quickml.cli.display.output import say
from quickml.settings import Settings


def move_database(settings: Settings) -> None:
    """Print what was moved. Raises StoreError if nothing was."""
    rows = composition.move(settings)
    say(f"{rows} rows were moved to {settings.storage.place} and compared")
    say(f"the old database is {settings.storage.data.absolute() / 'quickml.db.moved'}")
