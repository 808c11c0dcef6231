"""What a delivered file answers."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import ValidationError

from quickml.api.messages import ActivationMessage, PredictionMessage, PredictionRequest, Predictions, number
from quickml.http.auth import Owner
from quickml.http.openapi import request_body
from quickml.http.problems import body_problems, request_problem
from quickml.http.server.bodies import JsonBody
from quickml.http.state import TheService
from quickml.service import Prediction, Service

router = APIRouter()


@router.post(
    "/v1/jobs/{job_id}/predictions", response_model=Predictions, openapi_extra=request_body(PredictionRequest)
)
async def predict(service: TheService, owner: Owner, job_id: str, body: JsonBody) -> Response:
    """Run the Core ML file of a ready job, and show what its layers give where that is asked for."""
    return await run_in_threadpool(_answer, service, owner, job_id, body)


def _answer(service: Service, owner: str, job_id: str, body: bytes) -> Response:
    try:
        asked = PredictionRequest.model_validate_json(body)
    except ValidationError as error:
        return request_problem(body_problems(error))
    found = service.predict(job_id, owner, asked.inputs, asked.layers)
    answer = Predictions(predictions=[_message(one) for one in found])
    return Response(answer.model_dump_json(), media_type="application/json")


def _message(one: Prediction) -> PredictionMessage:
    return PredictionMessage(
        label=one.label,
        probabilities={label: number(value) for label, value in one.probabilities.items()},
        values=[number(value) for value in one.values],
        activations={
            name: ActivationMessage(shape=list(layer.shape), values=[number(value) for value in layer.values])
            for name, layer in one.activations.items()
        },
    )
