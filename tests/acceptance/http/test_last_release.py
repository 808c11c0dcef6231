"""The data folder of the last release, opened by this one: nothing in it is lost, and its jobs go on.

`last_release.tar.gz` is the folder of a server of commit de6e8b2 that was killed (SIGKILL) while it trained: of
its jobs one was ready, one had failed, one was being trained, and one was queued. Never changes.
"""

import hashlib
import tarfile
from pathlib import Path

import pytest

from quickml.executors.executor import RESTARTED
from server_process import serving

FOLDER = Path(__file__).parent / "last_release.tar.gz"
TOKEN = {"Authorization": "Bearer qml_dbuEnk0eKpMPuzh-psEFexF6U3gmEikqdDbspyVCtnA"}
READY, FAILED = "job_01M8DYN2CV9DSS0GQ1MWC5AYT5", "job_01M8DYN2FD98N313RRWK4EDNE1"
RUNNING, QUEUED = "job_01M8DYN2GATYRRHRMH8CP00N9Z", "job_01M8DYN2H1360G3AG9S3020SJB"
MODEL = "be1cafce382598eb1de6087495676ce9d31756476e26386431c8c22649f8e6f7"
LINK = {"job": READY, "expires": "4102444800", "signature": "CgW5703VdCFwpx2GAZxlwixfRT6w7a_F-xJRu--Ahso"}
"""To the model, until 2100."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("last") / "data"
    with tarfile.open(FOLDER) as packed:
        packed.extractall(data, filter="data")
    with serving(data, "--access", "tokens") as server:
        server.client.headers.update(TOKEN)
        yield server


def test_jobs_events_and_files_are_as_they_were(server):
    listed = {job["id"]: job["status"] for job in server.client.get("/v1/jobs").json()["jobs"]}
    assert set(listed) == {READY, FAILED, RUNNING, QUEUED}
    assert (listed[READY], listed[FAILED]) == ("ready", "failed")
    assert "the loss became nan in epoch 1" in server.job(FAILED)["error"]
    told = server.events(READY)
    assert [number for number, _ in told] == list(range(1, 12))
    assert [event["type"] for _, event in told][-3:] == ["trained", "compiled", "verified"]
    manifest = server.client.get(f"/v1/jobs/{READY}/artifacts").json()["artifacts"]
    inside = [file for one in manifest if one["package"] for file in one["package"]["files"]]
    assert len(manifest + inside) == 9
    for one in manifest + inside:
        content = server.client.get(one["url"]).content
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (one["sha256"], one["size_bytes"])


def test_a_link_of_the_last_release_is_good(server):
    address = f"/v1/artifacts/{MODEL}/model.mlmodel"
    answer = server.client.get(address, params=LINK, headers={"Authorization": ""})
    assert hashlib.sha256(answer.content).hexdigest() == MODEL
    wrong = server.client.get(
        address, params={**LINK, "expires": "4102444801"}, headers={"Authorization": ""}
    )
    assert wrong.status_code == 403


def test_a_job_without_a_film_says_so(server):
    answer = server.client.get(f"/v1/jobs/{READY}/frames")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:quickml:problem:not-found")
    assert "found one without; an older release trained it" in answer.json()["detail"]


def test_a_job_without_a_plan_predicts(server):
    """Its plan is made from its document."""
    answer = server.client.post(f"/v1/jobs/{READY}/predictions", json={"inputs": [[5.1, 3.5, 1.4, 0.2]]})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["predictions"][0]["probabilities"]) == 3


def test_the_training_that_was_killed_runs_again_and_the_queued_job_becomes_ready(server):
    def interruptions():
        return [event for _, event in told(server, RUNNING) if event["type"] == "interrupted"]

    server.until(interruptions, "the release of what the dead server was running")
    assert [event["reason"] for event in interruptions()] == [RESTARTED]
    server.until(lambda: server.job(RUNNING)["status"] == "training", "another attempt")
    assert server.client.post(f"/v1/jobs/{RUNNING}/cancel").json()["status"] == "cancelled"
    kinds = [event["type"] for _, event in server.events(QUEUED)]
    assert (kinds[0], kinds[-1]) == ("started", "verified")
    assert server.job(QUEUED)["status"] == "ready"


def told(server, job_id):
    headers = {"Accept": "application/json"}
    page = server.client.get(f"/v1/jobs/{job_id}/events", headers=headers).json()
    return [(one["id"], one["event"]) for one in page["events"]]


def test_nothing_is_left_of_the_old_scratch_folder(server):
    data = next(Path(word) for word in server.process.args if word.endswith("/data"))
    assert not list(data.glob("scratch/job_*"))
