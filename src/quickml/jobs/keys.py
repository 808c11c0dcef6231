"""Keys that all servers of a database share, each made once."""

from __future__ import annotations

from sqlalchemy import insert, select

from quickml.storage.database.engine import Database
from quickml.storage.database.tables import keys

LINKS = "links"
"""The name of the key that signs links."""
FILES = "files"
"""The name of the SHA-256 of the mark in the file store; see `file_mark`."""


class KeyStore:
    """The keys in a database. Any call may raise `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, name: str) -> bytes | None:
        """The key of a name, if there is one."""
        with self._database.statement() as connection:
            found: str | None = connection.scalar(select(keys.c.value).where(keys.c.name == name))
        return None if found is None else bytes.fromhex(found)

    def get(self, name: str, new: bytes) -> bytes:
        """The key of a name: `new`, unless there is one already."""
        with self._database.write(lock=f"key {name}") as connection:
            found: str | None = connection.scalar(select(keys.c.value).where(keys.c.name == name))
            if found is None:
                connection.execute(insert(keys).values(name=name, value=new.hex()))
        return new if found is None else bytes.fromhex(found)
