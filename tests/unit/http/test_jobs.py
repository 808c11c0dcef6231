"""Jobs over HTTP: submit, look, stop, cancel, remove; whose they are."""

import json

import pytest

from quickml.api.validation import ValidationMessage
from quickml.client.problems import refusal
from quickml.document import Plan, read
from quickml.events import Status
from quickml.patch import applied
from served import HOURS, IRIS, is_problem, served, until


@pytest.fixture
def server(tmp_path):
    with served(tmp_path) as server:
        yield server


@pytest.fixture
def waiting(tmp_path):
    """Jobs stay in the queue."""
    with served(tmp_path, workers=0) as server:
        yield server


@pytest.fixture
def slow(tmp_path):
    """Jobs train until somebody does something about it."""
    with served(tmp_path, epoch_s=HOURS) as server:
        yield server


def test_a_job_is_stored_before_it_is_accepted(waiting):
    answer = waiting.post()
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}" == job["links"]["self"]
    assert (job["name"], job["status"], job["progress"]) == ("iris", "queued", 0.0)
    stored = waiting.store.job(job["id"])
    assert json.loads(stored.document) == IRIS


def test_a_job_becomes_ready_and_tells_all_that_is_known(server):
    job_id = server.submit()
    server.over(job_id)
    job = server.client.get(f"/v1/jobs/{job_id}").json()
    assert (job["status"], job["progress"], job["epoch"], job["epochs"]) == ("ready", 1.0, 3, 3)
    assert job["metrics"] == {"loss": 0.5, "accuracy": 0.75}
    assert job["document"] == IRIS
    assert job["artifacts"] == []
    assert job["error"] is None
    assert job["created_at"].endswith("Z")


def test_a_document_with_a_byte_order_mark_is_kept_without(waiting):
    job_id = waiting.post(b"\xef\xbb\xbf" + json.dumps(IRIS).encode()).json()["id"]
    assert waiting.client.get(f"/v1/jobs/{job_id}").json()["document"] == IRIS


def test_a_metric_that_is_no_number_is_null(waiting):
    from job_examples import progress

    job_id = waiting.submit()
    waiting.store.append(waiting.store.claim(), [progress(loss=float("nan"))])
    assert waiting.client.get(f"/v1/jobs/{job_id}").json()["metrics"] == {"loss": None}


def test_the_same_key_gives_the_first_job_again(waiting):
    first, second = (waiting.post(headers={"Idempotency-Key": "abc"}) for _ in range(2))
    other = waiting.post(headers={"Idempotency-Key": "abd"})
    assert first.json()["id"] == second.json()["id"] != other.json()["id"]
    assert len(waiting.store.jobs()) == 2


def test_the_same_key_with_another_document_is_refused(waiting):
    waiting.post(headers={"Idempotency-Key": "abc"})
    is_problem(
        waiting.post({**IRIS, "name": "other"}, headers={"Idempotency-Key": "abc"}), 422, "idempotency-key"
    )


@pytest.mark.parametrize("key", ["", "a" * 256, "with space"])
def test_a_key_is_short_and_visible(waiting, key):
    is_problem(waiting.post(headers={"Idempotency-Key": key}), 400, "bad-request")


def test_jobs_come_newest_first_in_pages(waiting):
    ids = [waiting.submit() for _ in range(5)][::-1]
    page = waiting.client.get("/v1/jobs", params={"limit": 3}).json()
    assert [job["id"] for job in page["jobs"]] == ids[:3]
    rest = waiting.client.get("/v1/jobs", params={"limit": 3, "cursor": page["next"]}).json()
    assert [job["id"] for job in rest["jobs"]] == ids[3:]
    assert rest["next"] is None


def test_the_last_page_knows_that_it_is_when_it_is_full(waiting):
    ids = [waiting.submit() for _ in range(2)]
    page = waiting.client.get("/v1/jobs", params={"limit": 2}).json()
    assert (len(page["jobs"]), page["next"]) == (len(ids), None)


def test_jobs_of_some_statuses(waiting):
    cancelled, queued = waiting.submit(), waiting.submit()
    waiting.store.cancel(cancelled)

    def found(*statuses):
        jobs = waiting.client.get("/v1/jobs", params={"status": statuses}).json()["jobs"]
        return [job["id"] for job in jobs]

    assert found("cancelled") == [cancelled]
    assert found("cancelled", "queued") == [queued, cancelled]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"limit": "0"}, "?limit"),
        ({"limit": "many"}, "?limit"),
        ({"limit": "1" * 5000}, "?limit"),
        ({"status": "happy"}, "?status/0"),
    ],
)
def test_a_wrong_parameter_is_named(waiting, query, pointer):
    problem = is_problem(waiting.client.get("/v1/jobs", params=query), 422, "request")
    assert [item["pointer"] for item in problem["problems"]] == [pointer]


