"""The use cases of the service, free of HTTP: submit, watch, stop, deliver, predict."""

from quickml.artifacts.parts import Parts
from quickml.artifacts.store import ArtifactStore
from quickml.executors.executor import Executor, State, Worker
from quickml.jobs.job import MEMBER, TERMINAL, Artifact, Job, Limits, Status, StoredEvent
from quickml.jobs.store import JobStore
from quickml.jobs.tokens import TokenStore
from quickml.service.limits import DocumentLimits
from quickml.service.links import Link, LinkSigner
from quickml.service.models import Prediction
from quickml.service.service import OPEN_OWNER, Health, Service
from quickml.service.watching import Told, Watcher, Watchers

__all__ = [
    "MEMBER",
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
    "Link",
    "LinkSigner",
    "Parts",
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
