"""A file part by part: which of it a client has received otherwise than it is."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from quickml.http.auth import TheService
from quickml.http.links import Fetcher
from quickml.http.messages import PartsMessage

router = APIRouter()

AT_ONCE = 2
"""Files that are read at a time; others wait without a thread, which other requests need."""


@router.get("/v1/artifacts/{sha256}", response_model=PartsMessage)
async def get_parts(service: TheService, owner: Fetcher, sha256: str, request: Request) -> JSONResponse:
    """The sha256 of each part of a file, computed from what is on the disk."""
    async with request.app.state.parts_turns:
        found = await run_in_threadpool(service.parts, sha256, owner)
    return JSONResponse(vars(found))
