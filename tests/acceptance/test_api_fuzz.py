"""Requests that nobody thought of, made from the OpenAPI document of a server: it makes no mistake."""

import json
import threading

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from quickml.http.server import Server, listen
from quickml.service import OPEN_OWNER, DocumentLimits, Limits
from served import IRIS, ROOT, Served, until


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """uvicorn as `quickml serve` has it, with trainings that take no time."""
    served = Served(
        tmp_path_factory.mktemp("fuzz"),
        documents=DocumentLimits(max_parameters=100_000, max_epochs=50),
        queue=Limits(queued_per_owner=5),
        heartbeat_s=0.1,
    )
    listener = listen("127.0.0.1", 0)
    server = Server(served.app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    until(lambda: server.started, "a server")
    yield served, f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


schema = schemathesis.openapi.from_dict(
    json.loads((ROOT / "docs" / "reference" / "openapi.json").read_text(encoding="utf-8"))
)


@schema.parametrize()
@settings(
    max_examples=30, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
def test_no_request_is_too_much(case, server):
    served, address = server
    check(case.call(base_url=address))
    if "job_id" in case.path_parameters:
        case.path_parameters["job_id"] = a_job(served)
        check(case.call(base_url=address))


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
    text = served.app.state.metrics.text().decode()
    assert 'status="500"' not in text
    for route in ("/v1/jobs/{job_id}", "/v1/jobs/{job_id}/events", "/v1/jobs", "/v1/validate"):
        assert f'route="{route}",status="200"' in text or f'sent_bytes_total{{route="{route}"}}' in text
    assert served.service.health().is_ready
