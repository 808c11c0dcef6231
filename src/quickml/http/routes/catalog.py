"""What a document may contain: layers, datasets, the JSON Schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from quickml.api import routes
from quickml.api.catalog import DatasetDetails, DatasetList, LayerList
from quickml.api.message import ApiMessage, JsonSchema
from quickml.http.auth import Owner
from quickml.http.state import TheState
from quickml.service import catalog

router = APIRouter()

HEADERS = {"Cache-Control": "private, max-age=3600"}


@router.get(routes.LAYERS, response_model=LayerList, response_description="Types of layers")
async def list_layers(state: TheState, owner: Owner) -> Response:
    """List all types of layers with their arguments as JSON Schema."""
    return await state.checks.run(owner, _answer, LayerList, lambda: {"layers": catalog.layers()})


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
async def get_schema(state: TheState, owner: Owner) -> Response:
    """Get the JSON Schema (draft 2020-12) of a document."""
    content = await state.checks.run(owner, lambda: to_json(catalog.schema()))
    return Response(content, headers=HEADERS, media_type="application/json")


def _found(name: str) -> dict[str, Any]:
    found = catalog.dataset(name)
    if found is None:
        raise HTTPException(404, f"name: expected a dataset, found {name[:64]!r}")
    return found


def _answer(kind: type[ApiMessage], make: Callable[[], dict[str, Any]]) -> Response:
    content = kind.model_validate(make()).model_dump_json(by_alias=True)
    return Response(content, headers=HEADERS, media_type="application/json")
