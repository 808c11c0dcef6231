"""Stored files, copied from a folder to a bucket, and compared. What was cut off goes on where it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select

from quickml.errors import ArtifactDamagedError, ArtifactError, ArtifactNotFoundError
from quickml.files.digest import digest
from quickml.storage.artifacts.checksums import check
from quickml.storage.artifacts.s3 import S3ArtifactStore
from quickml.storage.artifacts.store import ArtifactStore
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import artifacts


@dataclass(frozen=True, kw_only=True)
class MovedFiles:
    """What became of the files that were wanted."""

    copied: int = 0
    kept: int = 0
    """Those that were in the bucket already."""
    lost: tuple[str, ...] = ()
    """The sha256 of those that the folder does not have, or not as they were stored."""


def copy_files(
    source: ArtifactStore, target: S3ArtifactStore, wanted: Iterable[str], database: Database
) -> MovedFiles:
    """Copy files to a bucket and read each of them back.

    Args:
        source: has them, and keeps them.
        target: the store in the bucket; its index is in `database`.
        wanted: the sha256 of the files.
        database: says under which name a file is saved.

    Raises:
        ArtifactError: the bucket cannot be used.
    """
    names, copied, kept, lost = _names(database), 0, 0, []
    for sha256 in sorted(wanted):
        if _has(target, sha256):
            kept += 1
            continue
        try:
            _copy(source, target, sha256, names.get(sha256, ""))
            copied += 1
        except (ArtifactNotFoundError, ArtifactDamagedError):
            lost.append(sha256)
    return MovedFiles(copied=copied, kept=kept, lost=tuple(lost))


def _copy(source: ArtifactStore, target: S3ArtifactStore, sha256: str, name: str) -> None:
    check(source, sha256)
    with source.local_path(sha256) as path:
        with path.open("rb") as file:
            checksums = digest(file)
        target.put_known(path, checksums, saved_as=name)
    try:
        check(target, sha256)
    except (ArtifactNotFoundError, ArtifactDamagedError) as error:
        target.delete(sha256)  # so that another call copies it again
        raise ArtifactError(f"the bucket has not kept what it was sent: {error}") from error
    target.forget_copies(sha256)


def _has(target: S3ArtifactStore, sha256: str) -> bool:
    try:
        target.stat(sha256)
    except ArtifactNotFoundError:
        return False
    return True


def _names(database: Database) -> dict[str, str]:
    """One name of each artifact."""
    wanted = select(artifacts.c.sha256, func.min(artifacts.c.name)).group_by(artifacts.c.sha256)
    with database.read() as connection:
        return {row[0]: row[1] for row in connection.execute(wanted)}
