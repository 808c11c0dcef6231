"""`Client` for a QuickML server, and `AsyncClient` for programs with an event loop.

Both only run flows (`flow.py`, `driver.py`), which make all decisions: single calls (`call.py`), retries
(`retry.py`), events (`event_stream.py`) and downloads (`download/`).
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
