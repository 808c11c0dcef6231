"""Checking a document without a job."""

from __future__ import annotations

from fastapi import APIRouter, Response

from quickml.api import routes
from quickml.api.validation import EstimateMessage, ValidationMessage
from quickml.document import Plan
from quickml.document.shapes import summary
from quickml.errors import DocumentError
from quickml.http.auth import Owner
from quickml.http.openapi import DOCUMENT
from quickml.http.server.bodies import JsonBody
from quickml.http.state import TheState, read_files
from quickml.service import Service

router = APIRouter()


@router.post(
    routes.VALIDATE,
    response_model=ValidationMessage,
    response_description="What the document means",
    openapi_extra=DOCUMENT,
)
async def validate(state: TheState, owner: Owner, body: JsonBody) -> Response:
    """Check a document without training: shapes, parameters, memory and warnings, or every problem."""
    await read_files(state, owner, body)
    answer = await state.checks.run(owner, _validation, state.service, body, owner)
    return Response(answer, media_type="application/json")


def _validation(service: Service, body: bytes, owner: str) -> str:
    try:
        message = _meaning(service, service.plan(body, owner))
    except DocumentError as error:
        message = ValidationMessage(
            valid=False, problems=error.problems, more=error.more, layers=error.layers or None
        )
    return message.model_dump_json()


def _meaning(service: Service, plan: Plan) -> ValidationMessage:
    return ValidationMessage(
        valid=True,
        warnings=plan.notices,
        memory_bytes=plan.memory_bytes,
        estimate=EstimateMessage.model_validate(service.history.estimate(plan).to_json()),
        spec=plan.document.model_dump(mode="json", exclude_none=True),
        **summary(plan.graph),
    )
