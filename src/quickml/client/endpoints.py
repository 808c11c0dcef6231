"""Every call there is: what is sent, and how the answer is read."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from quickml.client.records import Artifact, Job, Parts, Prediction, Validation
from quickml.errors import InputError, ServiceError

T = TypeVar("T")

Document = Mapping[str, Any] | str | bytes
"""A document as an object, or as JSON text."""

JSON = {"Accept": "application/json"}
EVENTS = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
MAX_SHOWN = 200
_KEY = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """A request. Each may be sent again when nobody knows whether it arrived: that changes nothing."""

    method: str
    path: str
    read: Callable[[bytes], T]
    """The answer, from the body of a successful one. Raises ValueError where it is another one."""
    query: Mapping[str, str | int | list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    content: bytes | None = None
    wanted: Sequence[int] = ()
    """Statuses beside 2xx that `read` understands."""

    def result(self, content: bytes) -> T:
        """What the answer says.

        Raises:
            ServiceError: it is none that this client understands.
        """
        try:
            return self.read(content)
        except ValueError as error:
            found = repr(content[:MAX_SHOWN])
            raise ServiceError(
                f"{self.method} {self.path}: expected another answer, found {found} ({_first(error)});"
                " is this a QuickML server, and of this version?"
            ) from None


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some jobs, and where the next ones begin."""

    jobs: tuple[Job, ...]
    next: str | None


@dataclass(frozen=True, kw_only=True)
class _Manifest:
    artifacts: tuple[Artifact, ...]


@dataclass(frozen=True, kw_only=True)
class _Predictions:
    predictions: tuple[Prediction, ...]


_job = TypeAdapter(Job).validate_json
_page = TypeAdapter(Page).validate_json
_manifest = TypeAdapter(_Manifest).validate_json
_validation = TypeAdapter(Validation).validate_json
_predictions = TypeAdapter(_Predictions).validate_json
_parts = TypeAdapter(Parts).validate_json
_object = TypeAdapter(dict[str, Any]).validate_json
_lists = TypeAdapter(dict[str, list[dict[str, Any]]]).validate_json


def submit(document: Document, idempotency_key: str | None) -> Call[Job]:
    """Queue a job. Without a key of the caller's, one is made, so that a repeated request makes no second.

    Raises:
        InputError: a key that cannot be sent.
    """
    key = uuid.uuid4().hex if idempotency_key is None else idempotency_key
    if not _KEY.fullmatch(key):
        raise InputError(f"idempotency_key: expected 1 to 255 visible ASCII characters, found {key!r:.80}")
    return _posted("/v1/jobs", _job, _content(document), **{"Idempotency-Key": key})


def validate(document: Document) -> Call[Validation]:
    """Check a document; a wrong one is an answer too."""
    return _posted("/v1/validate", _validation, _content(document))


def job(job_id: str) -> Call[Job]:
    """One job."""
    return Call(method="GET", path=_place(job_id), read=_job)


def jobs(statuses: Sequence[str], limit: int, cursor: str | None) -> Call[Page]:
    """A page of jobs, newest first."""
    query: dict[str, str | int | list[str]] = {"limit": limit}
    if statuses:
        query["status"] = list(statuses)
    if cursor is not None:
        query["cursor"] = cursor
    return Call(method="GET", path="/v1/jobs", read=_page, query=query)


def stop(job_id: str) -> Call[Job]:
    """Keep what was learned so far."""
    return Call(method="POST", path=f"{_place(job_id)}/stop", read=_job)


def cancel(job_id: str) -> Call[Job]:
    """Give up."""
    return Call(method="POST", path=f"{_place(job_id)}/cancel", read=_job)


def delete(job_id: str) -> Call[None]:
    """Remove a job and its files."""
    return Call(method="DELETE", path=_place(job_id), read=lambda _: None)


def artifacts(job_id: str) -> Call[tuple[Artifact, ...]]:
    """A job's files."""
    return Call(
        method="GET", path=f"{_place(job_id)}/artifacts", read=lambda content: _manifest(content).artifacts
    )


def predictions(
    job_id: str, inputs: Sequence[Any], activations: bool | Sequence[str]
) -> Call[tuple[Prediction, ...]]:
    """What the delivered file answers. Bytes are a PNG or JPEG file, anything else is numbers."""
    body = {
        "inputs": [_input(value) for value in inputs],
        "activations": activations if isinstance(activations, bool) else list(activations),
    }
    return _posted(
        f"{_place(job_id)}/predictions",
        lambda content: _predictions(content).predictions,
        json.dumps(body).encode(),
    )


def listed(kind: str) -> Call[list[dict[str, Any]]]:
    """What can be asked for: `datasets` or `layers`, as plain JSON."""

    def read(content: bytes) -> list[dict[str, Any]]:
        found = _lists(content)
        if kind not in found:
            raise ValueError(f"no {kind} in it")
        return found[kind]

    return Call(method="GET", path=f"/v1/{kind}", read=read)


def dataset(name: str) -> Call[dict[str, Any]]:
    """One dataset."""
    return Call(method="GET", path=f"/v1/datasets/{_step(name)}", read=_object)


def schema() -> Call[dict[str, Any]]:
    """The JSON Schema of a document."""
    return Call(method="GET", path="/v1/schema", read=_object)


def file(
    sha256: str, name: str, *, first: int = 0, last: int | None = None, etag: str | None = None
) -> Call[None]:
    """The bytes of a file, or those from `first` to `last`, both included, as long as it is `etag`.

    Its place is made of what it is, so that no answer leads to another host.
    """
    path = "/".join(["/v1/artifacts", _step(sha256), *map(_step, name.split("/"))])
    headers = {"Accept": "*/*"}
    if first or last is not None:
        headers["Range"] = f"bytes={first}-{'' if last is None else last}"
        headers["If-Range"] = etag or f'"{sha256}"'
    return Call(method="GET", path=path, read=lambda _: None, headers=headers)


def parts(sha256: str) -> Call[Parts]:
    """The sha256 of every part of a file."""
    return Call(method="GET", path=f"/v1/artifacts/{_step(sha256)}", read=_parts)


def events(job_id: str, after: int) -> Call[None]:
    """The stream of a job's events whose number is above `after`."""
    headers = EVENTS | ({"Last-Event-ID": str(after)} if after else {})
    return Call(method="GET", path=f"{_place(job_id)}/events", read=lambda _: None, headers=headers)


def _posted(path: str, read: Callable[[bytes], T], content: bytes, **headers: str) -> Call[T]:
    headers = {**JSON, "Content-Type": "application/json", **headers}
    return Call(method="POST", path=path, read=read, content=content, headers=headers)


def _place(job_id: str) -> str:
    return f"/v1/jobs/{_step(job_id)}"


def _step(name: str) -> str:
    """A name as one step of a path, wherever it is from."""
    if name in ("", ".", ".."):
        raise InputError(f"expected a name, found {name!r}")
    return quote(name, safe="", errors="replace")


def _content(document: Document) -> bytes:
    if isinstance(document, bytes):
        return document
    return (document if isinstance(document, str) else json.dumps(document)).encode(errors="replace")


def _input(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.tolist() if hasattr(value, "tolist") else value  # numpy's and its like


def _first(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'/'.join(map(str, first['loc'])) or 'the answer'}: {first['msg']}"
    return str(error)
