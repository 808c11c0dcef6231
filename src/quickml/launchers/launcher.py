"""What starts workers on other machines: the port. Each worker has one seat, and its host id is known before.

A launcher starts processes of `quickml worker` and ends them. Whether they live, what they run and what is
lost with them is known to the database alone, by their leases.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class SeatKind:
    """What a seat has, and what makes it take only some of the jobs."""

    name: str = "any"
    cpus: float = 1.0
    """Cores that are reserved for it."""
    gpus: float = 0.0
    """GPUs that are reserved for it, or the part of one."""
    is_express: bool = False
    """Whether it takes only short jobs."""
    options: tuple[str, ...] = ()
    """Of its `quickml worker`, besides those of all seats; without a secret."""


@dataclass(frozen=True, kw_only=True)
class EndedSeat:
    """A seat that the launcher does not hold any more."""

    host_id: str
    trouble: str = ""
    """Why it ended; empty if it was asked to."""


class Launcher(Protocol):
    """Starts and ends workers with one seat each. All calls but `close` return at once."""

    @property
    def is_connected(self) -> bool:
        """Whether seats can be started now."""

    def tend(self) -> list[EndedSeat]:
        """Do what is due, such as to connect again. Returns the seats that have ended since the last call.

        Raises:
            LauncherError: it was never connected, and cannot be.
        """

    def seats(self) -> Collection[str]:
        """Host ids of the seats that were started and have not ended, whether they have a machine or not."""

    def start(self, host_id: str, kind: SeatKind) -> None:
        """Start a worker that has this id, as soon as there is a machine for such a seat."""

    def drain(self, host_id: str) -> None:
        """Let a worker give back what it runs, and end; at once if it has no machine yet."""

    def close(self) -> None:
        """End all seats at once."""
