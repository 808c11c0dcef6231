"""Requests that nobody thought of, made from the OpenAPI document of a server: it makes no mistake."""

import json
import threading

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

import rounds
from job_examples import artifact, finish
from quickml.http.server.run import Server, listen
from quickml.service import OPEN_OWNER, DocumentLimits, Limits
from served import IRIS, ROOT, Served, until

EXAMPLES = rounds.choose(few=10, full=100)
IS_THOROUGH = rounds.is_full
"""With every value of every key of a document, too: they take minutes to think of."""
DOCUMENTS = ("/v1/jobs", "/v1/validate", "/make-model")
NAME = "model.mlpackage/Data/weights.bin"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """uvicorn as `quickml serve` has it, with trainings that take no time."""
    served = Served(
        tmp_path_factory.mktemp("fuzz"),
        documents=DocumentLimits(max_parameters=100_000, max_epochs=50),
        queue=Limits(queued_per_owner=5),
        heartbeat_s=0.1,
    )
    served.file = a_file(served, tmp_path_factory.mktemp("file") / "weights.bin")
    listener = listen("127.0.0.1", 0)
    server = Server(served.app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    until(lambda: server.started, "a server")
    yield served, f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


schemathesis.serializer.alias(
    ["application/partial-upload", "application/offset+octet-stream"], "application/octet-stream"
)


def load(*, coverage):
    document = json.loads((ROOT / "docs" / "reference" / "openapi.json").read_text(encoding="utf-8"))
    schema = schemathesis.openapi.from_dict(document)
    schema.config.phases.coverage.enabled = coverage
    return schema


whole, quick = load(coverage=True), load(coverage=False)


def no_request_is_too_much(operation):
    """A test of its own: all that schemathesis makes of one function have one name, and pytest-xdist runs one
    test of each name."""

    schema = quick if operation.path in DOCUMENTS and not IS_THOROUGH else whole

    @schema.include(method=operation.method, path=operation.path).parametrize()
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def test(case, server):
        served, address = server
        check(case.call(base_url=address))
        there = {"job_id": a_job(served), "sha256": served.file, "filename": NAME, "name": "digits"}
        case.path_parameters |= {name: there[name] for name in case.path_parameters if name in there}
        if case.path_parameters:
            check(case.call(base_url=address))

    return test


for number, found in enumerate(whole.get_all_operations(), start=1):
    globals()[f"test_{number}_no_request_is_too_much"] = no_request_is_too_much(found.ok())


def a_file(served, path):
    """The sha256 of a file of a ready job, which is there before the server is."""
    path.write_bytes(bytes(range(256)) * 10)
    stored = served.artifacts.put(path)
    document = json.dumps({**IRIS, "name": "with a file"}).encode()
    job_id = served.service.submit(document, OPEN_OWNER).id
    finish(served.store, served.store.claim(), artifact(job_id, NAME, stored.sha256, stored.size_bytes))
    return stored.sha256


def a_job(served):
    """One that is there, since nobody guesses an id."""
    job = served.service.newest("iris", OPEN_OWNER)
    return job.id if job else served.service.submit(json.dumps(IRIS).encode(), OPEN_OWNER).id


def check(response):
    assert response.status_code < 500 or "retry-after" in response.headers, response.text
    if response.status_code >= 400:
        (kind,) = response.headers["content-type"]  # plain text is uvicorn's, for what is no HTTP
        assert kind in ("application/problem+json", "text/plain; charset=utf-8")
        assert "Traceback" not in response.text


def test_all_of_it_was_tried_on_a_server_that_is_still_well(server):
    served, _ = server
    text = served.app.state.shared.metrics.text().decode()
    assert 'status="500"' not in text
    for route in (
        *("/v1/jobs/{job_id}", "/v1/jobs/{job_id}/events", "/v1/jobs", "/v1/validate"),
        *("/v1/artifacts/{sha256}", "/v1/datasets/{name}", "/v1/datasets/{name}/samples"),
    ):
        assert f'route="{route}",status="200"' in text or f'sent_bytes_total{{route="{route}"}}' in text
    assert served.service.health().is_ready
