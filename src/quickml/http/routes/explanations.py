"""Explanations of what a finished model answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from quickml.api import routes
from quickml.api.arrays import MEDIA_TYPE
from quickml.api.explanations import ExplanationMessage, ExplanationRequest
from quickml.http import binary
from quickml.http.answers import explanation_facts, explanation_message
from quickml.http.auth import Owner
from quickml.http.openapi import FILE, request_body
from quickml.http.parameters import FileQuery, JobId
from quickml.http.routes.predictions import accepts_arrays
from quickml.http.server.bodies import SampleBody, Sent, parse
from quickml.http.state import TheState
from quickml.service import OcclusionOptions, Service, Steps

router = APIRouter()

PartSize = Annotated[
    int | None,
    Query(
        ge=1,
        le=65_536,
        description="Side of a patch in pixels, or number of steps, tokens or features. Default: a 7th of the"
        " shorter side of a picture, a 14th of a sequence, 1 otherwise.",
    ),
]
Stride = Annotated[
    int | None,
    Query(ge=1, le=65_536, description="From one part to the next. Default: half of `size`, at least 1."),
]
BaselineQuery = Annotated[
    Literal["zero", "mean"] | None,
    Query(
        description="What replaces a part. `zero`: black, the token 0 or the number 0. `mean`: the mean"
        " colour of the picture, or the mean of each feature in the training samples. Default: `mean` if"
        " there is one, except for gray pictures."
    ),
]


@router.post(
    routes.JOB_EXPLANATIONS,
    response_model=ExplanationMessage,
    responses={200: {"content": FILE, "description": "Maps; with `Accept` as arrays"}},
    openapi_extra=request_body(ExplanationRequest, or_bytes=True),
)
async def explain(
    *,
    request: Request,
    state: TheState,
    owner: Owner,
    job_id: JobId,
    body: SampleBody,
    file: FileQuery = None,
    size: PartSize = None,
    stride: Stride = None,
    baseline: BaselineQuery = None,
) -> Response:
    """Hide parts of an input one after the other, and see how the model's output changes (occlusion).

    Parts are patches of a picture, windows of a sequence, single features of a table, or single tokens. The
    body and the binary response are as for predictions.
    """
    options = OcclusionOptions(file=file, size=size, stride=stride, baseline=baseline)
    is_binary = accepts_arrays(request)
    work = _explained(state.service, job_id, owner, body, options, is_binary=is_binary)
    content = await state.predictions.run_long(owner, work)
    return Response(content, media_type=MEDIA_TYPE if is_binary else "application/json")


def _explained(
    service: Service, job_id: str, owner: str, sent: Sent, options: OcclusionOptions, *, is_binary: bool
) -> Steps[bytes]:
    value: Any = parse(ExplanationRequest, sent.content).input if sent.is_json else sent.content
    file, found = yield from service.inference.explain(job_id, owner, value, options)
    if is_binary:
        return binary.explanation(explanation_facts(file, found), found)
    return explanation_message(file, found).model_dump_json().encode()
