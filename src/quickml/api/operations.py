"""The state of a server."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from quickml.api.message import ApiMessage


class Index(ApiMessage):
    """The name of the server, and where to continue."""

    name: Literal["QuickML"] = "QuickML"
    """Name of the software."""
    version: str
    """Version of the server."""
    tokens_required: bool = False
    """Whether requests need a token."""
    owner: str | None = None
    """Name of the owner of the request's token; `anyone` if the server needs no tokens. null if it needs one,
    and the request has none or an invalid one. The request gives access to the jobs of this owner."""
    links: dict[str, str]
    """Paths of some routes, by name."""


class Liveness(ApiMessage):
    """The process answers."""

    status: Literal["alive"] = "alive"
    """Always `alive`."""


class DiskSpace(ApiMessage):
    """Disk space of the server."""

    free_bytes: int
    """Free disk space, rounded down to an eighth: in the folder `data` or, where that is less, of the files,
    unless they are in a bucket."""
    needed_bytes: int
    """Free disk space below which new jobs are refused, and none is started."""


class WorkerCounts(ApiMessage):
    """Number of worker processes in each state, such as `idle` or `busy`; absent where it is 0."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]

    trouble: bool
    """Whether no worker can start."""


class SeatCounts(ApiMessage):
    """Trainings that all servers and workers of the database can run concurrently."""

    all: int
    """Number of seats. 0 if no worker is connected: jobs are accepted, and wait."""
    free: int
    """Number of seats that run nothing."""


class Readiness(ApiMessage):
    """Whether the server accepts jobs and works on them."""

    ready: bool
    """Whether the server is ready."""
    database: Literal["usable", "unusable"]
    """State of the database. The log has the reason."""
    files: Literal["usable", "unusable"] = "usable"
    """Whether files can be written. The log has the reason."""
    disk: DiskSpace
    """Disk space."""
    workers: WorkerCounts
    """Worker processes of this server."""
    queued: int
    """Number of queued jobs."""
    seats: SeatCounts | None = None
    """Seats of this server, of other servers and of `quickml worker`; null from an older server."""
