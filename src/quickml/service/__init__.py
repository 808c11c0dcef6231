"""The use cases of the service, free of HTTP: submit, watch, stop, deliver, predict."""

from quickml.executors.executor import Executor, State, Worker
from quickml.files.digest import PART_BYTES
from quickml.imports.partial import MOST_BYTES
from quickml.jobs import counters
from quickml.jobs.hosts import Host, HostState
from quickml.jobs.job import ANSWERS, MEMBER, VARIANT, Artifact, Change, Job, Limits, StoredEvent
from quickml.jobs.jobs import JobStore
from quickml.jobs.owners import FOREVER, OTHERS, Keeping, OwnerStore
from quickml.jobs.seats import Lack
from quickml.jobs.tokens import TokenStore
from quickml.service.appending import Append
from quickml.service.descriptions import FileDescription
from quickml.service.event_hub import AnyEvent, EncodedEvent, EventHub, Subscription
from quickml.service.explanations import Explanation, OcclusionOptions
from quickml.service.films import FramePage
from quickml.service.health import Health
from quickml.service.import_run import ImportEvent, ImportRun
from quickml.service.imports import Importer
from quickml.service.links import Link, LinkSigner
from quickml.service.policy import DocumentLimits
from quickml.service.predictions import Prediction, PredictionOptions, Steps
from quickml.service.retention import Lifetimes, Retention
from quickml.service.service import OPEN_OWNER, Service
from quickml.service.uploads import Uploads, UploadState
from quickml.storage.artifacts.store import ArtifactReader, ArtifactStore, FilePart, Stored
from quickml.uploads.record import FileLimits, NewUpload, Upload, UserFile, checked_name, checked_sha256

__all__ = [
    "ANSWERS",
    "FOREVER",
    "MEMBER",
    "MOST_BYTES",
    "OPEN_OWNER",
    "OTHERS",
    "PART_BYTES",
    "VARIANT",
    "AnyEvent",
    "Append",
    "Artifact",
    "ArtifactReader",
    "ArtifactStore",
    "Change",
    "DocumentLimits",
    "EncodedEvent",
    "EventHub",
    "Executor",
    "Explanation",
    "FileDescription",
    "FileLimits",
    "FilePart",
    "FramePage",
    "Health",
    "Host",
    "HostState",
    "ImportEvent",
    "ImportRun",
    "Importer",
    "Job",
    "JobStore",
    "Keeping",
    "Lack",
    "Lifetimes",
    "Limits",
    "Link",
    "LinkSigner",
    "NewUpload",
    "OcclusionOptions",
    "OwnerStore",
    "Prediction",
    "PredictionOptions",
    "Retention",
    "Service",
    "State",
    "Steps",
    "Stored",
    "StoredEvent",
    "Subscription",
    "TokenStore",
    "Upload",
    "UploadState",
    "Uploads",
    "UserFile",
    "Worker",
    "checked_name",
    "checked_sha256",
    "counters",
]
