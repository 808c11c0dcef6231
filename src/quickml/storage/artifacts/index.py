"""Which objects of a bucket are which files: rows in the database, beside those of the jobs.

A row is written before its object is put, and removed after its object is deleted, so no object is without a
row, whatever is killed between. Every put has an object of its own, whose key nobody else uses: what a sweep,
or a process that was frozen for an hour, deletes or overwrites can be no other's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update

from quickml.errors import ArtifactError, ArtifactNotFoundError
from quickml.files.digest import PART_BYTES, Digest
from quickml.storage.artifacts.store import Stored
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import stored_files

_SHA256_BYTES = 32
UNFINISHED = timedelta(days=1)
"""Age from which a put that is not complete was interrupted; a large file takes long."""
_MANY = 500
"""Rows in one statement."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An object that is complete."""

    key: str
    stored: Stored
    saved_as: str


class FileIndex:
    """The rows. What is written is durable together with the next durable transaction, which refers to it."""

    def __init__(self, database: Database, now: Callable[[], datetime] | None = None) -> None:
        self._database, self._now = database, now or database.now

    def begin(self, checksums: Digest, saved_as: str) -> str:
        """Note a file whose object will be put; the key of the object."""
        key = f"{checksums.sha256[:2]}/{checksums.sha256}/{secrets.token_hex(6)}"
        parts = checksums.parts if len(checksums.parts) > 1 else ()
        row = {
            "key": key, "sha256": checksums.sha256, "size_bytes": checksums.size_bytes,
            "put_at": _text(self._now()), "is_complete": False, "saved_as": saved_as,
            "parts": b"".join(map(bytes.fromhex, parts)),
        }  # fmt: skip
        with self._database.write(durable=False) as connection:
            connection.execute(insert(stored_files).values(row))
        return key

    def complete(self, key: str) -> datetime:
        """The object was put: when.

        Raises:
            ArtifactError: its row was removed meanwhile, with the file; the caller deletes the object.
        """
        put_at = self._now()
        changed = {"is_complete": True, "put_at": _text(put_at)}
        with self._database.write(durable=False) as connection:
            found = connection.execute(update(stored_files).where(stored_files.c.key == key).values(changed))
        if not found.rowcount:
            raise ArtifactError("a file was deleted while it was stored; store it again")
        return put_at

    def find(self, sha256: str) -> Entry:
        """The newest object of a file. Raises ArtifactNotFoundError."""
        table = stored_files.c
        columns = table.key, table.size_bytes, table.put_at, table.saved_as
        newest = select(*columns).where(table.sha256 == sha256, table.is_complete)
        with self._database.read() as connection:
            row = connection.execute(newest.order_by(table.put_at.desc()).limit(1)).first()
        if row is None:
            raise ArtifactNotFoundError(sha256)
        stored_at = datetime.fromisoformat(row.put_at)
        stored = Stored(sha256=sha256, size_bytes=row.size_bytes, stored_at=stored_at)
        return Entry(key=row.key, stored=stored, saved_as=row.saved_as)

    def checksums(self, entry: Entry) -> Digest:
        """Those of the parts of a file. Raises ArtifactNotFoundError."""
        sha256, size_bytes = entry.stored.sha256, entry.stored.size_bytes
        parts: tuple[str, ...] = (sha256,) if size_bytes else ()
        if size_bytes > PART_BYTES:
            with self._database.read() as connection:
                row = connection.scalar(select(stored_files.c.parts).where(stored_files.c.key == entry.key))
            if row is None:
                raise ArtifactNotFoundError(sha256)
            places = range(0, len(row), _SHA256_BYTES)
            parts = tuple(row[place : place + _SHA256_BYTES].hex() for place in places)
        return Digest(sha256=sha256, size_bytes=size_bytes, part_size_bytes=PART_BYTES, parts=parts)

    def keys(self, sha256: str) -> list[str]:
        """The keys of all objects of a file, perhaps put only in part."""
        with self._database.read() as connection:
            return list(connection.scalars(select(stored_files.c.key).where(stored_files.c.sha256 == sha256)))

    def remove(self, keys: Sequence[str]) -> None:
        """Forget objects that were deleted."""
        for place in range(0, len(keys), _MANY):
            some = keys[place : place + _MANY]
            with self._database.write(durable=False) as connection:
                connection.execute(delete(stored_files).where(stored_files.c.key.in_(some)))

    def superfluous(self, keep: set[str], before: datetime) -> tuple[list[str], set[str]]:
        """Objects that were put before a moment, and that nobody needs.

        Returns:
            Their keys, also those of files that were put again; and the sha256 of those not in `keep`.
        """
        table = stored_files.c
        rows = select(table.key, table.sha256, table.put_at, table.is_complete)
        keys, removed, last, text = [], set(), "", _text(before)
        unfinished = _text(min(before, self._now() - UNFINISHED))
        with self._database.read() as connection:
            for row in connection.execute(rows.order_by(table.sha256, table.put_at.desc())):
                is_newest = row.is_complete and row.sha256 != last
                last = row.sha256 if row.is_complete else last
                if row.put_at >= (text if row.is_complete else unfinished) or (
                    is_newest and row.sha256 in keep
                ):
                    continue
                keys.append(row.key)
                if is_newest:
                    removed.add(row.sha256)
        return keys, removed

    def lost(self, sha256: Iterable[str]) -> set[str]:
        """Those of some files that are not there any more."""
        names = list(sha256)
        found: set[str] = set()
        with self._database.read() as connection:
            for place in range(0, len(names), _MANY):
                some = stored_files.c.sha256.in_(names[place : place + _MANY])
                found.update(connection.scalars(select(stored_files.c.sha256).where(some).distinct()))
        return set(names) - found

    def usage_bytes(self) -> int:
        """Total size of all files."""
        table = stored_files.c
        sizes = select(table.sha256, table.size_bytes).where(table.is_complete).distinct().subquery()
        with self._database.read() as connection:
            return int(connection.scalar(select(func.coalesce(func.sum(sizes.c.size_bytes), 0))) or 0)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
