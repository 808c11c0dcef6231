"""The five routes of SculptML's app."""

import json
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote

import pytest
from sqlalchemy import func, update

from job_examples import artifact, epoch_ended, started, to_verifying, trained, verified
from quickml.events import Batches, Snapshot, Status, Warned
from quickml.storage.database.tables import events, jobs
from sculptml_documents import ODD, TRAINED_IN_2018, at_the_root, iris
from served import HOURS, is_problem, served

OLD = {
    "model": {
        "model_name": "my iris!",
        "num_layers": 1,
        "input_layer": {"dim": "(4)"},
        "layer_0": {"layer": "DenseLyr", "units": 3, "activation": "softmax"},
    },
    "dataset": {"name": "Iris", "epochs": "5"},
}
NAME = {"model_name": "my iris!"}


@pytest.fixture
def server(tmp_path):
    with served(tmp_path, workers=0) as server:
        yield server


def make(server, document=OLD):
    return server.client.post("/make-model", content=json.dumps(document))


def finish(server, tmp_path, losses=(0.5,)):
    (tmp_path / "m").write_bytes(b"a model")
    stored = server.artifacts.put(tmp_path / "m")
    sha256, size = stored.sha256, stored.size_bytes
    attempt = server.store.claim()
    last = epoch_ended(5, 5).model_copy(update={"metrics": {"loss": 0.5, "accuracy": 0.96}})
    later = [
        Batches(first=1, every=1, losses=(0.5,)),
        *(Snapshot(frame=frame, epoch=5, frames=frame, size_bytes=9) for frame in (8, 9)),
        trained(5),
        *(Warned(pointer="", message="about a file") for _ in range(8)),
    ]
    server.store.append(attempt, [started(5), *(epoch_ended(n, 5) for n in range(1, 5)), last, *later])
    to_verifying(server.store, attempt)
    server.store.complete(attempt, [artifact(attempt.job_id, "model.mlmodel", sha256, size)], verified())
    return attempt.job_id


def test_a_model_is_made_checked_and_fetched(server, tmp_path):
    made = make(server)
    assert made.status_code == 200
    assert made.headers["content-type"].startswith("text/plain")
    check = server.client.get("/check-model", params=NAME)
    assert check.json() == {
        "ready": 0, "model_path": None, "progress": 0.0,
        "progress_info": {"loss": 0.0, "acc": 0.0, "epoch": 0, "total_epochs": 5},
    }  # fmt: skip
    is_problem(server.client.get("/get-model", params=NAME), 404, "not-found")
    assert server.client.get("/get-all").json() == {"num_models": 0}

    finish(server, tmp_path)
    check = server.client.get("/check-model", params=NAME).json()
    assert (check["ready"], check["progress"]) == (1, 1.0)
    assert check["progress_info"] == {"loss": 0.25, "acc": 1.0, "epoch": 5, "total_epochs": 5}
    got = server.client.get("/get-model", params=NAME)
    assert got.content == b"a model"
    assert "my iris.mlmodel" in got.headers["content-disposition"].replace("%20", " ")
    assert got.headers["cache-control"] == "private, no-cache", "the next model may have this name too"
    again = server.client.get("/get-model", params=NAME, headers={"If-None-Match": got.headers["etag"]})
    assert again.status_code == 304
    for days, status in ((0, 304), (1, 200)):
        date = parsedate_to_datetime(got.headers["last-modified"]) + timedelta(days=days)
        since = {"If-Modified-Since": format_datetime(date, usegmt=True)}
        again = server.client.get("/get-model", params=NAME, headers=since)
        assert again.status_code == status, "a newer job of this name may have been removed since"
    part = server.client.get("/get-model", params=NAME, headers={"Range": "bytes=2-"})
    assert (part.status_code, part.content) == (206, b"model")
    assert server.client.get("/get-all").json() == {
        "num_models": 1,
        "model_0": {"name": "my iris", "dataset": "iris", "size": 7, "train_acc": 0.96, "test_acc": 1.0},
    }


STALE = {
    "plan": [update(jobs).values(plan='{"version": 0}')],
    "document": [update(jobs).values(plan=None, document='{"dataset": "gone"}')],
    "field of an event": [
        update(events).values(body=func.replace(events.c.body, '"learning_rate":', '"rate_of_learning":'))
    ],
    "event": [update(events).values(body=func.replace(events.c.body, '"type":"epoch"', '"type":"era"'))],
}


