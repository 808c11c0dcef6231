"""Signed links: making them, and access to files with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool

from quickml.api import routes
from quickml.api.artifacts import LinkMessage, LinkRequest, Links
from quickml.errors import LinkError, Problem, RequestError
from quickml.http.answers import artifact_url
from quickml.http.auth import Owner, owner_of
from quickml.http.openapi import request_body
from quickml.http.parameters import JobId
from quickml.http.server.bodies import parsed
from quickml.http.state import TheService, state_of
from quickml.service import MEMBER, VARIANT, Artifact, Link, Service

router = APIRouter()

DEFAULT_S = 3600
MAX_NAMES_SHOWN = 10
MAX_PROBLEMS = 20
"""Number of problems that are reported of one request."""
_SECONDS = re.compile(r"[1-9][0-9]{0,11}")
"""No leading zeros or signs: one form only, since the text is part of what is signed."""


async def fetcher_of(
    request: Request,
    job: Annotated[str, Query(description="For a signed link: ID of the job.")] = "",
    expires: Annotated[str, Query(description="For a signed link: expiry, in seconds since 1970.")] = "",
    signature: Annotated[
        str | None, Query(description="For a signed link: the signature, in place of a token.")
    ] = None,
) -> str:
    """The owner whose files the request gives access to, by its signature or else by its token.

    Raises:
        HTTPException: see `owner_of`.
        LinkError: the link is not valid for this file, or has expired.
        JobNotFoundError: the link's job was removed.
    """
    if signature is None:
        return await owner_of(request)
    if not _SECONDS.fullmatch(expires):
        raise LinkError(f"?expires: expected seconds since 1970, found {expires!r:.80}")
    service = state_of(request.app).service
    sha256, name = request.path_params["sha256"], request.path_params.get("filename")
    if name is None:
        return await run_in_threadpool(service.links.bearer_of_content, job, sha256, int(expires), signature)
    link = Link(job_id=job, sha256=sha256, name=name, expires=int(expires))
    return await run_in_threadpool(service.links.bearer, link, signature)


Fetcher = Annotated[str, Depends(fetcher_of)]


@router.post(routes.JOB_LINKS, response_description="Links", openapi_extra=request_body(LinkRequest))
def create_links(
    service: TheService,
    owner: Owner,
    job_id: JobId,
    asked: Annotated[LinkRequest, Depends(parsed(LinkRequest))],
) -> Links:
    """Make signed links to files of a ready job. Anyone who has a link can download its file.

    Of a job with own data, `spec.json` and `answers.bin` quote it: they have links only if `names` asks for
    them, or the document's dataset says `"in_report": true`.
    """
    private = service.links.private_kinds(service.ready(job_id, owner))
    files = {file.name: file for file in service.artifacts(job_id, owner)}
    if not asked.names or not files.keys() >= {*asked.names}:
        service.with_files(job_id, owner)
    if problems := list(islice(_problems(asked, files, service.links.max_s), MAX_PROBLEMS)):
        raise RequestError(problems)
    top = [name for name, file in files.items() if file.kind not in (MEMBER, VARIANT, *private)]
    seconds = asked.expires_s or min(DEFAULT_S, int(service.links.max_s))
    return Links(links=tuple(_message(service, files[name], seconds) for name in asked.names or top))


def _problems(asked: LinkRequest, files: Mapping[str, Artifact], max_s: float) -> Iterator[Problem]:
    names = asked.names or []
    for index, name in enumerate(names):
        if name not in files:
            expected = f"a file of this job, such as {', '.join(list(files)[:MAX_NAMES_SHOWN])}"
            yield Problem(pointer=f"/names/{index}", expected=expected, found=repr(name)[:80])
    if asked.expires_s is not None and asked.expires_s > max_s:
        expected = f"at most {max_s:.15g} seconds on this server"
        yield Problem(pointer="/expires_s", expected=expected, found=str(asked.expires_s)[:80])


def _message(service: Service, file: Artifact, seconds: int) -> LinkMessage:
    link, signature = service.links.link(file, seconds)
    query = urlencode({"job": link.job_id, "expires": link.expires, "signature": signature})
    return LinkMessage(
        name=file.name,
        url=f"{artifact_url(file)}?{query}",
        expires_at=link.expires_at,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        media_type=file.media_type,
    )
