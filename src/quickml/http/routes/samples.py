"""Samples of a dataset, and sheets of its pictures."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from quickml.api import routes
from quickml.api.catalog import SampleList
from quickml.document.dataset_options import reference
from quickml.http.auth import Owner
from quickml.http.files.conditions import Validators, Verdict
from quickml.http.state import TheState
from quickml.service import catalog
from quickml.service.samples import MAX_SAMPLES, SplitName, Wanted, refused, samples
from quickml.service.sheet import MAX_PICTURES, sheet

router = APIRouter()

PARAMETERS = frozenset({"split", "ids", "label", "per_class", "limit", "offset", "token"})
"""Of the routes and of every request; what else a query has are options of the dataset."""
WEEK = "private, max-age=604800"
REVALIDATED = "private, no-cache"
"""For data that may change when the package is updated that it comes from."""
OPTIONS: dict[str, Any] = {
    "parameters": [
        {
            "name": "options",
            "in": "query",
            "style": "form",
            "explode": True,
            "schema": {"type": "object", "additionalProperties": True},
            "description": "Options of the dataset, each a parameter of its own, such as `noise=0.3`.",
        }
    ]
}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Not modified"}}

PNG = {"image/png": {"schema": {"type": "string", "format": "binary"}}}

Name = Annotated[str, Path(description="Name of the dataset.")]
Split = Annotated[SplitName, Query(description="The part of the dataset.")]
Ids = Annotated[str | None, Query(description="IDs of samples, separated by commas.", max_length=20_000)]
SheetIds = Annotated[
    str, Query(description=f"IDs of at most {MAX_PICTURES} samples, separated by commas.", max_length=20_000)
]
Labels = Annotated[
    list[Annotated[str, Field(max_length=200)]] | None,
    Query(alias="label", description="Only samples of this class. Can be repeated.", max_length=100),
]
PerClass = Annotated[
    int | None, Query(ge=1, le=MAX_SAMPLES, description="The first samples of each class, class by class.")
]
Limit = Annotated[int, Query(ge=1, le=MAX_SAMPLES, description="Maximum number of samples.")]
Offset = Annotated[int, Query(ge=0, le=10**9, description="Number of matching samples to skip.")]


@router.get(
    routes.DATASET_SAMPLES,
    response_model=SampleList,
    response_description="Samples",
    responses=NOT_MODIFIED,
    openapi_extra=OPTIONS,
)
async def list_samples(
    state: TheState,
    owner: Owner,
    request: Request,
    name: Name,
    *,
    split: Split = "test",
    ids: Ids = None,
    labels: Labels = None,
    per_class: PerClass = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """List samples of a dataset with the options given: by IDs, or by class, page by page."""
    if ids is not None and (labels or per_class is not None):
        raise refused("ids", "no `label` and no `per_class` beside it", "both")
    wanted = Wanted(
        split=split,
        ids=None if ids is None else numbers(ids, MAX_SAMPLES),
        labels=tuple(labels or ()),
        per_class=per_class,
        limit=MAX_SAMPLES if ids is not None else limit,
        offset=0 if ids is not None else offset,
    )
    return await state.checks.run(owner, _samples, request, name, wanted)


@router.get(
    routes.DATASET_SHEET,
    response_class=Response,
    responses={200: {"content": PNG, "description": "A PNG file"}, **NOT_MODIFIED},
    openapi_extra=OPTIONS,
)
async def get_sheet(
    state: TheState, owner: Owner, request: Request, name: Name, *, ids: SheetIds, split: Split = "test"
) -> Response:
    """Get pictures of a dataset on one PNG file, ten in a row, in the order of `ids`, without margins."""
    return await state.checks.run(owner, _sheet, request, name, numbers(ids, MAX_PICTURES), split)


def _samples(request: Request, name: str, wanted: Wanted) -> Response:
    dataset = _dataset(request, name)
    return answered(request, to_json(samples(dataset, wanted)), "application/json", _caching(dataset))


def _sheet(request: Request, name: str, ids: tuple[int, ...], split: SplitName) -> Response:
    dataset = _dataset(request, name)
    return answered(request, sheet(dataset, ids, split), "image/png", _caching(dataset))


def _caching(dataset: Any) -> str:
    return WEEK if catalog.is_built_in(dataset) else REVALIDATED


def _dataset(request: Request, name: str) -> Any:
    kind = catalog.dataset_class(name)
    if kind is None:
        raise HTTPException(404, catalog.not_found(name))
    return reference(kind, options_of(request, PARAMETERS))


def options_of(request: Request, parameters: Collection[str]) -> dict[str, str]:
    """What a query has besides the parameters of a route. Only `label` can be repeated.

    Raises:
        RequestError: something else is repeated.
    """
    given = request.query_params.multi_items()
    counts = Counter(key for key, _ in given if key != "label")
    if repeated := [key for key, count in counts.items() if count > 1]:
        raise refused(repeated[0], "one value", "several")
    return {key: value for key, value in given if key not in parameters}


def numbers(text: str, most: int) -> tuple[int, ...]:
    """The ids in a query."""
    parts = text.split(",")
    for part in parts:
        if not (part.isascii() and part.isdigit() and len(part) < 10):
            raise refused("ids", "numbers from 0, separated by commas", repr(part[:40]))
    if len(parts) > most:
        raise refused("ids", f"at most {most:,}", f"{len(parts):,}")
    return tuple(map(int, parts))


def answered(request: Request, content: bytes, media_type: str, caching: str) -> Response:
    """The content, or 304 for a client that has it; which it has is known by the hash of the content."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": caching}
    verdict = Validators(etag=etag, modified=datetime.now(UTC)).judge(request.headers)
    if verdict is Verdict.NOT_MODIFIED:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)
