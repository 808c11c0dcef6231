"""The database and the artifact store of a server and its workers, opened by address."""

from __future__ import annotations

from dataclasses import dataclass

from quickml.storage.addresses import Addresses, artifact_stores, databases
from quickml.storage.artifacts.store import ArtifactStore
from quickml.storage.database.engine import Database


@dataclass(frozen=True, kw_only=True)
class Backends:
    """Everything that outlives a process."""

    database: Database
    artifacts: ArtifactStore

    @classmethod
    def open(cls, addresses: Addresses) -> Backends:
        """Open both, and create or migrate what is there.

        Raises:
            StoreError: an address is wrong, or the database cannot be used.
            ArtifactError: the artifact store cannot be used.
        """
        database = databases.open(addresses.database)
        return cls(database=database, artifacts=artifact_stores.open(addresses.files, database))

    def close(self) -> None:
        """Close all connections."""
        self.database.close()
