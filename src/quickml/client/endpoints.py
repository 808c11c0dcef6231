"""Calls about jobs, their files and events, and datasets: what is sent, and how the answer is read."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from quickml.api import routes
from quickml.api.artifacts import ArtifactMessage, Manifest, PartsMessage
from quickml.api.catalog import SampleList
from quickml.api.jobs import ChangePage, JobDetails, JobMessage, JobPage
from quickml.api.routes import address
from quickml.api.validation import ValidationMessage
from quickml.client.request import Call, posted
from quickml.errors import FilmError, InputError

if TYPE_CHECKING:
    from quickml.film import Film


Document = Mapping[str, Any] | str | bytes
"""A document as an object, or as JSON text."""

EVENTS = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
SAMPLE_PARAMETERS = frozenset({"split", "ids", "label", "per_class", "limit", "offset"})
"""Parameters of the request for samples; no option of a dataset can have such a name."""
NO_OPTIONS: Mapping[str, Any] = {}
"""A dataset as it is without options."""
_KEY = re.compile(r"[!-~]{1,255}")


_job = JobMessage.model_validate_json
_details = JobDetails.model_validate_json
_page = JobPage.model_validate_json
_manifest = Manifest.model_validate_json
_object = TypeAdapter(dict[str, Any]).validate_json
_list = TypeAdapter(list[dict[str, Any]]).validate_python


def submit(document: Document, idempotency_key: str | None) -> Call[JobMessage]:
    """Submit a document. A key is generated if there is none, so that a retry creates no second job.

    Raises:
        InputError: the key cannot be sent.
    """
    key = uuid.uuid4().hex if idempotency_key is None else idempotency_key
    if not _KEY.fullmatch(key):
        raise InputError(f"idempotency_key: expected 1 to 255 visible ASCII characters, found {key!r:.80}")
    return posted(routes.JOBS, _job, _content(document), headers={"Idempotency-Key": key})


def validate(document: Document) -> Call[ValidationMessage]:
    """Check a document; an invalid one is no error."""
    return posted(routes.VALIDATE, ValidationMessage.model_validate_json, _content(document))


def job(job_id: str) -> Call[JobDetails]:
    """One job."""
    return Call(method="GET", path=address(routes.JOB, job_id=job_id), read=_details)


def jobs(statuses: Sequence[str], limit: int, cursor: str | None) -> Call[JobPage]:
    """A page of jobs, newest first."""
    query: dict[str, str | int | list[str]] = {"limit": limit}
    if statuses:
        query["status"] = list(statuses)
    if cursor is not None:
        query["cursor"] = cursor
    return Call(method="GET", path=routes.JOBS, read=_page, query=query)


def stop(job_id: str) -> Call[JobMessage]:
    """Stop training early and keep the weights."""
    return Call(method="POST", path=address(routes.JOB_STOP, job_id=job_id), read=_job)


def cancel(job_id: str) -> Call[JobMessage]:
    """Cancel a job."""
    return Call(method="POST", path=address(routes.JOB_CANCEL, job_id=job_id), read=_job)


def delete(job_id: str) -> Call[None]:
    """Delete a job and its files."""
    return Call(method="DELETE", path=address(routes.JOB, job_id=job_id), read=lambda _: None)


def artifacts(job_id: str) -> Call[tuple[ArtifactMessage, ...]]:
    """A job's files."""
    path = address(routes.JOB_ARTIFACTS, job_id=job_id)
    return Call(method="GET", path=path, read=lambda content: _manifest(content).artifacts)


def listed(kind: str) -> Call[list[dict[str, Any]]]:
    """All `datasets`, `layers` or `examples`, as plain JSON."""

    def read(content: bytes) -> list[dict[str, Any]]:
        found = _object(content)
        if kind not in found:
            raise ValueError(f"expected {kind}, found none")
        return _list(found[kind])

    path = {"datasets": routes.DATASETS, "layers": routes.LAYERS, "examples": routes.EXAMPLES}[kind]
    return Call(method="GET", path=path, read=read)


def dataset(name: str) -> Call[dict[str, Any]]:
    """One dataset."""
    return Call(method="GET", path=address(routes.DATASET, name=name), read=_object)


def samples(
    name: str,
    *,
    options: Mapping[str, Any],
    split: str,
    ids: Sequence[int] | None,
    labels: Sequence[str],
    per_class: int | None,
    limit: int,
    offset: int,
) -> Call[SampleList]:
    """A page of samples of a dataset, or those with these ids."""
    query = _options(options) | {"split": split}
    if ids is not None:
        query["ids"] = ",".join(map(str, ids))
    else:
        query |= {"label": list(labels), "limit": limit, "offset": offset}
        query |= {} if per_class is None else {"per_class": per_class}
    path = address(routes.DATASET_SAMPLES, name=name)
    return Call(method="GET", path=path, read=SampleList.model_validate_json, query=query)


