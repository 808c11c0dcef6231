"""Retention settings: how long the finished jobs of each owner and their files are kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select

from quickml.errors import OwnerError
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import owners

FOREVER = math.inf
MAX_OWNER = 64
"""Characters in an owner's name."""
OTHERS = ""
"""In place of a name: the defaults of all servers, as the one that was started last has stored them."""


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """How many seconds after its end a job and its files are kept. None: as the defaults."""

    keep_jobs_s: float | None = None
    keep_files_s: float | None = None

    def over(self, others: Keeping) -> Keeping:
        """These settings, completed with the defaults `others`."""
        jobs_s = others.keep_jobs_s if self.keep_jobs_s is None else self.keep_jobs_s
        files_s = others.keep_files_s if self.keep_files_s is None else self.keep_files_s
        return Keeping(keep_jobs_s=jobs_s, keep_files_s=files_s)


class OwnerStore:
    """The settings of single owners. Every call is atomic, and safe from several processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keeping(self, owner: str) -> Keeping:
        """The settings of an owner."""
        with self._database.statement() as connection:
            row = connection.execute(select(owners).where(owners.c.name == owner)).first()
        return Keeping() if row is None else _keeping(row)

    def applied(self, owner: str) -> Keeping:
        """What applies to the jobs of one: what is said about it, and otherwise about `OTHERS`."""
        with self._database.statement() as connection:
            rows = connection.execute(select(owners).where(owners.c.name.in_((owner, OTHERS))))
            said = {row.name: _keeping(row) for row in rows}
        return said.get(owner, Keeping()).over(said.get(OTHERS, Keeping()))

    def keep(self, owner: str, changes: Mapping[str, float | None]) -> Keeping:
        """Change fields of `Keeping`, also for jobs that exist already.

        Raises:
            OwnerError: the name is not valid, or files would be kept longer than their jobs.
        """
        if owner != OTHERS:
            check_owner(owner)
        this = owners.c.name == owner
        with self._database.write(lock=f"keeping {owner}") as connection:
            row = connection.execute(select(owners).where(this)).first()
            found = Keeping(**{**asdict(Keeping() if row is None else _keeping(row)), **changes})
            _check(owner, found)
            connection.execute(delete(owners).where(this))
            if found != Keeping():
                connection.execute(insert(owners).values(name=owner, **asdict(found)))
        return found

    def all(self) -> dict[str, Keeping]:
        """The settings of all owners that have any, by name; and those of `OTHERS`."""
        with self._database.statement() as connection:
            found = connection.execute(select(owners).order_by(owners.c.name))
            return {row.name: _keeping(row) for row in found}


def check_owner(name: str) -> None:
    """Check the name of an owner.

    Raises:
        OwnerError: not 1 to 64 printable characters, without space at its ends.
    """
    if not 0 < len(name) <= MAX_OWNER or not name.isprintable() or name != name.strip():
        found = repr(name[: MAX_OWNER + 1])
        raise OwnerError(f"owner: expected a name of 1 to {MAX_OWNER} printable characters, found {found}")


def _check(owner: str, keeping: Keeping) -> None:
    jobs_s, files_s = keeping.keep_jobs_s, keeping.keep_files_s
    if jobs_s is not None and files_s is not None and jobs_s < files_s < FOREVER:
        raise OwnerError(
            f"{owner}: expected files kept at most as long as their jobs, {jobs_s:.15g} s,"
            f" found {files_s:.15g} s"
        )


def _keeping(row: Row[Any]) -> Keeping:
    return Keeping(keep_jobs_s=row.keep_jobs_s, keep_files_s=row.keep_files_s)
