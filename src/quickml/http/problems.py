"""Problem documents (RFC 9457): the answer for every error."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from quickml.api.problem import MEDIA_TYPE, PREFIX
from quickml.document.text import parse
from quickml.document.validation_errors import shown_value, worded
from quickml.errors import (
    ArtifactDamagedError,
    ArtifactError,
    ArtifactNotFoundError,
    BusyUploadError,
    CrowdedError,
    DatasetUnavailableError,
    DigestError,
    DiskFullError,
    DocumentError,
    DownloadsError,
    FileImportingError,
    FileInUseError,
    FilesDeletedError,
    FileTooLargeError,
    IdempotencyError,
    InputError,
    InterruptedUploadError,
    JobFileError,
    JobNotFoundError,
    JobStateError,
    LinkError,
    OffsetError,
    Problem,
    ProblemsError,
    QueueFullError,
    QuickMLError,
    QuotaError,
    RequestError,
    ShareError,
    StoredPlanError,
    StoreError,
    TooManyFilesError,
    TooManyUploadsError,
    TransitionError,
    UnsupportedModelError,
    UploadCompleteError,
    UploadLengthError,
    UploadNotFoundError,
)

log = logging.getLogger(__name__)

RETRY_AFTER_S = 10
IMPORTING_AFTER_S = 1

REGISTERED = "https://iana.org/assignments/http-problem-types#"
"""Prefix of types that are registered for everybody (RFC 9457, section 4.2)."""

KINDS: Mapping[type[QuickMLError], tuple[int, str, str]] = {
    DocumentError: (422, "document", "Invalid document"),
    FileImportingError: (409, "file-importing", "The server is reading a file"),
    RequestError: (422, "request", "Invalid request"),
    InputError: (422, "input", "Invalid input"),
    DatasetUnavailableError: (409, "dataset", "Dataset cannot be shown"),
    StoredPlanError: (422, "unsupported-model", "Model not supported"),
    UnsupportedModelError: (422, "unsupported-model", "Model not supported"),
    IdempotencyError: (422, "idempotency-key", "Idempotency key was used with another document"),
    JobNotFoundError: (404, "not-found", "Not found"),
    JobFileError: (404, "not-found", "Not found"),
    ArtifactNotFoundError: (404, "not-found", "Not found"),
    FilesDeletedError: (410, "files-deleted", "Files deleted"),
    LinkError: (403, "link", "Invalid or expired link"),
    TransitionError: (409, "job-state", "Not allowed in the current status of the job"),
    JobStateError: (409, "job-state", "Not allowed in the current status of the job"),
    QueueFullError: (429, "queue-full", "Too many queued jobs"),
    DownloadsError: (429, "downloads", "Too many open downloads"),
    ShareError: (429, "owner-limit", "Limit of the owner reached"),
    CrowdedError: (503, "crowded", "Too many open event streams"),
    DiskFullError: (507, "disk-full", "Disk full"),
    StoreError: (503, "storage", "Storage error"),
    ArtifactDamagedError: (500, "damaged", "Damaged file"),
    ArtifactError: (503, "storage", "Storage error"),
    UploadNotFoundError: (404, "not-found", "Not found"),
    OffsetError: (409, f"{REGISTERED}mismatching-upload-offset", "Mismatching upload offset"),
    BusyUploadError: (409, "upload-busy", "Another request appends to the upload"),
    InterruptedUploadError: (409, "upload-interrupted", "Another request has ended this one"),
    UploadLengthError: (400, f"{REGISTERED}inconsistent-upload-length", "Inconsistent upload length"),
    UploadCompleteError: (400, f"{REGISTERED}completed-upload", "Upload is completed"),
    FileTooLargeError: (413, "file-too-large", "File too large"),
    QuotaError: (413, "quota", "Quota of the owner exceeded"),
    TooManyFilesError: (413, "quota", "Quota of the owner exceeded"),
    TooManyUploadsError: (429, "uploads", "Too many unfinished uploads"),
    DigestError: (422, "digest", "Wrong SHA-256"),
    FileInUseError: (409, "file-in-use", "File is in use"),
}
"""Status code, last part of the type, and title of each class of errors and its subclasses."""


PHRASES = {413: "Content Too Large", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
"""Phrases that differ between versions of Python."""


def response(
    status: int,
    kind: str,
    title: str,
    detail: str,
    *,
    problems: Sequence[Problem] = (),
    more: bool = False,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """A problem document."""
    type_ = kind if kind.startswith(REGISTERED) else PREFIX + kind
    body: dict[str, Any] = {"type": type_, "title": title, "status": status, "detail": detail}
    body |= members or {}
    if problems:
        body["problems"] = [vars(problem) for problem in problems]
    if more:
        body["more"] = True
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def answer(error: QuickMLError) -> JSONResponse:
    """The problem document of an error."""
    for kind in type(error).__mro__:
        if kind in KINDS:
            status, name, title = KINDS[kind]
            break
    else:
        log.error("%s: %s", type(error).__name__, error)
        return internal()
    if isinstance(error, QueueFullError) and error.limit == "queue_length":
        status = 503  # a limit of the server, not of the owner
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status in (429, 503, 507) else {}
    if isinstance(error, ShareError):
        headers["Connection"] = "close"  # the rest of a body is not read
    headers |= upload_headers(error)
    if isinstance(error, StoreError | ArtifactError) and status == 503:
        log.error("%s", error)
        return response(
            status, name, title, "try again later", headers=headers
        )  # the message may have paths of this machine
    if isinstance(error, ArtifactDamagedError):
        log.error("%s", error)
    if isinstance(error, ProblemsError):
        return response(status, name, title, str(error), problems=error.problems, more=error.more)
    members = {}
    if isinstance(error, OffsetError):
        members = {"expected-offset": error.expected, "provided-offset": error.found}
    return response(status, name, title, str(error), headers=headers, members=members)


def importing(error: QuickMLError) -> JSONResponse:
    """The answer to a request that asks for what is not there yet, which is no error: browsers would write
    one to their console."""
    _, name, title = KINDS[FileImportingError]
    problems = error.problems if isinstance(error, ProblemsError) else ()
    headers = {"Retry-After": str(IMPORTING_AFTER_S), "Cache-Control": "no-store"}
    return response(202, name, title, str(error), problems=problems, headers=headers)


def upload_headers(error: QuickMLError) -> dict[str, str]:
    """What the headers of an error about an upload say, for clients that do not read problem documents."""
    match error:
        case OffsetError():
            return {"Upload-Offset": str(error.expected), "Upload-Complete": "?0"}
        case DigestError():  # all has arrived, but it cannot be used
            return {"Upload-Complete": "?1"}
        case FileTooLargeError():
            return {"Upload-Limit": f"max-size={error.allowed_bytes}"}
        case QuotaError():
            return {"Upload-Limit": f"max-size={error.free_bytes}"}
    return {}


def of_http(error: HTTPException) -> JSONResponse:
    """The problem document of an error that has no class of its own."""
    phrase = PHRASES.get(error.status_code) or HTTPStatus(error.status_code).phrase
    kind = phrase.lower().replace(" ", "-")
    return response(error.status_code, kind, phrase, str(error.detail), headers=error.headers)


def internal() -> JSONResponse:
    """The answer for a bug. Details are in the log only. uvicorn closes the connection after it."""
    headers = {"Connection": "close"}
    return response(500, "internal", "Internal error", "see the log of the server", headers=headers)


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""

    @app.exception_handler(QuickMLError)
    async def ours(request: Request, error: QuickMLError) -> JSONResponse:
        is_early = isinstance(error, FileImportingError) and request.method == "GET"
        return importing(error) if is_early else answer(error)

    @app.exception_handler(HTTPException)
    async def plain(_: Request, error: HTTPException) -> JSONResponse:
        return of_http(error)

    @app.exception_handler(RequestValidationError)
    async def misfit(_: Request, error: RequestValidationError) -> JSONResponse:
        return answer(RequestError([of_item(item) for item in error.errors()]))

    @app.exception_handler(Exception)
    async def mistake(_: Request, __: Exception) -> JSONResponse:
        return internal()


def of_item(item: Mapping[str, Any]) -> Problem:
    """An error of pydantic, with a JSON pointer into the body, or `?limit` for a parameter of the query."""
    place, *steps = item["loc"]
    names = "/".join(map(str, steps))
    pointer = {"body": f"/{names}" if names else "", "query": f"?{names}"}.get(place, f"{place} {names}")
    match item["type"]:
        case "missing":
            expected, found = "a value", "none"
        case "extra_forbidden":
            expected, found = "a known key", shown_value(steps[-1])
        case "json_invalid":
            expected, found = "JSON", str(item["ctx"]["error"])
        case kind:
            expected = worded(kind, item.get("ctx", {}), item["msg"])
            found = shown_value(item["input"])
    return Problem(pointer=pointer, expected=expected, found=found)


def of_body(error: ValidationError, body: bytes) -> RequestError:
    """What is wrong with a JSON body."""
    try:
        value, _ = parse(body)
    except DocumentError as mistake:
        return RequestError(mistake.problems)
    items = error.errors(include_url=False)
    return RequestError(
        [of_item({**item, "loc": ("body", *_steps(item["loc"], value, item["type"]))}) for item in items]
    )


def _steps(loc: Sequence[str | int], value: Any, kind: str) -> Iterator[str | int]:
    """The steps to a place in a value, without pydantic's names for the alternatives of a union."""
    for step in loc:
        inside = dict(enumerate(value)) if isinstance(value, list) else value
        if isinstance(inside, dict) and step in inside:
            value = inside[step]
            yield step
        elif kind == "missing":
            yield step
