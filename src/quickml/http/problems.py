"""Problem documents (RFC 9457): what every error is told as."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from quickml.api.problem import MEDIA_TYPE, PREFIX
from quickml.errors import (
    ArtifactDamagedError,
    ArtifactError,
    ArtifactNotFoundError,
    CrowdedError,
    DiskFullError,
    DocumentError,
    DownloadsError,
    IdempotencyError,
    InputError,
    JobNotFoundError,
    JobStateError,
    LinkError,
    Problem,
    ProblemsError,
    QueueFullError,
    QuickMLError,
    RequestError,
    StoreError,
    TransitionError,
    UnsupportedModelError,
)

log = logging.getLogger(__name__)

RETRY_AFTER_S = 10

KINDS: Mapping[type[QuickMLError], tuple[int, str, str]] = {
    DocumentError: (422, "document", "The document cannot be trained"),
    RequestError: (422, "request", "The request is invalid"),
    InputError: (422, "input", "An input does not fit the model"),
    UnsupportedModelError: (422, "unsupported-model", "The model cannot be run here"),
    IdempotencyError: (422, "idempotency-key", "The key was used with another document"),
    JobNotFoundError: (404, "not-found", "There is no such job or file"),
    ArtifactNotFoundError: (404, "not-found", "There is no such job or file"),
    LinkError: (403, "link", "The link is wrong, or has expired"),
    TransitionError: (409, "job-state", "The job's status does not allow it"),
    JobStateError: (409, "job-state", "The job's status does not allow it"),
    QueueFullError: (429, "queue-full", "Too many jobs wait"),
    DownloadsError: (429, "downloads", "Too many downloads are open"),
    CrowdedError: (503, "crowded", "Too many streams are open"),
    DiskFullError: (507, "disk-full", "The server's disk is full"),
    StoreError: (503, "storage", "The server's storage cannot be used"),
    ArtifactDamagedError: (500, "damaged", "The stored file is damaged"),
    ArtifactError: (503, "storage", "The server's storage cannot be used"),
}
"""Status, end of the type, and title of each error; the first class that fits an error's own."""


PHRASES = {413: "Content Too Large", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
"""Where Pythons differ."""


def response(
    status: int,
    kind: str,
    title: str,
    detail: str,
    *,
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem document."""
    body: dict[str, Any] = {"type": PREFIX + kind, "title": title, "status": status, "detail": detail}
    if problems:
        body["problems"] = [vars(problem) for problem in problems]
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def told(error: QuickMLError) -> JSONResponse:
    """An error of ours as a problem document."""
    for kind in type(error).__mro__:
        if kind in KINDS:
            status, name, title = KINDS[kind]
            break
    else:
        log.error("%s: %s", type(error).__name__, error)
        return internal()
    if isinstance(error, QueueFullError) and error.limit == "queue_length":
        status = 503  # the server's limit, not the owner's
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status in (429, 503, 507) else None
    if isinstance(error, StoreError | ArtifactError) and status == 503:
        log.error("%s", error)
        return response(status, name, title, "try again later", headers=headers)  # no paths for strangers
    if isinstance(error, ArtifactDamagedError):
        log.error("%s", error)
    problems = error.problems if isinstance(error, ProblemsError) else ()
    return response(status, name, title, str(error), problems=problems, headers=headers)


def internal() -> JSONResponse:
    """What is our fault is told without any of its details, which the log has."""
    return response(500, "internal", "The server made a mistake", "the server's log says more")


def install(app: FastAPI) -> None:
    """Have every error of `app` answered with a problem document."""

    @app.exception_handler(QuickMLError)
    async def ours(_: Request, error: QuickMLError) -> JSONResponse:
        return told(error)

    @app.exception_handler(HTTPException)
    async def plain(_: Request, error: HTTPException) -> JSONResponse:
        phrase = PHRASES.get(error.status_code) or HTTPStatus(error.status_code).phrase
        kind = phrase.lower().replace(" ", "-")
        return response(error.status_code, kind, phrase, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def misfit(_: Request, error: RequestValidationError) -> JSONResponse:
        return told(RequestError([_problem(item) for item in error.errors()]))

    @app.exception_handler(Exception)
    async def mistake(_: Request, __: Exception) -> JSONResponse:
        return internal()


def _problem(item: Mapping[str, Any]) -> Problem:
    """With a JSON pointer into the body, or `?limit` for a parameter of the query."""
    place, *steps = item["loc"]
    names = "/".join(map(str, steps))
    pointer = {"body": f"/{names}" if names else "", "query": f"?{names}"}.get(place, f"{place} {names}")
    return Problem(pointer=pointer, expected=_expected(str(item["msg"])), found=f"{item.get('input')!r:.80}")


def _expected(message: str) -> str:
    """pydantic's message as what was expected, where it has the usual form."""
    return re.sub(r"^Input should be ", "", message)
