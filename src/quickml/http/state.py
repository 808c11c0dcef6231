"""What all requests share, in one typed record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from quickml.http.files.quotas import Downloads
from quickml.http.server.metrics import Metrics
from quickml.service import EventHub, Service
from quickml.settings import ServerSettings


@dataclass(frozen=True, kw_only=True)
class AppState:
    """The parts of one application."""

    service: Service
    settings: ServerSettings
    watchers: EventHub
    downloads: Downloads
    metrics: Metrics


def state_of(app: FastAPI) -> AppState:
    """The state of an application that `create_app` has made."""
    state: AppState = app.state.shared
    return state


async def _state(request: Request) -> AppState:
    return state_of(request.app)


async def _service(request: Request) -> Service:
    return state_of(request.app).service


TheState = Annotated[AppState, Depends(_state)]
TheService = Annotated[Service, Depends(_service)]