@pytest.mark.parametrize("changes", STALE.values(), ids=STALE)
def test_a_row_of_another_release_does_not_break_a_listing(server, tmp_path, changes):
    make(server)
    stale = finish(server, tmp_path)
    with server.database.write() as connection:
        for change in changes:
            assert connection.execute(change).rowcount
    make(server, {**OLD, "model": {**OLD["model"], "model_name": "other"}})
    finish(server, tmp_path)
    listed = server.client.get("/get-all").json()
    assert listed["num_models"] == 2
    assert [listed[f"model_{place}"]["size"] for place in range(2)] == [7, 7]
    assert len(server.client.get("/v1/jobs").json()["jobs"]) == 2
    assert server.client.get(f"/v1/jobs/{stale}").json()["status"] == "ready"
    page = server.client.get(f"/v1/jobs/{stale}/events", headers={"Accept": "application/json"}).json()
    assert (page["last"], page["is_finished"]) == (19, True)
    if changes is STALE["plan"]:
        asked = server.post({"inputs": [[1, 2, 3, 4]]}, path=f"/v1/jobs/{stale}/predictions")
        is_problem(asked, 422, "unsupported-model")


def test_a_name_used_again_means_its_newest_job(server, tmp_path):
    make(server)
    first = finish(server, tmp_path)
    make(server)
    assert server.client.get("/check-model", params=NAME).json()["ready"] == 0
    assert server.client.get("/get-all").json()["num_models"] == 1
    second = finish(server, tmp_path)
    assert first != second
    assert server.client.get("/get-all").json()["num_models"] == 1


def test_stopping_keeps_and_compiles(tmp_path):
    with served(tmp_path, epoch_s=HOURS) as server:
        make(server)
        job = server.service.newest("my iris", "anyone")
        server.training(job.id)
        assert server.client.get("/stop-model", params=NAME).status_code == 200
        assert server.over(job.id).status is Status.READY
        assert server.client.get("/check-model", params=NAME).json()["ready"] == 1
        is_problem(server.client.get("/stop-model", params=NAME), 404, "not-found")


def test_a_model_that_nobody_made_is_not_there(server):
    for path in ("/check-model", "/get-model", "/stop-model"):
        is_problem(server.client.get(path, params={"model_name": "other"}), 404, "not-found")
        is_problem(server.client.get(path), 422, "request")


def test_a_wrong_document_is_a_400_with_its_problems(server):
    problem = is_problem(make(server, {**OLD, "dataset": {"name": "irs"}}), 400, "document")
    assert [item["pointer"] for item in problem["problems"]] == ["/dataset/name"]
    assert server.client.get("/get-all").json() == {"num_models": 0}


def test_a_metric_that_is_no_number_is_zero_for_an_app_that_knows_no_null(server):
    from job_examples import progress

    make(server)
    server.store.append(server.store.claim(), [progress(loss=float("nan"))])
    assert server.client.get("/check-model", params=NAME).json()["progress_info"]["loss"] == 0.0


def test_documents_of_2018_are_submitted_as_they_are(server):
    for name, document in TRAINED_IN_2018.items():
        assert make(server, document).status_code == 200, name
    assert len(server.store.jobs()) == len(TRAINED_IN_2018)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_the_encoding_of_a_document_is_recognised(server, encoding):
    body = json.dumps(iris()).encode(encoding)
    assert server.client.post("/make-model", content=body).status_code == 200
    headers = {"Content-Type": "application/json"}
    job = server.client.post("/v1/jobs", content=body, headers=headers).json()
    assert server.service.job(job["id"], "anyone").document == json.dumps(iris())


@pytest.mark.parametrize("name", ["Blüten", "数字", "हिन्दी"])
def test_a_name_in_any_script_names_its_model(server, tmp_path, name):
    assert make(server, at_the_root(model_name=name)).text == f"{name} is being made"
    assert server.client.get("/check-model", params={"model_name": name}).status_code == 200
    finish(server, tmp_path)
    got = server.client.get("/get-model", params={"model_name": name})
    assert got.content == b"a model"
    assert quote(f"{name}.mlmodel", safe="") in got.headers["content-disposition"]
    assert server.client.get("/get-all").json()["model_0"]["name"] == name


def test_a_mistake_in_the_text_is_named_with_its_place(server):
    problem = is_problem(
        server.client.post("/make-model", content=b'{"model": {"num_layers": 1,}}'), 400, "document"
    )
    assert problem["problems"][0]["found"] == "a comma before '}' at line 1, column 27"


@pytest.mark.parametrize("name", ODD)
def test_a_document_that_is_not_quite_json_is_shown_as_json(server, name):
    assert server.client.post("/make-model", content=ODD[name]).status_code == 200
    (job,) = server.store.jobs()
    answer = server.client.get(f"/v1/jobs/{job.id}")
    assert answer.status_code == 200
    shown = json.loads(answer.content, parse_constant=pytest.fail)
    assert shown["document"]["model"] == iris()["model"]
