"""Where attempts run: the port. `local` runs processes on this machine; `quickml.testing` has one in memory.

The queue is in the database, and so are all wishes: to stop a job, to cancel it. An executor claims attempts,
renews their leases while they run, and may forget everything when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

RESTARTED = "the server was restarted"
LOST = "the worker's lease ran out"
UNANSWERED = "the database did not answer the worker that took it"
SHUTDOWN = "the server was shut down"


class State(StrEnum):
    """What a worker does."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One worker, as it is at the moment."""

    number: int
    """From 0; a worker that is replaced leaves its number to the next."""
    state: State
    pid: int | None = None
    job_id: str | None = None
    attempts: int = 0
    """How many it has had."""
    memory_bytes: int = 0
    """Resident."""
    trouble: str = ""
    """Why the previous worker died, if it did before it could work."""


class Executor(Protocol):
    """Runs attempts. All calls but `close` return at once; any thread may call."""

    def start(self) -> None:
        """Begin to claim attempts."""

    def wake(self) -> None:
        """Look at the database now: a job was queued, stopped or cancelled."""

    def workers(self) -> list[Worker]:
        """All workers."""

    def close(self, grace_s: float) -> None:
        """Claim nothing more; ask attempts to store a checkpoint and end; kill those left after `grace_s`.

        They are queued again, and the try does not count. Returns when nothing runs any more.
        """
