"""What a document may contain: layers, datasets, the JSON Schema."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from quickml.api import routes
from quickml.api.catalog import DatasetDetails, DatasetList, ExampleList, LayerList
from quickml.api.message import ApiMessage, JsonSchema
from quickml.http.auth import Owner
from quickml.http.kept import Kept
from quickml.http.state import TheState
from quickml.service import catalog
from quickml.service.examples import examples

router = APIRouter()

JSON = "application/json"
REVALIDATED = "private, no-cache"
"""Another release may answer otherwise; a client that has the same content gets 304."""


@router.get(routes.LAYERS, response_model=LayerList, response_description="Types of layers")
async def list_layers(state: TheState, owner: Owner, request: Request) -> Response:
    """List all types of layers with their arguments as JSON Schema."""
    return await state.checks.run(owner, _unchanging, request, _layers)


@router.get(routes.DATASETS, response_model=DatasetList, response_description="Datasets")
async def list_datasets(state: TheState, owner: Owner) -> Response:
    """List all datasets."""
    return await state.checks.run(owner, _answer, DatasetList, lambda: {"datasets": catalog.datasets()})


@router.get(routes.DATASET, response_model=DatasetDetails, response_description="The dataset")
async def get_dataset(
    state: TheState, owner: Owner, name: Annotated[str, Path(description="Name of the dataset.")]
) -> Response:
    """Get a dataset with its options as JSON Schema and some samples."""
    return await state.checks.run(owner, _answer, DatasetDetails, lambda: _found(name))


@router.get(routes.SCHEMA, response_model=JsonSchema, response_description="JSON Schema")
async def get_schema(state: TheState, owner: Owner, request: Request) -> Response:
    """Get the JSON Schema (draft 2020-12) of a document."""
    return await state.checks.run(owner, _unchanging, request, _schema)


@router.get(routes.EXAMPLES, response_model=ExampleList, response_description="Documents")
async def list_examples(state: TheState, owner: Owner, request: Request) -> Response:
    """List documents to start from, the ones to begin with first."""
    return await state.checks.run(owner, _unchanging, request, _examples)


def _found(name: str) -> dict[str, Any]:
    found = catalog.dataset(name)
    if found is None:
        raise HTTPException(404, catalog.not_found(name))
    return found


def _unchanging(request: Request, make: Callable[[], Kept]) -> Response:
    return make().response(request.headers, cache=REVALIDATED)


@cache
def _layers() -> Kept:
    return _kept(LayerList, {"layers": catalog.layers()})


@cache
def _schema() -> Kept:
    return Kept.compressed(to_json(catalog.schema()), JSON)


@cache
def _examples() -> Kept:
    return _kept(ExampleList, {"examples": [*map(vars, examples())]})


def _kept(kind: type[ApiMessage], content: dict[str, Any]) -> Kept:
    return Kept.compressed(_json(kind, content), JSON)


def _answer(kind: type[ApiMessage], make: Callable[[], dict[str, Any]]) -> Response:
    return Response(_json(kind, make()), headers={"Cache-Control": REVALIDATED}, media_type=JSON)


def _json(kind: type[ApiMessage], content: dict[str, Any]) -> bytes:
    return kind.model_validate(content).model_dump_json(by_alias=True).encode()
