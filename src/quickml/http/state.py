"""What all requests share, in one typed record."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from starlette.types import Scope

from quickml.errors import QuickMLError
from quickml.http.files.quotas import Downloads
from quickml.http.server.metrics import Metrics
from quickml.http.shares import Shares
from quickml.http.studio.pages import Studio
from quickml.http.turns import Turns
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
    streams: Shares
    """Event streams."""
    memory: Shares
    """Bytes of requests while they are received and answered, and of responses while they are sent."""
    checks: Turns
    """For everything that parses documents or other bodies, or loads datasets."""
    predictions: Turns
    imports: Turns
    """For reading files of users, which takes seconds."""
    films: Turns
    """For finished films, whose frames are encoded again."""
    studio: Studio


def state_of(app: FastAPI) -> AppState:
    """The state of an application that `create_app` has made."""
    state: AppState = app.state.shared
    return state


async def read_files(state: AppState, owner: str, document: bytes) -> None:
    """Have the files read that a document names, so that checking it afterwards keeps nobody else waiting."""
    if b'"file"' in document:
        await state.imports.run(owner, _read_files, state.service, document, owner)


def _read_files(service: Service, document: bytes, owner: str) -> None:
    with suppress(QuickMLError):  # whoever checks the document raises it
        service.plan(document, owner)


def owner_in(scope: Scope) -> str:
    """The owner that a request was found to be of; empty where nobody has asked."""
    owner: str = scope.get("state", {}).get("owner", "")
    return owner


async def _state(request: Request) -> AppState:
    return state_of(request.app)


async def _service(request: Request) -> Service:
    return state_of(request.app).service


TheState = Annotated[AppState, Depends(_state)]
TheService = Annotated[Service, Depends(_service)]
