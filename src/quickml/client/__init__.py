"""The service from afar: `Client`, and `AsyncClient` for programs with an event loop.

What both do alike knows nothing of sockets: requests and how answers are read (`calls.py`), when to try again
(`patience.py`, `attempts.py`), streams of events (`sse.py`, `following.py`), files (`landing.py`, `part.py`,
`repair.py`) and packages of them (`parcel.py`).
"""

from quickml.client.async_client import AsyncClient
from quickml.client.client import Client
from quickml.client.download.progress import Progress
from quickml.client.records import (
    Activation,
    Artifact,
    Job,
    Layer,
    Package,
    PackageFile,
    Prediction,
    Validation,
)
from quickml.events import Status

__all__ = [
    "Activation",
    "Artifact",
    "AsyncClient",
    "Client",
    "Job",
    "Layer",
    "Package",
    "PackageFile",
    "Prediction",
    "Progress",
    "Status",
    "Validation",
]
