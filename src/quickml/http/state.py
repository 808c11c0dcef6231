"""What all requests share, in one typed record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, TypeVar, TypeVarTuple

from fastapi import Depends, FastAPI, Request
from starlette.types import Scope

from quickml.errors import FileImportingError, QuickMLError
from quickml.http.files.quotas import Downloads
from quickml.http.server.metrics import Metrics
from quickml.http.shares import Shares
from quickml.http.studio.pages import Studio
from quickml.http.turns import Turns
from quickml.service import EventHub, Service
from quickml.settings import ServerSettings

Given = TypeVarTuple("Given")
Result = TypeVar("Result")

_OF_FILES = (b'"file"', b"\\u", b"\0")
"""One of them is in a document that names a file, whose key may have escapes or be in UTF-16."""
IMPORT_WAIT_S = 10.0
"""How long a request waits for a file to be read. Who waits longer follows the events of the file."""


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


async def imported(
    state: AppState, owner: str, function: Callable[[*Given], Result], *arguments: *Given
) -> Result:
    """Call a function that needs a file of the owner to have been read; what takes long is waited for.

    Raises:
        FileImportingError: it takes longer than a request may wait.
    """
    ends_at, pause_s = time.monotonic() + IMPORT_WAIT_S, 0.05
    while True:
        try:
            return await state.imports.run(owner, function, *arguments)
        except FileImportingError:
            if time.monotonic() > ends_at:
                raise
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.5)


async def read_files(state: AppState, owner: str, document: bytes) -> None:
    """Have the files read that a document names, so that checking it afterwards keeps nobody else waiting."""
    if any(sign in document for sign in _OF_FILES):
        with suppress(QuickMLError):  # whoever checks the document raises it
            await imported(state, owner, state.service.plan, document, owner)


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
