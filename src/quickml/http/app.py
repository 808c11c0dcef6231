"""The application: routes, middleware and background tasks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware

from quickml._version import __version__
from quickml.http import openapi, problems
from quickml.http.auth import check_origin
from quickml.http.files.quotas import Downloads
from quickml.http.routes import (
    artifacts,
    catalog,
    events,
    explanations,
    files,
    frames,
    import_events,
    jobs,
    links,
    operations,
    predictions,
    samples,
    sculptml,
    studio,
    uploads,
    user_data,
    validation,
)
from quickml.http.server.access_log import AccessLog
from quickml.http.server.bodies import BodyLimits
from quickml.http.server.metrics import Metrics
from quickml.http.server.sending import Sending
from quickml.http.shares import Shares
from quickml.http.state import AppState, state_of
from quickml.http.studio.built import built
from quickml.http.studio.pages import Studio
from quickml.http.turns import Turns
from quickml.service import EventHub, Service
from quickml.settings import ServerSettings

Result = TypeVar("Result")

log = logging.getLogger(__name__)

SWEEP_EVERY_S = 600.0
WAITING = 16
"""Owners whose requests wait at once for processes that read files. Two who wait must not stop all others."""
TOKENS_EVERY_S = 5.0
"""How often the tokens of open event streams are checked."""
ROUTERS = (
    *(validation, jobs, events, frames, artifacts, links, predictions, explanations),
    *(files, uploads, user_data, import_events, catalog, samples, studio, operations, sculptml),
)
"""The ones that are asked most come first: they are tried in this order."""

ALLOWED = [
    *("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "If-Range"),
    *("Last-Event-ID", "Range"),
    *("Content-Disposition", "Repr-Digest", "Upload-Complete", "Upload-Length", "Upload-Offset"),
    *("Tus-Resumable", "Upload-Defer-Length", "Upload-Metadata", "X-HTTP-Method-Override"),
]
"""Request headers that web pages of other origins may send."""
EXPOSED = [
    *("Accept-Ranges", "Content-Disposition", "Content-Range", "ETag", "Location", "Repr-Digest"),
    *("Retry-After", "Server-Timing", "Content-Location"),
    *("Upload-Complete", "Upload-Length", "Upload-Limit", "Upload-Offset"),
    *("Tus-Extension", "Tus-Max-Size", "Tus-Resumable", "Tus-Version", "Upload-Expires", "Upload-Metadata"),
]
"""Response headers that they may read."""


def create_app(service: Service, settings: ServerSettings, studio: Studio | None = None) -> FastAPI:
    """The ASGI application of a service. It starts and closes the service.

    Args:
        service: the use cases.
        settings: those of the server.
        studio: the page; by default the one of this package.
    """
    app = FastAPI(
        title="QuickML",
        version=__version__,
        openapi_url=None,  # FastAPI would make the document in the event loop, which takes a second
        docs_url=None,  # these pages load scripts from other hosts
        redoc_url=None,
        lifespan=_lifespan,
        dependencies=[Depends(check_origin)],
        generate_unique_id_function=lambda route: route.name,
        redirect_slashes=False,
    )
    app.state.shared = _shared(service, settings, studio or Studio(built()))
    for module in ROUTERS:
        app.include_router(module.router)
    problems.install(app)
    openapi.install(app)
    _surround(app, settings)
    return app


def _shared(service: Service, settings: ServerSettings, studio: Studio) -> AppState:
    downloads = Downloads(per_owner=settings.downloads_per_owner, max_rate_bytes=settings.max_rate_bytes)
    watchers = service.watchers(events.encode, most=settings.watchers, capacity=settings.watcher_queue)
    # On an open server, everybody is one owner.
    streams = settings.watchers_per_owner if settings.tokens_required else None
    return AppState(
        service=service,
        settings=settings,
        watchers=watchers,
        downloads=downloads,
        metrics=Metrics(service, lambda: watchers.count, downloads),
        streams=Shares("event streams", streams),
        memory=Shares("bytes of requests and responses", settings.memory_per_owner_bytes),
        checks=Turns("check"),
        predictions=Turns("predict"),
        imports=Turns("import", WAITING),
        films=Turns("film"),
        studio=studio,
    )


def _surround(app: FastAPI, settings: ServerSettings) -> None:
    """Middleware, the innermost first."""
    memory = state_of(app).memory
    app.add_middleware(Sending, memory=memory)
    app.add_middleware(
        BodyLimits, max_bytes=settings.max_body_bytes, timeout_s=settings.body_timeout_s, memory=memory
    )
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(settings.origins),
            allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
            allow_headers=ALLOWED,
            expose_headers=EXPOSED,
        )
    app.add_middleware(AccessLog, metrics=state_of(app).metrics)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service, watchers = state_of(app).service, state_of(app).watchers
    await run_in_threadpool(service.start)
    loops = watchers.run(), _sweep(service), _retain(service), _check_tokens(service, watchers)
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield
    finally:
        watchers.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await run_in_threadpool(service.close)


async def _sweep(service: Service) -> None:
    while True:
        await _tried(service.sweep)
        await asyncio.sleep(SWEEP_EVERY_S)
        await _tried(service.scrub)


async def _retain(service: Service) -> None:
    while True:
        await _tried(service.retain)
        await asyncio.sleep(await _tried(service.retention.every_s) or SWEEP_EVERY_S)


async def _tried(work: Callable[[], Result]) -> Result | None:
    try:
        return await run_in_threadpool(work)
    except Exception:  # a bug must not end the sweeps of a server that runs for months
        log.exception("unexpected error while old jobs and files were deleted")
        return None


async def _check_tokens(service: Service, watchers: EventHub) -> None:
    while True:
        await asyncio.sleep(TOKENS_EVERY_S)
        try:
            await watchers.check_tokens(lambda secret: service.owner_of(secret) is not None)
        except Exception:  # such as a database that cannot be read for a while
            log.exception("the tokens of event streams were not checked")
