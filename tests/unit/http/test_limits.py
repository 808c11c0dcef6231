"""Limits and hostile input: each is answered with a problem document, and nothing is stored."""

import asyncio
import json

import pytest

from quickml.service import DocumentLimits, Limits
from served import IRIS, JSON, Served, is_problem, served

MNIST = [{"type": "Flatten"}, {"type": "Dense", "units": 10, "activation": "softmax"}]
PROBLEMS = {
    "max_layers": ("/model/layers", "at most 1 layers", "2"),
    "max_parameters": ("/model/layers", "at most 1 parameters", "24"),
    "max_memory_bytes": ("/model/layers", "at most 1 bytes of memory for training", None),
    "max_epochs": ("/training/epochs", "at most 1 epochs", "10"),
    "max_seconds": ("/training/max_seconds", "at most 1 seconds", "2"),
}


@pytest.mark.parametrize("limit", PROBLEMS)
@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/validate"])
def test_a_limit_of_the_server_is_told_with_its_place(tmp_path, limit, path):
    pointer, expected, found = PROBLEMS[limit]
    document = {**IRIS, "training": {"epochs": 10, "max_seconds": 2}}
    with served(tmp_path, workers=0, documents=DocumentLimits(**{limit: 1})) as server:
        answer = server.post(document, path=path)
        body = answer.json() if path == "/v1/validate" else is_problem(answer, 422, "document")
        (problem,) = body["problems"]
        assert (problem["pointer"], problem["expected"]) == (pointer, expected)
        assert found in (None, problem["found"])
        assert problem["hint"] == "a limit of this server"
        assert server.store.jobs() == []


def test_samples_that_do_not_fit_into_a_worker_are_refused(tmp_path):
    most = 660_000_000  # of which the program needs 650 MB
    with served(tmp_path, workers=0, documents=DocumentLimits(worker_memory_bytes=most)) as server:
        assert server.post(path="/v1/validate").json()["valid"]
        answer = server.post({**IRIS, "dataset": "mnist", "model": {"layers": MNIST}}, path="/v1/validate")
        (problem,) = answer.json()["problems"]
        assert (problem["pointer"], problem["hint"]) == ("/dataset", "a limit of this server")
        assert problem["expected"] == "at most 660,000,000 bytes of memory for a worker"
        assert problem["found"].endswith("of which 109,760,000 for the samples")


def test_an_attempt_gets_the_time_that_the_server_allows(tmp_path):
    with served(tmp_path, workers=0, documents=DocumentLimits(max_seconds=7.0)) as server:
        assert server.store.job(server.submit()).max_seconds == 7.0


@pytest.mark.parametrize(
    ("limit", "status"), [("queued_per_owner", 429), ("queue_length", 503)], ids=["of an owner", "of all"]
)
def test_a_full_queue_says_when_to_come_back(tmp_path, limit, status):
    with served(tmp_path, workers=0, queue=Limits(**{limit: 2})) as server:
        server.submit()
        server.submit()
        answer = server.post()
        problem = is_problem(answer, status, "queue-full")
        assert limit in problem["detail"]
        assert int(answer.headers["retry-after"]) > 0
        assert len(server.store.jobs()) == 2


def test_a_full_disk_takes_no_job_and_is_not_ready(tmp_path):
    with served(tmp_path, workers=0, room=1 << 50) as server:
        is_problem(server.post(), 507, "disk-full")
        assert server.client.get("/readyz").status_code == 503
        assert server.post(path="/v1/validate").json()["valid"]
        assert server.store.jobs() == []


# Documents that are none


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), workers=0, max_body_bytes=20_000_000) as server:
        yield server


