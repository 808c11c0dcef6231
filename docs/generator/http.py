"""The reference of the HTTP API: the OpenAPI document, and a summary."""

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from generator import NOTE
from generator.fields import table, wrapped
from quickml.api.problem import PREFIX
from quickml.http.app import create_app
from quickml.http.problems import KINDS, REGISTERED
from quickml.jobs.finished import FinishedJobs
from quickml.jobs.hosts import Hosts
from quickml.jobs.jobs import JobStore
from quickml.jobs.owners import OwnerStore
from quickml.jobs.tokens import TokenStore
from quickml.service import FileLimits, Importer, Retention, Service, Uploads
from quickml.settings import ServerSettings
from quickml.storage.addresses import Addresses, partial_stores
from quickml.storage.backends import Backends
from quickml.storage.probe import StorageProbe
from quickml.storage.room import Room
from quickml.testing.executor import MemoryExecutor
from quickml.uploads.uploads import UploadStore

INTRODUCTION = """A REST API with JSON messages. [The OpenAPI document](openapi.json) describes all of them; a
server serves its own at `/v1/openapi.json`. To start a server, see [run a server](../how-to/run-a-server.md).

If the server requires tokens, send `Authorization: Bearer qml_...`. If you cannot set a header, as in a link
or an `EventSource`, use the parameter `?token=qml_...`; it may end in logs. Request bodies must have the
Content-Type `application/json`; only `/make-model` and uploads take others.

A request that changes something and comes from a web page of another origin gets the problem `forbidden`
(403), unless `cors_origins` has the origin. Browsers send `Sec-Fetch-Site` or `Origin`, from which the server
knows; other programs need neither."""

STUDIO = """## The studio

`GET /` responds with a page to browsers, which prefer `text/html`, and with JSON to everybody else. The JSON
says which version the server has, whether requests need a token, and whose jobs the token of this request
gives access to. `GET /v1/examples` has documents to start from. The page uses no other routes than those
listed here; the files that it loads are below `/assets/`.

`ahead` of a queued job is the number of jobs that have their turn before it; `lacks` is what it needs and no
connected worker has. `workers` of `/readyz` are the server's worker processes by state, `seats` those of all
servers and workers of the database. `GET /v1/jobs/{job_id}/interface?file=` is what a Core ML file says
about itself: names, types and shapes of its inputs and outputs, labels, and the first iOS that reads it."""

ESTIMATES = """## Estimates

For a valid document, `POST /v1/validate` estimates what a job with it will need. `seconds` are from the
first stage to the last, without waiting in the queue; in about nine of ten cases a job takes between
`low_seconds` and `high_seconds`. They come from the durations of the last 40 jobs of this server that
became ready, of all owners: those with similar work count more. `based_on` is their number. With 0,
fixed values are used that were measured on two processor cores, and the range is wide. Jobs that were
stopped, limited in time or interrupted do not count. Early stopping lowers `low_seconds` only;
`max_seconds` limits all. `memory_bytes` is the memory of the whole worker, not only of the network, and
`files` are the sizes of the files that the document asks for."""

FILES = """## Files

The manifest, `GET /v1/jobs/{job_id}/artifacts`, lists every file with its size, SHA-256 and URL. The
content of a URL that contains a SHA-256 never changes. A package, which is a folder, is listed as a zip;
`package` in its row lists the same files with a URL each.

Requests for a file or its checksums need a token, or the `job`, `expires` and `signature` parameters of a
link from `POST /v1/jobs/{job_id}/links`. If there is a signature, the token is ignored. A link is valid for
its file and the checksums of that file only, until it expires or the job is deleted.
[Fetch models](../how-to/fetch-models.md) has examples."""

UPLOADS = """## Files of your own

`POST /v1/files` takes the name, size and SHA-256 of a file. If you have uploaded its content before, the
response (200) is the file, and nothing needs to be sent. Otherwise (201) `Location` is the path of an
upload, to which the bytes are sent with `PATCH`. The same request again continues an upload that is open.
Files belong to their owner: the content of another owner's file is always sent, so nobody can find out what
others have.

An upload speaks two protocols. Clients of the IETF's draft
[Resumable Uploads for HTTP](https://datatracker.ietf.org/doc/draft-ietf-httpbis-resumable-upload/), among
them `URLSession` since iOS 17, send `Upload-Offset`, `Upload-Complete` and the media type
`application/partial-upload`. They may create an upload with its bytes in `POST /v1/files`, with
`Upload-Complete: ?1`, the name in `Content-Disposition` and the digest in `Repr-Digest`. If they send
`Upload-Draft-Interop-Version` (3 to 8), an interim response with status 104 tells them the path of the upload
before the bytes are sent, and later ones tell how many are on disk. Clients of
[tus 1.0](https://tus.io/protocols/resumable-upload) send `Tus-Resumable`, `Upload-Offset` and the media type
`application/offset+octet-stream`; of its extensions there are creation, creation-with-upload,
creation-defer-length, expiration and termination. `Upload-Metadata` may have `filename` and `sha256`.
`OPTIONS` on both paths tells what is offered, and needs no token.

What arrives before a connection breaks is kept. `HEAD` tells the offset to continue from, in
`Upload-Offset`; it ends a request that still appends, since its client has given it up. A request with
another offset gets 409 with the right one; of two requests at once one wins, and the other gets 409. Once
the upload is complete, `Content-Location` of the responses, also of `HEAD`, is the path of the file. If a
digest was announced and the content has another one, the response is a problem of type `digest`, and the
upload is removed.

The dataset of a document may be a table in one of your files: `sha256` decides which one, else the newest
one of the name in `file`. The job holds its content, and gets no other one later. No path is ever opened.
`/profile` tells what is in a table, with a document to start from; options of the dataset, such as
`columns={"id": "ignore"}` or `decimal=,`, change what it makes. `/rows` has the rows as texts.

A name is what you call a file; it may have several. `DELETE /v1/files/{sha256}` removes the content, all
names, unfinished uploads of it and everything that was made of it; nothing is left below the data folder. It
gets 409 while a queued or running job needs the file. Results of jobs are deleted with their jobs."""

