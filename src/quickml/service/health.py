"""Whether the service is ready."""

from __future__ import annotations

from dataclasses import dataclass

from quickml.executors.executor import State
from quickml.jobs.seats import NO_SEATS, Seats


@dataclass(frozen=True, kw_only=True)
class Health:
    """Whether the service is ready, and otherwise why not."""

    database: str = ""
    """The problem with the database; empty if there is none."""
    files: str = ""
    """The problem with writing files; empty if there is none."""
    free_bytes: int = 0
    """Disk space, rounded down."""
    has_room: bool = False
    """Whether enough is free."""
    needed_bytes: int = 0
    workers: dict[State, int]
    trouble: str = ""
    """Why no worker can start; empty if one can."""
    queued: int = 0
    seats: Seats = NO_SEATS
    """Of all servers and workers of the database. A server is ready without: jobs wait in the queue."""

    @property
    def is_ready(self) -> bool:
        """Whether a job that is submitted now is accepted, and will run as soon as there is a seat."""
        return not (self.database or self.files or self.trouble) and self.has_room
