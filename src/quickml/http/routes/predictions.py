"""Predictions of a finished model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from quickml.api import routes
from quickml.api.arrays import MEDIA_TYPE
from quickml.api.message import Names
from quickml.api.predictions import ALL_LAYERS, PredictionRequest, Predictions
from quickml.http import binary
from quickml.http.answers import prediction_pieces
from quickml.http.auth import Owner
from quickml.http.openapi import FILE, request_body
from quickml.http.parameters import FileQuery, JobId
from quickml.http.server.bodies import SampleBody, Sent, parse
from quickml.http.shares import Shares
from quickml.http.state import TheState
from quickml.service import Artifact, Prediction, PredictionOptions, Service, Steps

router = APIRouter()

MOST = 16
"""Number of maps of a layer in a binary response, unless the request says otherwise."""

Most = Annotated[
    int | None,
    Query(
        ge=1,
        le=65_536,
        description="Number of maps (or of units of a sequence) of each layer at most; of vectors 64 times as"
        " many values. Default: 16 in binary responses, all in JSON.",
    ),
]
Layers = Annotated[
    Names | None,
    Query(max_length=1000, description="Names of layers whose output to return, or `*` for all layers."),
]


@router.post(
    routes.JOB_PREDICTIONS,
    response_model=Predictions,
    responses={200: {"content": FILE, "description": "Predictions; with `Accept` as arrays"}},
    openapi_extra=request_body(PredictionRequest, or_bytes=True),
)
async def predict(
    *,
    request: Request,
    state: TheState,
    owner: Owner,
    job_id: JobId,
    body: SampleBody,
    file: FileQuery = None,
    most: Most = None,
    activations: Layers = None,
) -> Response:
    """Run a Core ML file of a ready job on inputs; on request, also return what its layers compute.

    The body is JSON, or the bytes of one sample (uint8, or float32 in little-endian order) as
    `application/octet-stream`. With `Accept: application/octet-stream`, the response is
    binary: see the page "Arrays" of the documentation. `Server-Timing` has the times for which the
    file was run (`run`) and the server worked on the request until its response began (`total`).
    """
    is_binary = accepts_arrays(request)
    most = most or (MOST if is_binary else None)
    work = _answers(
        state.service, job_id, owner, body, PredictionOptions(file=file, layers=activations or (), most=most)
    )
    if is_binary:
        content, timing = await state.predictions.run_steps(owner, _packed(work))
        return Response(content, media_type=MEDIA_TYPE, headers=timing)
    _, found = await state.predictions.run_steps(owner, work)
    return PredictionsResponse(found, memory=state.memory, owner=owner)


def accepts_arrays(request: Request) -> bool:
    """Whether the client asks for a binary response, by a media type that JSON is not."""
    return MEDIA_TYPE in request.headers.get("accept", "").lower()


def _answers(
    service: Service, job_id: str, owner: str, sent: Sent, wanted: PredictionOptions
) -> Steps[tuple[Artifact, list[Prediction]]]:
    inputs: list[Any] = [sent.content]
    layers: Sequence[str] | None = wanted.layers
    if sent.is_json:
        asked = parse(PredictionRequest, sent.content)
        inputs, layers = asked.inputs, wanted.layers or asked.layers
    if layers and ALL_LAYERS in layers:
        layers = None
    return (yield from service.inference.predict(job_id, owner, inputs, replace(wanted, layers=layers)))


def _packed(work: Steps[tuple[Artifact, list[Prediction]]]) -> Steps[tuple[bytes, dict[str, str]]]:
    file, found = yield from work
    return binary.predictions(file, found), _timing(found)


def _timing(found: Sequence[Prediction]) -> dict[str, str]:
    """How long the file was run for all inputs, in ms (W3C Server Timing); `AccessLog` adds the total."""
    return {"Server-Timing": f"run;dur={1000 * sum(one.run_s for one in found):.3f}"}


class PredictionsResponse(StreamingResponse):
    """Predictions, written as the client receives them: as text, numbers take four times the memory."""

    def __init__(self, found: Sequence[Prediction], *, memory: Shares, owner: str) -> None:
        super().__init__(prediction_pieces(found), media_type="application/json", headers=_timing(found))
        self._size_bytes = sum(one.size_bytes for one in found)
        self._memory, self._owner = memory, owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI.

        Raises:
            ShareError: too much is being sent to the owner; nothing was sent then.
        """
        with self._memory.held(self._owner, self._size_bytes):
            await super().__call__(scope, receive, send)