NESTED = b"[" * 5_000_000 + b"]" * 5_000_000
HOSTILE = {
    "nothing": b"",
    "no JSON": b"hello",
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "half a surrogate": b'{"name": "\\ud800"}',
    "10 MB of nesting": NESTED,
    "nested objects": b'{"a":' * 30_000 + b"1" + b"}" * 30_000,
    "a million layers": b'{"model":{"layers":[' + b"{}," * 1_000_000 + b"{}]}}",
    "a number of 5,000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "a list": b"[1, 2]",
    "null": b"null",
    "NaN": b'{"name": NaN}',
    "a key twice": b'{"name": "a", "name": "b"}',
    "paths": json.dumps({**IRIS, "name": "../../etc/passwd"}).encode(),
    "zero bytes": b"\0" * 1000,
    "numbers for all": json.dumps(dict.fromkeys(("name", "dataset", "model", "training"), 1e308)).encode(),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/validate", "/make-model"])
def test_hostile_documents_are_answered(server, name, path):
    answer = server.post(HOSTILE[name], path=path)
    if path == "/v1/validate":
        assert answer.status_code == 200
        body = answer.json()
        assert not body["valid"]
    else:
        body = is_problem(answer, {"/v1/jobs": 422, "/make-model": 400}[path], "document")
    assert 1 <= len(body["problems"]) <= 100
    assert len(answer.content) < 100_000
    assert server.store.jobs() == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/validate", "/v1/jobs/x/predictions"])
def test_another_content_type_is_refused(server, kind, path):
    is_problem(server.post(path=path, headers={"Content-Type": kind}), 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "application/vnd.x+json", "APPLICATION/JSON"]
)
def test_every_kind_of_json_is_taken(server, kind):
    assert server.post(path="/v1/validate", headers={"Content-Type": kind}).json()["valid"]


NAMES = [
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "a" * 5000,
    "\N{SNOWMAN}",
    "job_" + "I" * 26,
    "'--",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_from_outside_lead_nowhere(server, name):
    for path in (f"/v1/jobs/{name}", f"/v1/jobs/{name}/events", f"/v1/datasets/{name}"):
        is_problem(server.client.get(path), 404, "not-found")
    for path in (f"/v1/artifacts/{name}/model.mlmodel", f"/v1/artifacts/{'ab' * 32}/{name}"):
        is_problem(server.client.get(path), 404, "not-found")
    for path in ("/check-model", "/get-model", "/stop-model"):
        is_problem(server.client.get(path, params={"model_name": name}), 404, "not-found")


def test_a_wrong_method_is_a_problem_too(server):
    is_problem(server.client.put("/v1/jobs"), 405, "method-not-allowed")


def test_a_mistake_of_ours_tells_nothing(tmp_path, monkeypatch):
    with served(tmp_path, workers=0) as server:
        monkeypatch.setattr(server.jobs, "jobs", lambda **_: 1 / 0)
        problem = is_problem(server.client.get("/v1/jobs"), 500, "internal")
        assert "division" not in str(problem)


def test_a_database_that_fails_says_to_come_back_and_no_path(tmp_path, monkeypatch):
    from quickml.errors import StoreError

    def fail(*_, **__):
        raise StoreError("/secret/quickml.db: disk I/O error")

    with served(tmp_path, workers=0) as server:
        monkeypatch.setattr(server.jobs, "submit", fail)
        monkeypatch.setattr(server.jobs, "counts", fail)
        answer = server.post()
        is_problem(answer, 503, "storage")
        assert "secret" not in answer.text
        ready = server.client.get("/readyz")
        assert (ready.status_code, ready.json()["database"]) == (503, "unusable")
        assert "secret" not in ready.text
        assert "quickml_ready 0.0" in server.client.get("/metrics").text


# Bodies: how much, and how long


def body_of(size):
    return json.dumps({**IRIS, "name": "x" * size}).encode()


def test_a_body_that_says_it_is_too_long_is_not_read(tmp_path):
    with served(tmp_path, workers=0, max_body_bytes=1000) as server:
        answer = server.post(body_of(2000))
        is_problem(answer, 413, "content-too-large")
        assert answer.headers["connection"] == "close"
        assert server.post(b" " * 900, path="/v1/validate").status_code == 200


def call(app, *messages, headers=(), path="/v1/jobs", state=None):
    """One request as a server makes it: `messages` are received in turn, then nothing comes any more."""
    sent = []

    async def send(message):
        sent.append(message)

    async def run():
        left = list(messages)

        async def receive():
            if left:
                return left.pop(0)
            return await asyncio.get_running_loop().create_future()

        raw = [(name.lower().encode(), value.encode()) for name, value in {**JSON, **dict(headers)}.items()]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": path,
            "raw_path": path.encode(), "query_string": b"", "scheme": "http", "root_path": "",
            "headers": [(b"host", b"localhost"), *raw], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        }  # fmt: skip
        await app(scope, receive, send)

    asyncio.run(run())
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(body)


