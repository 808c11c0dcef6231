"""What a document may contain: layers, datasets, the JSON Schema."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from starlette.exceptions import HTTPException

from quickml.api import routes
from quickml.api.catalog import DatasetDetails, DatasetList, LayerList
from quickml.api.message import JsonSchema
from quickml.http.auth import Owner
from quickml.service import catalog

router = APIRouter()

FRESH = "private, max-age=3600"


@router.get(routes.LAYERS, response_description="Types of layers")
def list_layers(_: Owner, response: Response) -> LayerList:
    """List all types of layers with their arguments as JSON Schema."""
    response.headers["Cache-Control"] = FRESH
    return LayerList.model_validate({"layers": catalog.layers()})


@router.get(routes.DATASETS, response_description="Datasets")
def list_datasets(_: Owner, response: Response) -> DatasetList:
    """List all datasets."""
    response.headers["Cache-Control"] = FRESH
    return DatasetList.model_validate({"datasets": catalog.datasets()})


@router.get(routes.DATASET, response_description="The dataset")
def get_dataset(
    _: Owner, name: Annotated[str, Path(description="Name of the dataset.")], response: Response
) -> DatasetDetails:
    """Get a dataset with its options as JSON Schema and some samples."""
    found = catalog.dataset(name)
    if found is None:
        raise HTTPException(404, f"name: expected a dataset, found {name[:64]!r}")
    response.headers["Cache-Control"] = FRESH
    return DatasetDetails.model_validate(found)


@router.get(routes.SCHEMA, response_description="JSON Schema")
def get_schema(_: Owner, response: Response) -> JsonSchema:
    """Get the JSON Schema (draft 2020-12) of a document."""
    response.headers["Cache-Control"] = FRESH
    return catalog.schema()
