"""What is in files that users have uploaded: profiles, rows, samples."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import TypeAdapter
from pydantic_core import to_json

from quickml.api import routes
from quickml.api.catalog import SampleList
from quickml.api.profiles import FileProfile, TableProfile, TableRows
from quickml.http.auth import Owner
from quickml.http.openapi import PROBLEM
from quickml.http.parameters import Sha256Path
from quickml.http.routes.samples import (
    NOT_MODIFIED,
    PNG,
    REVALIDATED,
    Labels,
    Limit,
    Offset,
    PerClass,
    SheetIds,
    Split,
    answered,
    numbers,
    options_of,
)
from quickml.http.routes.uploads import UploadId
from quickml.http.state import TheState, imported
from quickml.service import MOST_BYTES, Service
from quickml.service.samples import Shown, Wanted, refused, samples_of
from quickml.service.sheet import MAX_PICTURES, sheet_of

router = APIRouter()

PARAMETERS = frozenset({"target", "token"})
"""Of the route and of every request; what else a query has are options of the dataset."""
SAMPLES_PARAMETERS = frozenset({"split", "label", "per_class", "limit", "offset", "token"})
SHEET_PARAMETERS = frozenset({"ids", "split", "token"})
OPTIONS: dict[str, Any] = {
    "parameters": [
        {
            "name": "options",
            "in": "query",
            "style": "form",
            "explode": True,
            "schema": {"type": "object", "additionalProperties": True},
            "description": (
                "Options of the dataset, each a parameter of its own: `decimal=,`, or in JSON"
                ' `columns={"id": "ignore"}`.'
            ),
        }
    ]
}
IMPORTING: dict[int | str, dict[str, Any]] = {
    202: {
        **PROBLEM,
        "description": "The server is still reading the file: ask again after `Retry-After` seconds",
    }
}
Target = Annotated[
    str | None,
    Query(
        max_length=20_000,
        description="Column of a table to predict, or several as a list in JSON; the likeliest if left out.",
    ),
]
FirstRow = Annotated[int, Query(ge=0, le=20_000_000, alias="offset", description="Number of rows to skip.")]
Count = Annotated[int, Query(ge=1, le=500, alias="limit", description="Number of rows.")]
PROFILE: TypeAdapter[Any] = TypeAdapter(FileProfile)


@router.get(
    routes.USER_FILE_PROFILE,
    response_model=FileProfile,
    response_description="The profile, by the file's kind",
    responses=IMPORTING,
    openapi_extra=OPTIONS,
)
async def get_profile(
    state: TheState, owner: Owner, request: Request, sha256: Sha256Path, target: Target = None
) -> Any:
    """Get what is in a file, and a document to start from. Options of the dataset are those of the document.

    Of a table: columns, types, missing values, histograms. Of an archive of pictures: classes, sizes,
    formats; its pictures are read for this, which may take minutes. Until then, the answer is 202
    with the type `file-importing`: the events of the file tell when it is done.

    With `kind=recordings`, a .csv file is one of recordings, not a table.
    """
    asked = _options(request, target)
    found = await imported(state, owner, _profile, state.service, owner, sha256, asked)
    return PROFILE.validate_python(found)


def _options(request: Request, target: str | None) -> dict[str, str]:
    found = options_of(request, PARAMETERS)
    return found if target is None else {**found, "target": target}


def _profile(service: Service, owner: str, sha256: str, asked: dict[str, str]) -> dict[str, Any]:
    return service.importer.profile(owner, service.uploads.file(sha256, owner), asked)


@router.get(routes.USER_FILE_ROWS, response_description="Rows")
async def get_rows(
    state: TheState, owner: Owner, sha256: Sha256Path, first: FirstRow = 0, count: Count = 50
) -> TableRows:
    """Get rows of a table as texts, with their lines in the file.

    A page has fewer rows than asked for if they are very long. Of a text with a damaged line, such as one
    with too many cells, the rows before it can be had; a page that would begin after them is refused with
    what is wrong.
    """
    found = await state.imports.run(owner, _rows, state.service, owner, sha256, first, count)
    return TableRows.model_validate(found)


def _rows(service: Service, owner: str, sha256: str, first: int, count: int) -> dict[str, Any]:
    file = service.uploads.file(sha256, owner)
    return service.importer.rows(owner, file, offset=first, limit=count)


@router.get(
    routes.USER_FILE_SAMPLES,
    response_model=SampleList,
    response_description="Samples",
    responses={**IMPORTING, **NOT_MODIFIED},
)
async def list_file_samples(
    state: TheState,
    owner: Owner,
    request: Request,
    sha256: Sha256Path,
    *,
    split: Split = "train",
    labels: Labels = None,
    per_class: PerClass = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """List pictures of an archive by class, page by page, as the document of its profile learns from them.

    The pictures themselves are in `sheet.png`.
    """
    _refuse_others(request, SAMPLES_PARAMETERS)
    wanted = Wanted(split=split, labels=tuple(labels or ()), per_class=per_class, limit=limit, offset=offset)
    found = await imported(state, owner, _pictures, state.service, owner, sha256)
    content = await state.checks.run(owner, samples_of, *found, wanted)
    return answered(request, to_json(content), "application/json", REVALIDATED)


def _refuse_others(request: Request, parameters: frozenset[str]) -> None:
    """Refuse parameters that would be ignored, such as options of the dataset."""
    for name in options_of(request, parameters):
        known = ", ".join(sorted(parameters - {"token"}))
        raise refused(name[:40], f"one of the parameters {known}", "another one")


def _pictures(service: Service, owner: str, sha256: str) -> Shown:
    return service.importer.samples(owner, service.uploads.file(sha256, owner))


@router.get(
    routes.USER_FILE_SHEET,
    response_class=Response,
    responses={200: {"content": PNG, "description": "A PNG file"}, **IMPORTING, **NOT_MODIFIED},
)
async def get_file_sheet(
    state: TheState,
    owner: Owner,
    request: Request,
    sha256: Sha256Path,
    *,
    ids: SheetIds,
    split: Split = "train",
) -> Response:
    """Get pictures of an archive on one PNG file, ten in a row, in the order of `ids`, without margins."""
    _refuse_others(request, SHEET_PARAMETERS)
    places = numbers(ids, MAX_PICTURES)
    found = await imported(state, owner, _pictures, state.service, owner, sha256)
    content = await state.checks.run(owner, sheet_of, *found, places, split)
    return answered(request, content, "image/png", REVALIDATED)


@router.get(
    routes.UPLOAD_PROFILE,
    response_model=TableProfile,
    response_description="The profile of what has arrived",
    responses={204: {"description": "Nothing can be said yet, or the upload is complete"}},
    openapi_extra=OPTIONS,
)
async def get_upload_profile(
    state: TheState, owner: Owner, request: Request, upload_id: UploadId, target: Target = None
) -> Any:
    """Get what is in the part of a table that has arrived so far: up to its last whole row.

    Of a large file, only the beginning is read. The answer has no content (204) as long as no whole row has
    arrived, for a file that can only be looked into as a whole, such as an archive, and once the upload is
    complete: then, ask for the profile of the file.
    """
    asked = _options(request, target)
    found = await state.imports.run(owner, _upload_profile, state.service, owner, upload_id, asked)
    if found is None:
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    return TableProfile.model_validate(found)


def _upload_profile(
    service: Service, owner: str, upload_id: str, asked: dict[str, str]
) -> dict[str, Any] | None:
    upload, start, received_bytes = service.uploads.beginning(upload_id, owner, MOST_BYTES)
    return service.importer.partial(owner, upload.name, start, received_bytes, asked)
