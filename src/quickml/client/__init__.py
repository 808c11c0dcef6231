"""The service from afar: `Client`, and `AsyncClient` for programs with an event loop.

What both do alike knows nothing of sockets: requests and how answers are read (`calls.py`), when to try again
(`patience.py`, `attempts.py`), streams of events (`sse.py`, `following.py`), files (`landing.py`).
"""

from quickml.client.asynchronous import AsyncClient
from quickml.client.records import Activation, Artifact, Job, Layer, Prediction, Status, Validation
from quickml.client.synchronous import Client

__all__ = [
    "Activation",
    "Artifact",
    "AsyncClient",
    "Client",
    "Job",
    "Layer",
    "Prediction",
    "Status",
    "Validation",
]
