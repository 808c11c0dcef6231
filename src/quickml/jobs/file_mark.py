"""A mark in the file store, by which servers and workers notice files that are not those of the database.

The mark is a small file of random bytes, and the database has its SHA-256. Without it, jobs of a worker that
stores its files elsewhere would be ready, and none of their files could be downloaded.
"""

from __future__ import annotations

import logging
import secrets
import tempfile
from pathlib import Path

from quickml.errors import ArtifactDamagedError, ArtifactError, ArtifactNotFoundError, StoreError
from quickml.jobs.keys import FILES, KeyStore
from quickml.storage.backends import Backends

log = logging.getLogger(__name__)


def mark(backends: Backends) -> None:
    """Mark the files as those of the database, unless that was done before; then compare.

    Raises:
        StoreError: they are not those of the database.
    """
    try:
        if KeyStore(backends.database).find(FILES) is None:
            with tempfile.TemporaryDirectory(prefix="quickml-") as folder:
                file = Path(folder) / "mark"
                file.write_bytes(secrets.token_bytes(32))
                stored = backends.artifacts.put(file)
            KeyStore(backends.database).get(FILES, bytes.fromhex(stored.sha256))
    except ArtifactError as error:
        log.warning("the files could not be compared with the database: %s", error)
        return
    compare(backends)


def compare(backends: Backends) -> None:
    """Check that the files are those of the database, if it has noted which. An outage is no error.

    Raises:
        StoreError: they are not.
    """
    noted = KeyStore(backends.database).find(FILES)
    if noted is None:
        return
    try:
        with backends.artifacts.open(noted.hex()) as file:
            file.read()
    except (ArtifactNotFoundError, ArtifactDamagedError):
        raise StoreError(
            "files: expected those that belong to the database, found others; "
            "give all servers and workers of a database the same `files`"
        ) from None
    except ArtifactError as error:
        log.warning("the files could not be compared with the database: %s", error)