def part(body, more=True):
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_without_a_length_is_read_up_to_the_limit(tmp_path):
    app = Served(tmp_path, workers=0, max_body_bytes=1000).app
    status, problem = call(app, *(part(b" " * 300) for _ in range(100)))
    assert (status, problem["type"]) == (413, "urn:quickml:problem:content-too-large")


def test_a_body_in_pieces_is_one(tmp_path):
    app = Served(tmp_path, workers=0).app
    body = json.dumps(IRIS).encode()
    status, job = call(app, part(body[:10]), part(body[10:20]), part(body[20:], more=False))
    assert (status, job["name"]) == (202, "iris")


def test_a_body_that_does_not_come_is_given_up(tmp_path):
    app = Served(tmp_path, workers=0, body_timeout_s=0.05).app
    for path in ("/v1/jobs", "/v1/validate", "/make-model", "/v1/jobs/x/predictions"):
        status, problem = call(app, part(b'{"name": '), path=path)
        assert (status, problem["type"]) == (408, "urn:quickml:problem:request-timeout")


def test_a_client_that_leaves_while_it_sends_is_forgotten(tmp_path):
    server = Served(tmp_path, workers=0)
    status, _ = call(server.app, part(b'{"name": '), {"type": "http.disconnect"})
    assert status >= 400
    assert server.store.jobs() == []


@pytest.mark.parametrize("length", ["0" * 5_000, "0" * 5_000 + "2", "2"])
def test_a_length_with_many_zeros_is_that_length(server, length):
    answer = server.client.post("/v1/validate", content=b"{}", headers={**JSON, "Content-Length": length})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("length", ["20000001", "9" * 19, "9" * 5_000, "0" * 5_000 + "9" * 8])
def test_a_long_body_is_refused_by_its_length_however_it_is_written(server, length):
    answer = server.client.post("/v1/validate", content=b"{}", headers={**JSON, "Content-Length": length})
    is_problem(answer, 413, "content-too-large")
    assert answer.headers["connection"] == "close"


def test_the_answer_to_an_unexpected_error_says_that_the_connection_ends(tmp_path, monkeypatch):
    with served(tmp_path, workers=0) as server:
        monkeypatch.setattr(server.service, "details", lambda *_: 1 / 0)
        answer = server.client.get("/v1/jobs/x")
        is_problem(answer, 500, "internal")
        assert answer.headers["connection"] == "close"


INVALID = {
    "no object": ("[1]", "/: expected an object, found [1]"),
    "a missing key": ("{}", "/inputs: expected a value, found none"),
    "an unknown key": ('{"inputs": [1], "layer": 1}', '/layer: expected a known key, found "layer"'),
    "one of two types": (
        '{"inputs": [1], "activations": 5}',
        "/activations: expected true or false, found 5\n/activations: expected a list, found 5",
    ),
    "an item": (
        '{"inputs": [1], "activations": ["dense", null]}',
        '/activations: expected true or false, found ["dense", null]\n'
        "/activations/1: expected a string, found null",
    ),
    "an empty list": ('{"inputs": []}', "/inputs: expected at least 1 item, found []"),
    "broken JSON": ('{"inputs": [1],}', "line 1, column 15"),
    "half a character": (r'{"inputs": ["\ud800"]}', "/: expected JSON, found unexpected end of hex escape"),
    "deep JSON": ("[" * 5000, "/: expected JSON nested at most 20 levels deep, found more"),
}


@pytest.mark.parametrize(("body", "message"), INVALID.values(), ids=INVALID)
def test_problems_of_a_message_have_places_in_the_body_and_plain_words(server, body, message):
    answer = server.client.post("/v1/jobs/job_1/predictions", content=body, headers=JSON)
    is_problem(answer, 422, "request")
    assert message in answer.json()["detail"]


def test_problems_of_parameters_have_plain_words(server):
    answer = server.client.get("/v1/jobs", params={"limit": "many", "status": "lost"})
    is_problem(answer, 422, "request")
    assert '?limit: expected an integer, found "many"' in answer.json()["detail"]
    answer = server.client.get("/check-model")
    assert answer.json()["detail"] == "?model_name: expected a value, found none"
