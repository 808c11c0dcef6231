"""What can be asked for: layers, datasets, the document's schema."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from quickml.http.auth import Owner
from quickml.service import catalog

router = APIRouter()

FRESH_S = 3600


def _answer(value: Any) -> JSONResponse:
    """It changes with the server's version alone."""
    return JSONResponse(value, headers={"Cache-Control": f"private, max-age={FRESH_S}"})


@router.get("/v1/layers")
def list_layers(_: Owner) -> JSONResponse:
    """Every layer: what it does, an example, and its arguments as JSON Schema with defaults and help."""
    return _answer({"layers": catalog.layers()})


@router.get("/v1/datasets")
def list_datasets(_: Owner) -> JSONResponse:
    """Every dataset: what it is about, its shape, labels and sizes."""
    return _answer({"datasets": catalog.datasets()})


@router.get("/v1/datasets/{name}")
def get_dataset(_: Owner, name: str) -> JSONResponse:
    """One dataset, with its options as JSON Schema and some samples: numbers, or PNG files in base64."""
    found = catalog.dataset(name)
    if found is None:
        raise HTTPException(404, f"{name[:64]!r}: there is no such dataset")
    return _answer(found)


@router.get("/v1/schema")
def get_schema(_: Owner) -> JSONResponse:
    """JSON Schema (draft 2020-12) of the document."""
    return _answer(catalog.schema())
