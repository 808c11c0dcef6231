"""`Client` for a QuickML server, and `AsyncClient` for programs with an event loop.

Both only run flows (`flow.py`, `driver.py`), which make all decisions: single calls (`call.py`), retries
(`retry.py`), events (`event_stream.py`) and downloads (`download/`).
"""

from quickml.api.artifacts import ArtifactMessage as Artifact
from quickml.api.artifacts import MemberMessage as PackageFile
from quickml.api.artifacts import PackageMessage as Package
from quickml.api.files import UserFileMessage as UserFile
from quickml.api.jobs import ChangeMessage as Change
from quickml.api.jobs import JobMessage as Job
from quickml.api.predictions import ActivationMessage as Activation
from quickml.api.predictions import PredictionMessage as Prediction
from quickml.api.validation import ValidationMessage as Validation
from quickml.api.validation import ValidLayer as Layer
from quickml.client.arrays import ExplanationArrays, LayerArray, PredictionArrays
from quickml.client.async_client import AsyncClient
from quickml.client.client import Client
from quickml.client.download.progress import DownloadProgress as Progress
from quickml.client.upload.progress import UploadProgress
from quickml.events import Status

__all__ = [
    "Activation",
    "Artifact",
    "AsyncClient",
    "Change",
    "Client",
    "ExplanationArrays",
    "Job",
    "Layer",
    "LayerArray",
    "Package",
    "PackageFile",
    "Prediction",
    "PredictionArrays",
    "Progress",
    "Status",
    "UploadProgress",
    "UserFile",
    "Validation",
]
