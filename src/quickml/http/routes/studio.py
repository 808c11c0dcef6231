"""The page of the server, or its name for programs; and the files that the page loads."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from quickml._version import __version__
from quickml.api import routes
from quickml.api.operations import Index
from quickml.http.auth import known_owner
from quickml.http.openapi import HTML
from quickml.http.state import TheState

router = APIRouter()

LINKS = {
    "openapi": routes.OPENAPI,
    "jobs": routes.JOBS,
    "datasets": routes.DATASETS,
    "layers": routes.LAYERS,
    "examples": routes.EXAMPLES,
    "readiness": routes.READINESS,
}


@router.get(
    routes.INDEX,
    response_model=Index,
    responses={200: {"content": HTML, "description": "Version and paths; for browsers the studio, a page"}},
)
@router.api_route(routes.INDEX, methods=["GET", "HEAD"], include_in_schema=False)
async def index(state: TheState, request: Request) -> Response:
    """Get the version of the server, paths of some routes, and who the caller is; browsers get the studio."""
    page = state.studio.page(request.headers)
    if page is not None:
        return page
    found = Index(
        version=__version__,
        tokens_required=state.settings.tokens_required,
        owner=await known_owner(request),
        links=LINKS,
    )
    fields = {"Cache-Control": "no-store", "Vary": "Accept, Authorization"}
    return Response(found.model_dump_json(), headers=fields, media_type="application/json")


@router.api_route(routes.ASSET, methods=["GET", "HEAD"], include_in_schema=False)
async def asset(state: TheState, request: Request, filename: Annotated[str, Path()]) -> Response:
    """Get a file of the studio."""
    return state.studio.asset(filename, request.headers)
