"""What is in tables that users have uploaded."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from quickml.api import routes
from quickml.api.tables import TableProfile, TableRows
from quickml.document.dataset_options import table_options
from quickml.http.auth import Owner
from quickml.http.parameters import Sha256Path
from quickml.http.state import TheState
from quickml.service import Service

router = APIRouter()

PARAMETERS = frozenset({"target", "kind", "token"})
"""Of the route and of every request; what else a query has are options of the dataset."""
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

Target = Annotated[
    str | None, Query(max_length=200, description="Column to predict; the likeliest if left out.")
]
Offset = Annotated[int, Query(ge=0, le=20_000_000, description="Number of rows to skip.")]
Count = Annotated[int, Query(ge=1, le=500, description="Number of rows.")]


@router.get(routes.USER_FILE_PROFILE, response_description="The profile", openapi_extra=OPTIONS)
async def get_profile(
    state: TheState, owner: Owner, request: Request, sha256: Sha256Path, target: Target = None
) -> TableProfile:
    """Get what is in a table: columns, types, missing values, histograms, and a document to start from.

    Options of the dataset, such as types of columns, are those of the document.
    """
    given = {key: value for key, value in request.query_params.items() if key not in PARAMETERS}
    options = table_options(given)
    found = await state.imports.run(owner, _profile, state.service, owner, sha256, target, options)
    return TableProfile.model_validate(found)


def _profile(
    service: Service, owner: str, sha256: str, target: str | None, options: dict[str, Any]
) -> dict[str, Any]:
    file = service.uploads.file(sha256, owner)
    return service.importer.profile(owner, sha256, file.name, target, options)


@router.get(routes.USER_FILE_ROWS, response_description="Rows")
async def get_rows(
    state: TheState, owner: Owner, sha256: Sha256Path, offset: Offset = 0, limit: Count = 50
) -> TableRows:
    """Get rows of a table as texts, with their lines in the file."""
    found = await state.imports.run(owner, _rows, state.service, owner, sha256, offset, limit)
    return TableRows.model_validate(found)


def _rows(service: Service, owner: str, sha256: str, offset: int, limit: int) -> dict[str, Any]:
    file = service.uploads.file(sha256, owner)
    return service.importer.rows(owner, sha256, file.name, offset=offset, limit=limit)
