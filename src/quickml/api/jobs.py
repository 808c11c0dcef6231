"""Jobs and their events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from quickml.api.artifacts import ArtifactMessage
from quickml.api.message import ApiMessage
from quickml.events import TERMINAL, Event, Metric, Status


class JobMessage(ApiMessage):
    """A job, as it was when the server answered."""

    id: str
    """ID of the job."""
    name: str
    """Name from the document."""
    status: Status
    """Status of the job."""
    progress: float = 0.0
    """Progress of training over all epochs, from 0 to 1."""
    epoch: int = 0
    """Epoch that training is in, from 1; 0 before training."""
    epochs: int = 0
    """Number of epochs."""
    metrics: Mapping[str, Metric] = {}
    """Latest metrics; once trained, those on the test samples. null is not a finite number."""
    stop_requested: bool = False
    """Whether training was asked to stop."""
    stopped_early: bool = False
    """Whether training ended before its last epoch."""
    attempt: int = 0
    """Number of attempts that have started."""
    error: str | None = None
    """Error message of a failed job."""
    last_event: int = 0
    """Number of the latest event."""
    created_at: datetime
    """Time of creation."""
    updated_at: datetime
    """Time of the last change."""
    started_at: datetime | None = None
    """Start of the first attempt."""
    finished_at: datetime | None = None
    """Time at which the job became ready, failed or cancelled."""
    delete_at: datetime | None = None
    """Time at which the server will delete the finished job; null if it keeps it."""
    delete_files_at: datetime | None = None
    """Time at which the server will delete the files of the finished job, at the latest with the job; null if
    it keeps them."""
    files_deleted_at: datetime | None = None
    """Time at which the files of the job were deleted, all but `report.json`; null if they were not."""
    links: Mapping[str, str] = {}
    """Paths of the job itself (`self`), its `events`, its `frames` and its `artifacts`."""

    @property
    def is_finished(self) -> bool:
        """Whether the job is ready, failed or cancelled; it does not change any more then."""
        return self.status in TERMINAL


class JobDetails(JobMessage):
    """A job with its document and its files."""

    document: Any
    """The document as it was submitted."""
    artifacts: tuple[ArtifactMessage, ...]
    """Files of the job; empty until the job is ready. Once they are deleted, `report.json` alone."""
    ahead: int | None = None
    """Number of queued jobs of all owners that have their turn before this one; null if it is not queued."""
    lacks: str | None = None
    """What the queued job needs and no connected worker has, so that it waits for more than its turn:
    `worker` if none is connected, `gpu` if none has one, `long_seat` if all of them take only short jobs;
    null if nothing is missing. Other releases may have other words."""


class JobPage(ApiMessage):
    """A page of jobs, newest first."""

    jobs: tuple[JobMessage, ...]
    """Jobs of this page."""
    next: str | None
    """`cursor` of the next page; null on the last page."""


class EventItem(ApiMessage):
    """An event and its number."""

    id: int
    """Number of the event in its job, from 1 without gaps."""
    event: Event
    """The event."""


class EventPage(ApiMessage):
    """A page of events of a job, in order."""

    events: tuple[EventItem, ...]
    """Events of this page."""
    last: int
    """Number of the last event of this page: the `after` of the next request."""
    is_finished: bool
    """Whether the job will have no more events."""


class ChangeMessage(ApiMessage):
    """An event of one of your jobs, or that one was submitted or deleted."""

    position: int
    """Position in the order of all changes of your jobs. Some positions are left out."""
    job_id: str
    """The job."""
    change: Literal["event", "submitted", "deleted"]
    """What happened to it."""
    id: int | None = None
    """For an event, its number in its job."""
    event: Event | None = None
    """For an event, the event."""
    time: datetime | None = None
    """For a job that was submitted or deleted, when."""


class ChangePage(ApiMessage):
    """A page of changes, in order."""

    changes: tuple[ChangeMessage, ...]
    """Changes of this page."""
    position: int
    """Position of the last change of this page: the `after` of the next request."""
