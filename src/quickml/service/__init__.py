"""The use cases of the service, free of HTTP: submit, watch, stop, deliver, predict."""

from quickml.artifacts.store import ArtifactStore
from quickml.executors.executor import Executor, State, Worker
from quickml.jobs.job import TERMINAL, Artifact, Job, Limits, Status, StoredEvent
from quickml.jobs.store import JobStore
from quickml.jobs.tokens import TokenStore
from quickml.service.limits import DocumentLimits
from quickml.service.models import Prediction
from quickml.service.service import OPEN_OWNER, Health, Service
from quickml.service.watching import Told, Watcher, Watchers

__all__ = [
    "OPEN_OWNER",
    "TERMINAL",
    "Artifact",
    "ArtifactStore",
    "DocumentLimits",
    "Executor",
    "Health",
    "Job",
    "JobStore",
    "Limits",
    "Prediction",
    "Service",
    "State",
    "Status",
    "StoredEvent",
    "TokenStore",
    "Told",
    "Watcher",
    "Watchers",
    "Worker",
]