def test_a_cursor_that_is_none_is_not_found(waiting):
    is_problem(waiting.client.get("/v1/jobs", params={"cursor": "' OR 1=1"}), 404, "not-found")


def test_stopping_keeps_what_was_learned(slow):
    job_id = slow.submit()
    slow.training(job_id)
    answer = slow.client.post(f"/v1/jobs/{job_id}/stop")
    assert (answer.status_code, answer.json()["stop_requested"]) == (202, True)
    job = slow.over(job_id)
    assert (job.status, job.stopped_early) == (Status.READY, True)
    assert slow.client.post(f"/v1/jobs/{job_id}/stop").json()["status"] == "ready"


def test_cancelling_gives_up_and_makes_room(slow):
    first, second = slow.submit(), slow.submit()
    slow.training(first)
    assert slow.client.post(f"/v1/jobs/{first}/cancel").json()["status"] == "cancelled"
    slow.training(second)
    assert slow.client.post(f"/v1/jobs/{first}/cancel").status_code == 200


def test_a_job_is_removed_also_while_it_trains(slow):
    first, second = slow.submit(), slow.submit()
    slow.training(first)
    assert slow.client.delete(f"/v1/jobs/{first}").status_code == 204
    is_problem(slow.client.get(f"/v1/jobs/{first}"), 404, "not-found")
    is_problem(slow.client.get(f"/v1/jobs/{first}/events"), 404, "not-found")
    is_problem(slow.client.delete(f"/v1/jobs/{first}"), 404, "not-found")
    slow.training(second)


def test_files_of_removed_jobs_go_with_a_sweep_and_those_of_others_stay(tmp_path, monkeypatch):
    from job_examples import artifact, finish

    async def never(_):
        """Instead of the server's own sweeps, which would see the clock change."""

    monkeypatch.setattr("quickml.http.app._sweep", never)
    with served(tmp_path, workers=0) as server:
        server.artifacts._clock = lambda: 0.0
        stored = {}
        for name in ("shared", "own"):
            (tmp_path / name).write_text(name)
            stored[name] = server.artifacts.put(tmp_path / name).sha256
        first, second = server.submit(), server.submit()
        for job_id, names in ((first, ("shared", "own")), (second, ("shared",))):
            attempt = server.store.claim()
            finish(server.store, attempt, *(artifact(job_id, name, stored[name]) for name in names))
        server.artifacts._clock = lambda: 10_000.0
        server.client.delete(f"/v1/jobs/{first}")
        server.service.sweep()
        assert server.artifacts.stat(stored["shared"])
        with pytest.raises(Exception, match="no file"):
            server.artifacts.stat(stored["own"])


# Owners


@pytest.fixture
def two(tmp_path):
    """A server that asks for tokens, and what two owners send with each request."""
    with served(tmp_path, workers=0, access="tokens") as server:
        yield (
            server,
            *({"Authorization": f"Bearer {server.tokens.create(name)[1]}"} for name in ("ada", "bob")),
        )


def test_what_is_somebody_elses_is_not_there(two):
    server, ada, bob = two
    job_id = server.post(headers=ada).json()["id"]
    assert server.client.get(f"/v1/jobs/{job_id}", headers=ada).status_code == 200
    unknown = "job_" + "0" * 26
    for method, path in (
        ("GET", ""), ("GET", "/events"), ("GET", "/artifacts"), ("POST", "/stop"), ("POST", "/cancel"),
        ("DELETE", ""),
    ):  # fmt: skip
        theirs = server.client.request(method, f"/v1/jobs/{job_id}{path}", headers=bob)
        nobodys = server.client.request(method, f"/v1/jobs/{unknown}{path}", headers=bob)
        is_problem(theirs, 404, "not-found")
        assert theirs.text.replace(job_id, unknown) == nobodys.text, "the two must not be told apart"
    assert server.client.get("/v1/jobs", headers=bob).json()["jobs"] == []
    assert len(server.client.get("/v1/jobs", headers=ada).json()["jobs"]) == 1
    assert server.store.job(job_id).status is Status.QUEUED


