"""The film of a training, in pages, while it is recorded and afterwards."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from quickml.api import routes
from quickml.http.auth import Owner
from quickml.http.files.conditions import Validators, Verdict
from quickml.http.files.response import REVALIDATED
from quickml.http.openapi import FILE
from quickml.http.parameters import JobId
from quickml.http.state import AppState, TheState
from quickml.service import Artifact

router = APIRouter()

MEDIA_TYPE = "application/octet-stream"
PAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": FILE, "description": "A film of at most 64 frames; of none if there are no more yet"},
    204: {"description": "There is no film yet: the training has not begun"},
    304: {"description": "Not modified"},
}


@router.get(routes.JOB_FRAMES, response_class=Response, responses=PAGE)
async def get_frames(
    *,
    state: TheState,
    owner: Owner,
    job_id: JobId,
    request: Request,
    after: Annotated[
        int, Query(ge=-1, le=2**53, description="Number of the last frame already seen; -1 for none.")
    ] = -1,
) -> Response:
    """Get the first frames of a training whose numbers are above `after`, also while it goes on.

    The answer is a film: each frame stands alone, and the header is in every answer. One without frames has
    nothing new. Frames that the film drops when it is thinned are not in later answers.
    """
    page = await run_in_threadpool(state.service.films.page, job_id, owner, after)
    if page.file is not None:
        return await _of_file(state, owner, page.file, after, request)
    if page.content is None and page.is_over:
        expected = "expected a job with a film, found one without"
        raise HTTPException(
            404, f"film: {expected}; an older release trained it, or it ended before its training began"
        )
    if page.content is None:
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    return Response(page.content, media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})


async def _of_file(state: AppState, owner: str, file: Artifact, after: int, request: Request) -> Response:
    _, stored = await run_in_threadpool(state.service.file, file.sha256, file.name, owner)
    validators = Validators(etag=f'"{file.sha256}-{after}"', modified=stored.stored_at, may_go_back=True)
    headers = {"ETag": validators.etag, "Cache-Control": REVALIDATED}
    verdict = validators.judge(request.headers)
    if verdict is Verdict.NOT_MODIFIED:
        return Response(status_code=304, headers=headers)
    if verdict is Verdict.FAILED:
        detail = f"conditions: expected a condition that holds for {validators.etag}, found one that fails"
        raise HTTPException(412, detail, headers={"ETag": validators.etag})
    content = await state.films.run(owner, state.service.films.page_of_file, file, after)
    return Response(content, media_type=MEDIA_TYPE, headers=headers)
