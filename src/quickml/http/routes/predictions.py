"""Predictions of a finished model."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from quickml.api import routes
from quickml.api.predictions import PredictionRequest, Predictions
from quickml.http.answers import prediction_message
from quickml.http.auth import Owner
from quickml.http.openapi import request_body
from quickml.http.parameters import JobId
from quickml.http.server.bodies import parsed
from quickml.http.state import TheService

router = APIRouter()


@router.post(
    routes.JOB_PREDICTIONS,
    response_model=Predictions,
    response_description="Predictions",
    openapi_extra=request_body(PredictionRequest),
)
def predict(
    service: TheService,
    owner: Owner,
    job_id: JobId,
    asked: Annotated[PredictionRequest, Depends(parsed(PredictionRequest))],
) -> Response:
    """Run the Core ML file of a ready job on inputs; on request, also return what its layers compute."""
    found = service.predict(job_id, owner, asked.inputs, asked.layers)
    answer = Predictions(predictions=tuple(map(prediction_message, found)))
    # Written here, in a thread: there may be a million numbers.
    return Response(answer.model_dump_json(), media_type="application/json")