def sheet(name: str, ids: Sequence[int], *, options: Mapping[str, Any], split: str) -> Call[bytes]:
    """Pictures of a dataset on one PNG file."""
    query = _options(options) | {"split": split, "ids": ",".join(map(str, ids))}
    path = address(routes.DATASET_SHEET, name=name)
    return Call(method="GET", path=path, read=_bytes, query=query, headers={"Accept": "image/png"})


def _options(options: Mapping[str, Any]) -> dict[str, str | int | list[str]]:
    """Options of a dataset as parameters. Raises InputError for a name that means something else there."""
    if wrong := sorted(SAMPLE_PARAMETERS.intersection(options)):
        raise InputError(f"options: expected options of the dataset, found {wrong[0]!r}; pass it on its own")
    return {name: json.dumps(value) for name, value in options.items()}


def _bytes(content: bytes) -> bytes:
    return content


def schema() -> Call[dict[str, Any]]:
    """The JSON Schema of a document."""
    return Call(method="GET", path=routes.SCHEMA, read=_object)


def file(
    sha256: str, name: str, *, first: int = 0, last: int | None = None, etag: str | None = None
) -> Call[None]:
    """The bytes of a file, or those from `first` to `last`, both included, while its ETag is `etag`.

    The path is made here and not taken from an answer, which could lead to another host.
    """
    path = address(routes.FILE, sha256=sha256, filename=name)
    headers = {"Accept": "*/*"}
    if first or last is not None:
        headers["Range"] = f"bytes={first}-{'' if last is None else last}"
        headers["If-Range"] = etag or f'"{sha256}"'
    return Call(method="GET", path=path, read=lambda _: None, headers=headers)


def parts(sha256: str) -> Call[PartsMessage]:
    """The sha256 of every part of a file."""
    path = address(routes.PARTS, sha256=sha256)
    return Call(method="GET", path=path, read=PartsMessage.model_validate_json)


def events(job_id: str, after: int) -> Call[None]:
    """The stream of a job's events with numbers above `after`."""
    headers = EVENTS | ({"Last-Event-ID": str(after)} if after else {})
    path = address(routes.JOB_EVENTS, job_id=job_id)
    return Call(method="GET", path=path, read=lambda _: None, headers=headers)


def changes(after: int) -> Call[None]:
    """The stream of all changes of the owner's jobs with positions above `after`."""
    headers = EVENTS | {"Last-Event-ID": str(after)}
    return Call(method="GET", path=routes.CHANGES, read=lambda _: None, headers=headers)


def changes_page(after: int | None) -> Call[ChangePage]:
    """A page of these changes; without `after`, only the position of the newest."""
    query: dict[str, str | int | list[str]] = {} if after is None else {"after": after}
    return Call(method="GET", path=routes.CHANGES, read=ChangePage.model_validate_json, query=query)


def frames(job_id: str, after: int) -> Call[Film | None]:
    """A page of the frames of a job with numbers above `after`; None if there is no film yet."""

    def read(content: bytes) -> Film | None:
        page = _film(content) if content else None
        if page is not None and page.frames and page.frames[0].number <= after:
            raise ValueError(f"expected frames above number {after}, found {page.frames[0].number}")
        return page

    path = address(routes.JOB_FRAMES, job_id=job_id)
    return Call(method="GET", path=path, read=read, query={"after": after}, headers={"Accept": "*/*"})


def film_file(file: ArtifactMessage) -> Call[Film]:
    """The finished film of a job, as a whole."""

    def read(content: bytes) -> Film:
        if (found := hashlib.sha256(content).hexdigest()) != file.sha256:
            raise ValueError(f"expected sha256 {file.sha256}, found {found}")
        return _film(content)

    path = address(routes.FILE, sha256=file.sha256, filename=file.name)
    return Call(method="GET", path=path, read=read, headers={"Accept": "*/*"})


def _film(content: bytes) -> Film:
    from quickml.film import Film  # needs numpy

    try:
        return Film.read(content)
    except FilmError as error:
        raise ValueError(str(error)) from None


def _content(document: Document) -> bytes:
    if isinstance(document, bytes):
        return document
    return (document if isinstance(document, str) else json.dumps(document)).encode(errors="replace")
