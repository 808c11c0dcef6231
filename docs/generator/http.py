"""The reference of the HTTP interface: its OpenAPI document, and that document in short for people."""

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from generator import NOTE
from generator.fields import table, wrapped
from quickml.api.problem import PREFIX
from quickml.http.app import create_app
from quickml.http.problems import KINDS
from quickml.jobs.jobs import JobStore
from quickml.jobs.leases import Leases
from quickml.jobs.tokens import TokenStore
from quickml.service import Service
from quickml.settings import ServerSettings
from quickml.storage.addresses import Addresses
from quickml.storage.backends import Backends
from quickml.testing.executor import MemoryExecutor

INTRODUCTION = """REST and JSON; [the OpenAPI document](openapi.json) has every shape. A server sends its
own at `/v1/openapi.json`. How to start one: [run a server](../how-to/run-a-server.md).

Where the server asks for tokens, send `Authorization: Bearer qml_...`, or, where no header can be set (a
link, an `EventSource`), the parameter `?token=qml_...`. Bodies are `application/json`; another type is
refused, so that no web page can post here unasked."""

FILES = """## Files

The manifest, `GET /v1/jobs/{job_id}/artifacts`, has every file with its size, sha256 and address. What an
address with a sha256 in it leads to never changes. A package, which is a folder, is there as a zip;
`package` in its row has the same files one by one, each with an address of its own.

A file and its parts take a token, or the `job`, `expires` and `signature` of a link that
`POST /v1/jobs/{job_id}/links` has made. Where there is a signature, it decides, whatever token comes with
it. A link opens its own file and that file's parts, and nothing else, until it expires or the job is
removed. [Fetch models](../how-to/fetch-models.md) shows all of it."""

EVENTS = """## Events

`GET /v1/jobs/{job_id}/events` is a stream of Server-Sent Events: `id` is the event's number in its job,
`data` an [event](events.md) as JSON, and `type` in it says which. Whoever comes back with
`Last-Event-ID`, as an `EventSource` does by itself, or with `?after=`, is sent what followed. A comment
comes when there is nothing to tell for a while. The stream ends after `verified`, `failed` or
`cancelled`; asked for what comes after that, the answer is 204. A client that reads too slowly is cut
off, and can come back.

With `Accept: application/json` the answer is a page of the events there are, with `last` to be given as
the next `after`."""

ERRORS = """## Errors

Every error is a problem document (RFC 9457), `application/problem+json`, with `type`, `title`, `status`,
`detail`, and `problems` where there may be several: each has a JSON pointer into what was sent, what was
expected there and what was found. After 429, 503 and 507, `Retry-After` says in how many seconds to try
again."""

SCULPTML = """## SculptML

`/make-model`, `/check-model`, `/get-model`, `/get-all` and `/stop-model` answer as the app of 2018
expects, on top of the same jobs. A model is named by its `model_name`; a name that was used before means
its newest job."""


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document; it is the same for every server of this version."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        backends = Backends.open(Addresses.of_paths(database=folder / "quickml.db", files=folder / "files"))
        jobs = JobStore(backends.database)
        service = Service(
            jobs=jobs,
            artifacts=backends.artifacts,
            executor=MemoryExecutor(jobs, Leases(backends.database), workers=0),
            tokens=TokenStore(backends.database),
            scratch=folder / "models",
        )
        return create_app(service, ServerSettings()).openapi()


def page() -> str:
    """docs/reference/http.md."""
    routes = table(["request", "answer", "does"], list(_routes()))
    parts = [NOTE, "# The HTTP interface", INTRODUCTION, "## Routes", routes, FILES, EVENTS, ERRORS]
    return "\n\n".join([*parts, _problems(), SCULPTML]) + "\n"


def _routes() -> Iterator[list[str]]:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            query = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
            request = f"{method.upper()} {path}" + (
                f"?{'&'.join(f'{name}=' for name in query)}" if query else ""
            )
            codes = ", ".join(code for code in operation["responses"] if code != "default")
            does = " ".join(wrapped(operation["description"]).split())
            yield [f"`{request}`", codes, does]


def _problems() -> str:
    found: dict[tuple[int, str], str] = {(status, kind): title for status, kind, title in KINDS.values()}
    rows = [[str(status), f"`{PREFIX}{kind}`", title] for (status, kind), title in sorted(found.items())]
    return table(["status", "type", "title"], rows)
