"""The durations of the last jobs: of which, when they are read, and what they lead to."""

import json
from datetime import timedelta

import pytest

from job_examples import Clock, Jobs, artifact, new, opened, to_verifying, verified
from quickml import events
from quickml.document import understand
from quickml.errors import StoreError
from quickml.estimate import PastByDevice
from quickml.service import history as history_module
from quickml.service.history import EVERY_S, History
from served import IRIS, is_problem, served


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    return Jobs(opened(tmp_path / "quickml.db"), clock=clock)


def trained_job(store, clock, *, owner="ada", seconds=4.0, epochs=10, is_interrupted=False, **told):
    """A job whose training took `seconds`, and everything else 3 seconds."""
    plan = understand({**IRIS, "training": {"epochs": 20}}).to_json()
    store.submit(new(owner, document=json.dumps(IRIS)).__class__(**{**vars(new(owner)), "plan": plan}))
    attempt = store.claim()
    if is_interrupted:
        store.release(attempt, "the server ends")
        attempt = store.claim()
    told = {"stopped": None, **told}
    store.append(attempt, [events.Trained(epochs=epochs, metrics={}, seconds=seconds, **told)])
    to_verifying(store, attempt)
    clock.time += timedelta(seconds=seconds + 3)
    store.complete(attempt, (artifact(attempt.job_id),), verified())


def test_ready_jobs_of_all_owners_count(store, clock, monkeypatch):
    trained_job(store, clock)
    trained_job(store, clock, owner="bob", seconds=6.0, epochs=12, stopped="early_stopping")
    read = []
    monkeypatch.setattr(
        history_module,
        "PastByDevice",
        lambda given=(): PastByDevice(read.append(rows := list(given)) or rows),
    )
    assert len(History(store).past()) == 2
    measured = [one for device, one in read[-1] if device == "cpu"]
    assert [(one.training_s, one.other_s, one.work.epochs) for one in measured] == [(6, 3, 12), (4, 3, 10)]


def test_what_a_gpu_takes_says_nothing_of_processors_and_the_other_way_round(store, clock):
    document = {**IRIS, "training": {"epochs": 20}}
    plan, on_gpu = (
        understand({**document, "training": {"epochs": 20, "accelerator": accelerator}})
        for accelerator in ("auto", "gpu")
    )
    unknown = History(store).estimate(on_gpu).seconds
    assert unknown.low == unknown.other, "a GPU may be many times faster"
    trained_job(store, clock, seconds=0.5, accelerator="gpu")
    history = History(store)
    assert [len(history.past(kind)) for kind in ("cpu", "gpu", "auto")] == [0, 1, 1]
    assert history.estimate(plan).seconds == history.estimate(on_gpu).seconds, "all run on GPUs"
    trained_job(store, clock, seconds=8.0)
    history = History(store)
    assert [len(history.past(kind)) for kind in ("cpu", "gpu", "auto")] == [1, 1, 1]
    assert history.estimate(plan).seconds.training > 4 * history.estimate(on_gpu).seconds.training


def test_trainings_that_were_cut_short_or_interrupted_do_not(store, clock):
    trained_job(store, clock, stopped="asked")
    trained_job(store, clock, stopped="max_seconds")
    trained_job(store, clock, is_interrupted=True)
    store.submit(new())
    assert len(History(store).past()) == 0


def test_the_database_is_asked_now_and_then_and_each_job_read_once(store, clock, monkeypatch):
    now, asked = [100.0], []
    monkeypatch.setattr(
        store, "events", lambda *given, **more: asked.append(given) or Jobs.events(store, *given, **more)
    )
    trained_job(store, clock)
    history = History(store, clock=lambda: now[0])
    assert len(history.past()) == 1
    trained_job(store, clock)
    asked.clear()
    assert len(history.past()) == 1
    now[0] += EVERY_S
    assert [len(history.past()) for _ in range(3)] == [2, 2, 2]
    assert len(asked) == 1


def test_a_database_that_cannot_be_read_leaves_what_is_known(store, clock, monkeypatch):
    now = [100.0]
    trained_job(store, clock)
    history = History(store, clock=lambda: now[0])
    assert len(history.past()) == 1

    def broken(**_):
        raise StoreError("no")

    monkeypatch.setattr(store, "jobs", broken)
    now[0] += EVERY_S
    assert len(history.past()) == 1


def test_validation_has_an_estimate(tmp_path):
    with served(tmp_path) as server:
        first = server.post(path="/v1/validate").json()["estimate"]
        assert first["based_on"] == 0
        assert first["low_seconds"] < first["seconds"] < first["high_seconds"]
        assert first["training_seconds"] < first["seconds"]
        assert [(file["kind"], file["name"]) for file in first["files"]] == [
            ("mlmodel", "model.mlmodel"),
            ("mlpackage", "model.mlpackage"),
        ]
        server.over(server.submit())
        server.service.history._read_at = -EVERY_S
        assert server.post(path="/v1/validate").json()["estimate"]["based_on"] == 1
        assert server.post(b"{}", path="/v1/validate").json()["estimate"] is None
        is_problem(server.client.get("/v1/validate"), 405, "method-not-allowed")
