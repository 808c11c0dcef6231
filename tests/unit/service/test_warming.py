"""Models are loaded in advance for those who look at a job, never for very many jobs, and nobody waits."""

import threading

from job_examples import finish
from quickml.errors import JobNotFoundError
from quickml.service.warming import WAITING, Warmer
from served import served
from waiting import until


def test_many_jobs_that_are_looked_at_load_few_models():
    loaded, gate = [], threading.Event()

    def load(job_id, owner):
        gate.wait(60)
        loaded.append((job_id, owner))

    warmer = Warmer(load, rest_s=0)
    for number in range(100):
        warmer.look(f"job {number}", "ada")
        if not number:
            until(lambda: not warmer._waiting, "the first load")
    gate.set()
    until(lambda: len(loaded) == WAITING + 1, "the last load")
    warmer.close()
    assert loaded[0] == ("job 0", "ada")
    assert [job for job, _ in loaded[1:]] == [f"job {number}" for number in range(99, 99 - WAITING, -1)]


def test_a_job_is_not_loaded_at_every_look_and_errors_end_nothing():
    loaded = []

    def load(job_id, _):
        loaded.append(job_id)
        raise JobNotFoundError("x") if job_id == "a" else ZeroDivisionError

    warmer = Warmer(load, rest_s=0)
    for job_id in "aaabbbaac":
        warmer.look(job_id, "ada")
        until(lambda: not warmer._waiting, "a load")
    until(lambda: len(loaded) == 3, "the loads")
    warmer.close()
    warmer.look("d", "ada")
    assert loaded == ["a", "b", "c"]


def test_looking_at_a_ready_job_loads_its_model(tmp_path, monkeypatch):
    with served(tmp_path, workers=0) as server:
        looked = []
        monkeypatch.setattr(server.service.inference, "look", lambda *given: looked.append(given))
        job_id = server.submit()
        paths = [f"/v1/jobs/{job_id}", f"/v1/jobs/{job_id}/artifacts", f"/v1/jobs/{job_id}/events"]
        for path in paths[:2]:
            assert server.client.get(path).status_code == 200
        server.client.get("/v1/jobs")
        assert looked == []
        finish(server.store, server.store.claim())
        for number, path in enumerate(paths, 1):
            assert server.client.get(path).status_code == 200
            assert looked == [(job_id, "anyone")] * number
