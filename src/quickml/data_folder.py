"""The data folder of a server or worker: what is where, and where its database and files are instead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from quickml.errors import StoreError
from quickml.files.lock import Lock
from quickml.settings import Settings
from quickml.storage.addresses import Addresses


@dataclass(frozen=True, kw_only=True)
class DataFolder:
    """The data folder of a server."""

    folder: Path

    @property
    def addresses(self) -> Addresses:
        """The database (SQLite keeps `-wal` and `-shm` files beside it), and the finished files."""
        return Addresses.of_paths(database=self.folder / "quickml.db", files=self.folder / "artifacts")

    @property
    def uploads(self) -> Path:
        """What has arrived of files that users upload; where files are in a bucket, a copy of it."""
        return self.folder / "uploads"

    @property
    def cache(self) -> Path:
        """Copies of files in a bucket; can be deleted while neither a server nor a worker runs."""
        return self.folder / "cache"

    @property
    def imports(self) -> Path:
        """What was made of files that users have uploaded; can be deleted while no server runs."""
        return self.folder / "imports"

    @property
    def scratch(self) -> Path:
        """Temporary files of attempts; can be deleted while no server runs."""
        return self.folder / "scratch"

    @property
    def models(self) -> Path:
        """Packages that are unpacked to be run; can be deleted at any time."""
        return self.folder / "models"

    @property
    def link_key(self) -> Path:
        """The key that signs links. If it is missing, a new one is created, and old links become invalid."""
        return self.folder / "link.key"

    @property
    def lock(self) -> Path:
        """Locked by the server that uses the folder."""
        return self.folder / "server.lock"


def prepared(settings: Settings) -> DataFolder:
    """The folder of the settings, which is made if it is missing. Raises StoreError."""
    place = DataFolder(folder=settings.storage.data)
    try:
        place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # it contains the documents of all owners
    except OSError as error:
        raise StoreError(f"{place.folder}: the folder cannot be made ({error.strerror})") from error
    return place


def addresses_of(settings: Settings, place: DataFolder) -> Addresses:
    """Those of the data folder, unless others are set."""
    storage, addresses = settings.storage, place.addresses
    if storage.database is not None:
        addresses = addresses.with_database(storage.database, password_file=storage.database_password_file)
    if storage.files is not None:
        addresses = addresses.with_files(
            storage.files,
            credentials_file=storage.files_credentials_file,
            cache=place.cache,
            cache_bytes=storage.files_cache_bytes,
        )
    return addresses


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Keep a second server out of the folder. Raises StoreError where one is there."""
    taken = Lock(lock, mode=0o600)
    try:
        is_taken = taken.take()
    except OSError as error:
        raise StoreError(f"{lock}: the file cannot be locked ({error.strerror})") from error
    if not is_taken:
        raise StoreError(f"{lock.parent}: expected no other server in this folder, found one")
    try:
        yield
    finally:
        taken.release()
