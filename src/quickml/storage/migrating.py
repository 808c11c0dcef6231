"""Migrate a database in a process of its own, `python -m quickml.storage.migrating ADDRESS`.

Alembic takes 11 MB, which a server that has migrated its database would keep until it ends.
"""

from __future__ import annotations

import subprocess
import sys

from quickml.errors import StoreError
from quickml.storage.addresses import Addresses, databases
from quickml.storage.backends import Backends
from quickml.storage.database.engine import OutdatedError, unchanged_tables

COMMAND = (sys.executable, "-P", "-m", "quickml.storage.migrating")
_REFUSED = 3
"""The exit code of an error whose text is all there is to say."""


def migrated(addresses: Addresses) -> Backends:
    """The back ends at these addresses, with the tables of this release; opens them once if they are current.

    If others do the same at once, one of them migrates while the others wait.

    Raises:
        StoreError: the database cannot be used, or another release made it.
        ArtifactError: the artifact store cannot be used.
        RuntimeError: the migration failed; the text has its traceback.
    """
    try:
        with unchanged_tables():
            return Backends.open(addresses)
    except OutdatedError:
        _migrate(addresses.database)
    return Backends.open(addresses)


def _migrate(address: str) -> None:
    # An address in which a password was found has been refused: other users may see arguments.
    command = [*COMMAND, address]
    done = subprocess.run(  # noqa: S603  # an address of the settings, no shell
        command, check=False, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    told = done.stderr.strip()
    if done.returncode == _REFUSED:
        raise StoreError(told)
    if done.returncode:
        raise RuntimeError(f"the migration of the database ended with code {done.returncode}\n{told}")


def main() -> None:
    """Open the database, which migrates it."""
    try:
        databases.open(sys.argv[1]).close()
    except StoreError as error:
        sys.stderr.write(str(error))
        sys.exit(_REFUSED)


if __name__ == "__main__":
    main()