def test_keys_are_each_owners_own(two):
    server, ada, bob = two
    ids = {server.post(headers={**who, "Idempotency-Key": "1"}).json()["id"] for who in (ada, bob)}
    assert len(ids) == 2


# Validation


def test_a_valid_document_is_explained_and_nothing_is_queued(waiting):
    answer = waiting.post(path="/v1/validate").json()
    assert answer["valid"]
    assert answer["problems"] == []
    assert answer["parameters"] == 24
    assert [layer["output_shape"] for layer in answer["layers"]] == [[4], [3]]
    assert answer["spec"]["training"]["loss"] == "sparse_categorical_crossentropy"
    assert answer["memory_bytes"] > 0
    assert waiting.store.jobs() == []


def test_an_answer_says_that_it_leaves_problems_out(waiting):
    wrong = {"name": "a", "dataset": "iris", "model": {"layers": [{"type": "Dense", "units": "x"}] * 101}}
    for path in ("/v1/validate", "/v1/jobs"):
        answer = waiting.post(wrong, path=path).json()
        assert (len(answer["problems"]), answer["more"]) == (100, True)
    assert "more" not in waiting.post({}, path="/v1/jobs").json()


def test_problems_and_warnings_have_their_places(waiting):
    wrong = {**IRIS, "dataset": "irs", "training": {"epochs": 0}}
    answer = waiting.post(wrong, path="/v1/validate").json()
    assert not answer["valid"]
    assert [item["pointer"] for item in answer["problems"]] == ["/dataset/name", "/training/epochs"]
    slow = {**IRIS, "training": {"optimizer": {"type": "Adadelta"}}}
    warned = waiting.post(slow, path="/v1/validate").json()
    assert [item["pointer"] for item in warned["warnings"]] == ["/training/optimizer"]


def test_problems_offer_a_fix_that_both_routes_and_the_client_tell(waiting):
    flat = {"type": "Dense", "units": 3, "activation": "softmax"}
    wrong = {**IRIS, "model": {"layers": [{"type": "Dense", "units": 8}, {**flat, "units": 4}]}}
    checked = waiting.post(wrong, path="/v1/validate").json()
    refused = waiting.post(wrong)
    assert refused.status_code == 422
    (problem,) = refused.json()["problems"]
    assert [problem] == checked["problems"]
    assert (problem["code"], problem["values"]["units"]) == ("output-size", 3)
    assert [layer["output_shape"] for layer in checked["layers"]] == [[8], [4]]
    assert checked["parameters"] is None
    for found in (
        refusal(422, refused.headers, refused.content).problems,
        ValidationMessage.model_validate(checked).problems,
    ):
        assert waiting.post(applied(wrong, found[0].fix), path="/v1/validate").json()["valid"]


def test_a_long_document_is_validated_too(waiting):
    hidden = [{"type": "Dense", "units": 2, "name": f"layer_with_a_long_name_{n}"} for n in range(700)]
    document = {**IRIS, "model": {"layers": [*hidden, *IRIS["model"]["layers"]]}}
    answer = waiting.post(document, path="/v1/validate").json()
    assert (answer["valid"], len(answer["layers"])) == (True, 702)


def test_validating_loads_nothing_heavy():
    import subprocess
    import sys

    code = """
import sys, pathlib
sys.path.insert(0, "tests/support")
from served import Served
import tempfile
server = Served(pathlib.Path(tempfile.mkdtemp()), workers=0)
assert server.post(path="/v1/validate").json()["valid"]
assert server.post().status_code == 202
heavy = {"tensorflow", "keras", "coremltools", "onnx", "onnxruntime", "sklearn", "numpy", "PIL"}
print(sorted(heavy & set(sys.modules)))
"""
    from served import ROOT

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr


def test_a_job_that_failed_says_why(waiting):
    job_id = waiting.submit()
    waiting.store.fail(waiting.store.claim(), "the data is gone", retry=False)
    job = waiting.client.get(f"/v1/jobs/{job_id}").json()
    assert (job["status"], job["error"]) == ("failed", "the data is gone")


def test_workers_hear_of_a_job_at_once(server):
    assert server.over(server.submit()).attempt == 1
    until(lambda: not any(worker.job_id for worker in server.executor.workers()), "idle workers")


def test_a_document_is_understood_once_and_its_plan_kept(tmp_path, monkeypatch):
    with served(tmp_path, workers=0) as server:
        job_id = server.submit()
        kept = server.store.job(job_id).plan
        assert Plan.from_json(kept) == read(json.dumps(IRIS))
        assert server.store.claim().plan == kept
