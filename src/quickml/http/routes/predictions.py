"""Predictions of a finished model."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from quickml.api import routes
from quickml.api.predictions import PredictionRequest, Predictions
from quickml.http.answers import prediction_pieces
from quickml.http.auth import Owner
from quickml.http.openapi import request_body
from quickml.http.parameters import JobId
from quickml.http.server.bodies import JsonBody, parse
from quickml.http.shares import Shares
from quickml.http.state import TheState
from quickml.service import Prediction, Service

router = APIRouter()


@router.post(
    routes.JOB_PREDICTIONS,
    response_model=Predictions,
    response_description="Predictions",
    openapi_extra=request_body(PredictionRequest),
)
async def predict(state: TheState, owner: Owner, job_id: JobId, body: JsonBody) -> Response:
    """Run the Core ML file of a ready job on inputs; on request, also return what its layers compute."""
    found = await state.predictions.run(owner, _predictions, state.service, job_id, owner, body)
    return PredictionsResponse(found, memory=state.memory, owner=owner)


def _predictions(service: Service, job_id: str, owner: str, body: bytes) -> list[Prediction]:
    asked = parse(PredictionRequest, body)
    return service.predict(job_id, owner, asked.inputs, asked.layers)


class PredictionsResponse(StreamingResponse):
    """Predictions, written as the client receives them: as text, numbers take four times the memory."""

    def __init__(self, found: Sequence[Prediction], *, memory: Shares, owner: str) -> None:
        super().__init__(prediction_pieces(found), media_type="application/json")
        self._size_bytes = sum(one.size_bytes for one in found)
        self._memory, self._owner = memory, owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI.

        Raises:
            ShareError: too much is being sent to the owner; nothing was sent then.
        """
        with self._memory.held(self._owner, self._size_bytes):
            await super().__call__(scope, receive, send)
