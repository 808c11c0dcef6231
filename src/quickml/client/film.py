"""The film of a job: all of it, or frame by frame while the job is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quickml.client import endpoints
from quickml.client.call import call
from quickml.client.flow import Emit, Flow, Sleep
from quickml.client.retry import Contact
from quickml.errors import ServiceError

if TYPE_CHECKING:
    from quickml.film import Film, FilmFrame

KIND = "film"
"""Kind of the artifact."""
MAX_FRAMES = 1000
"""Frames of a film; a server records at most 240, and some are dropped while the film is read."""


def film(job_id: str, contact: Contact) -> Flow[Film]:
    """The film of a job as far as it is recorded.

    Raises:
        ServiceError: there is no film, or not yet; or it is damaged.
    """
    files = yield from call(endpoints.artifacts(job_id), contact)
    file = next((file for file in files if file.kind == KIND), None)
    if file is not None:
        return (yield from call(endpoints.film_file(file), contact))
    pages: list[Film] = []
    while not pages or pages[-1].frames:
        page = yield from call(endpoints.frames(job_id, _last(pages)), contact)
        if page is None:
            raise ServiceError(f"film of {job_id}: expected a training that has begun, found none yet")
        pages.append(page)
        if (found := sum(len(page.frames) for page in pages)) > MAX_FRAMES:
            raise ServiceError(f"film of {job_id}: expected at most {MAX_FRAMES:,} frames, found {found:,}")
    frames = tuple(frame for page in pages for frame in page.frames)
    return type(pages[-1])(header=pages[-1].header, frames=frames)


def frames(job_id: str, after: int, every_s: float, contact: Contact) -> Flow[FilmFrame | None]:
    """Emit the frames with numbers above `after` as they are recorded, until the job is finished."""
    while True:
        job = yield from call(endpoints.job(job_id), contact)  # before the page, which then has all there is
        page = yield from call(endpoints.frames(job_id, after), contact)
        for frame in page.frames if page is not None else ():
            after = frame.number
            yield Emit(item=frame)
        if page is not None and page.frames:
            continue
        if job.is_finished:
            return None
        yield Sleep(pause_s=every_s)


def _last(pages: list[Film]) -> int:
    return pages[-1].frames[-1].number if pages else -1
