"""How many seats there are to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class SeatState(StrEnum):
    """What a seat does, as far as the database knows."""

    STARTING = "starting"
    """It has no machine, or has not joined yet."""
    IDLE = "idle"
    BUSY = "busy"
    LEAVING = "leaving"
    """It was told to end, or was given up: it takes no jobs."""


@dataclass(frozen=True, kw_only=True)
class LaunchedSeat:
    """A seat that a launcher holds."""

    host_id: str
    state: SeatState
    idle_s: float = 0.0
    """For how long it has run nothing."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How many seats there may be."""

    least: int = 0
    most: int = 100
    idle_s: float = 300.0
    """Idle time after which a seat is ended."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """What the queue needs of a kind of seats."""

    startable: int = 0
    """Number of queued jobs that would begin if there were such seats."""
    free_elsewhere: int = 0
    """Free seats of servers and of workers that others have started."""


@dataclass(frozen=True, kw_only=True)
class SeatChange:
    """What is to be done now."""

    start: int = 0
    drain: tuple[str, ...] = ()


def change(seats: Sequence[LaunchedSeat], scale: Scale, need: Need) -> SeatChange:
    """Start what the queue lacks, or end what has been idle for a long time and is not needed.

    Args:
        seats: those of one kind that the launcher holds.
        scale: how many there may be.
        need: what the queue needs of them.
    """
    usable = [seat for seat in seats if seat.state is not SeatState.LEAVING]
    unused = [seat for seat in usable if seat.state is not SeatState.BUSY]
    missing = need.startable - need.free_elsewhere - len(unused)
    wanted = max(scale.least, len(usable) + max(0, missing))
    start = min(wanted - len(usable), scale.most - len(seats))
    if start > 0:
        return SeatChange(start=start)
    removable = max(0, min(-missing, len(usable) - scale.least))
    idle = sorted((seat for seat in unused if seat.idle_s >= scale.idle_s), key=lambda seat: -seat.idle_s)
    return SeatChange(drain=tuple(seat.host_id for seat in idle[:removable]))