DATASETS = """## Samples of datasets

`GET /v1/datasets/{name}/samples` takes the options of the dataset as parameters, which are checked as in a
document: `noise=0.3&num_samples=500`. (A dataset of another package cannot take options that are called like
a parameter of the route.) `split` is `test` or `train`, and the ID of a sample is its index in that split, so
the same options give the same samples. Ask for samples by `ids=1,5,7`, or for a page of `limit` samples from
`offset`: of certain classes with `label`, which can be repeated, or class by class with `per_class`. A page
holds at most 2,000 samples and 100,000 numbers; `next` is the offset of the next page. The samples come in
columns:

```json
{"name": "moons", "split": "test", "kind": "features", "shape": [2], "labels": ["upper", "lower"],
 "total": 200, "matching": 2, "next": null,
 "ids": [1, 0], "targets": [0, 1], "values": [[-0.93, 0.41], [1.72, -0.2]]}
```

The pixels of pictures are on a sheet: `GET /v1/datasets/{name}/sheet.png?ids=3,17`, with the same options and
`split`. Picture `i` of at most 500 `ids` is in row `i // 10` and column `i % 10`. Cells have the size of a
picture and no margins, pixels are not scaled, and the rest of the last row is black; a sheet of fewer than
ten pictures is as wide as they are. 100 digits of MNIST take 17 KB.

Both responses have a strong `ETag`, and may be cached for a week if the dataset comes with QuickML. A dataset
of more than 64 MB, or of more than 2 million numbers that are not pixels, is refused with a problem of type
`dataset`, and so is one that is not on the server yet: nothing is downloaded."""

EVENTS = """## Events

`GET /v1/jobs/{job_id}/events` is a stream of Server-Sent Events: `id` is the number of the event in its
job, `data` an [event](events.md) as JSON. A client that reconnects with `Last-Event-ID`, as an
`EventSource` does, or with `?after=`, receives the events after that number. Comments are sent as
heartbeats. The stream ends after `verified`, `failed` or `cancelled`; a request for later events is
answered with 204.

With `Accept: application/json` the response is a page of the existing events. To get the next page, pass
`last` as `after`."""

FRAMES = """## Films

`GET /v1/jobs/{job_id}/frames?after=` sends [the film of a training](../explanation/film.md) in pages, while
it is recorded and afterwards. A page is a film with its header and the first 64 frames, at most, whose
numbers are above `after`; each frame stands alone. For the next page, pass the number of the last frame. A
page without frames means that there are no more, or, before the job is finished, no more yet: a `snapshot`
event tells of new ones. The response is 204 until the training begins, and a problem of type `not-found` if
a finished job has no film. A film is thinned while it grows: pages that are read one after the other may
have frames that the later ones would not. When the job is ready, the artifact of kind `film`, `film.bin`,
is the whole film in fewer bytes; pages then have an `ETag`."""

ERRORS = """## Errors

Every error is a problem document (RFC 9457), `application/problem+json`, with `type`, `title`, `status` and
`detail`. Invalid documents and requests also have `problems`, each with a JSON pointer into the request,
what was expected and what was found. A problem of a document also has a `code`, `values` and, where the
message advises something, a `fix` as JSON Patch: see [the problems of documents](problems.md). Responses
with status 429, 503 or 507 have a `Retry-After` header, in seconds."""

SCULPTML = """## SculptML

`/make-model`, `/check-model`, `/get-model`, `/get-all` and `/stop-model` respond as the SculptML app of 2018
expects. `model_name` is the name of a job; if several jobs have this name, the newest is used."""


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document, which is the same for all servers of this version."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        backends = Backends.open(Addresses.of_paths(database=folder / "quickml.db", files=folder / "files"))
        jobs, hosts = JobStore(backends.database), Hosts(backends.database)
        files, room = UploadStore(backends.database, FileLimits()), Room(backends.artifacts, folder)
        service = Service(
            jobs=jobs,
            hosts=hosts,
            artifacts=backends.artifacts,
            executor=MemoryExecutor(jobs, hosts, workers=0),
            probe=StorageProbe(backends, folder / "scratch", room),
            tokens=TokenStore(backends.database),
            uploads=Uploads(
                files,
                partial_stores.open("file://", folder / "uploads"),
                backends.artifacts,
                limits=FileLimits(),
                room=room,
            ),
            importer=Importer(backends.artifacts, files, folder / "imports", room=room),
            retention=Retention(FinishedJobs(backends.database), OwnerStore(backends.database), jobs),
            room=room,
            scratch=folder / "models",
        )
        return create_app(service, ServerSettings()).openapi()


def page() -> str:
    """docs/reference/http.md."""
    routes = table(["request", "status", "description"], list(_routes()))
    texts = [STUDIO, ESTIMATES, DATASETS, FILES, UPLOADS, EVENTS, FRAMES, ERRORS]
    parts = [NOTE, "# HTTP API", INTRODUCTION, "## Routes", routes, *texts]
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


def _type(kind: str) -> str:
    return kind if kind.startswith(REGISTERED) else PREFIX + kind


def _problems() -> str:
    found: dict[tuple[int, str], str] = {(status, kind): title for status, kind, title in KINDS.values()}
    rows = [[str(status), f"`{_type(kind)}`", title] for (status, kind), title in sorted(found.items())]
    return table(["status", "type", "title"], rows)
