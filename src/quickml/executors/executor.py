"""Where attempts run: the port, of which `local.py` has the form with processes and `memory.py` the twin.

The queue is the job store's. An executor claims attempts, runs them, and may forget everything when it ends.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

RESTARTED = "the server was started anew"
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
    """Its place, from 0; a worker that is replaced leaves it to the next."""
    state: State
    pid: int | None = None
    job_id: str | None = None
    attempts: int = 0
    """How many it has had."""
    memory_bytes: int = 0
    """Resident."""
    trouble: str = ""
    """Why the one before died, if it did before it could work."""


class Executor(Protocol):
    """Runs attempts. All calls but `close` return at once; any thread may call."""

    def start(self) -> None:
        """Begin to claim. What an earlier server was running is queued again."""

    def submit(self) -> None:
        """There may be something to claim."""

    def stop(self, job_id: str) -> None:
        """Its attempt, if it runs here, is to finish early; the store has been asked before."""

    def kill(self, job_id: str) -> None:
        """End its attempt, if it runs here, within a second. A job that is not cancelled has failed then."""

    def list(self) -> builtins.list[Worker]:
        """All workers."""

    def close(self, grace_s: float) -> None:
        """Claim nothing more; let attempts keep a checkpoint and go; end those still there after `grace_s`.

        They are queued again, and the try does not count. Returns when nothing runs any more.
        """
