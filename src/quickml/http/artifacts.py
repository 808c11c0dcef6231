"""Finished files: what a job has, and the bytes."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse

from quickml.http.auth import Owner, TheService
from quickml.http.messages import Manifest, artifact_message

router = APIRouter()

SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""A page that somebody's job made is shown, but can run nothing and reach nobody."""
INLINE = frozenset({"text/html", "application/json"})
"""What a browser shows; everything else it saves."""
FOREVER = "private, max-age=31536000, immutable"
"""What an address with a hash in it leads to never changes."""


@router.get("/v1/jobs/{job_id}/artifacts", response_model=Manifest)
def list_artifacts(service: TheService, owner: Owner, job_id: str, request: Request) -> Manifest:
    """The files of a job; none before it is ready."""
    return Manifest(artifacts=[artifact_message(request, file) for file in service.artifacts(job_id, owner)])


@router.head("/v1/artifacts/{sha256}/{filename}", include_in_schema=False)
@router.get(
    "/v1/artifacts/{sha256}/{filename}",
    response_class=FileResponse,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "The file"}},
)
async def get_artifact(service: TheService, owner: Owner, sha256: str, filename: str) -> FileResponse:
    """A file by its content and name."""
    artifact, path = await run_in_threadpool(service.file, sha256, filename, owner)
    shown = artifact.media_type.partition(";")[0] in INLINE
    return FileResponse(
        path,
        media_type=artifact.media_type,
        filename=artifact.name,
        content_disposition_type="inline" if shown else "attachment",
        headers={
            "ETag": f'"{artifact.sha256}"',
            "Cache-Control": FOREVER,
            "Content-Security-Policy": SANDBOX,
        },
    )
