"""Explanations equal a loop over predictions; what does not fit, and what would take too long, is refused."""

import json

import numpy as np
import pytest

from answering import IMAGES, REGRESSION, ask, ready
from quickml.client.arrays import explanation
from quickml.service import explanations
from served import is_problem, served

SAMPLE = {"Content-Type": "application/octet-stream", "Accept": "application/octet-stream"}
SEQUENCE = {
    "name": "sequence",
    "dataset": "waves",
    "model": {
        "layers": [{"type": "LSTM", "units": 3}, {"type": "Dense", "units": 4, "activation": "softmax"}]
    },
}
TOKENS = {
    "name": "tokens",
    "dataset": "brackets",
    "model": {
        "layers": [
            {"type": "Embedding", "input_dim": 3, "output_dim": 2},
            {"type": "Flatten"},
            {"type": "Dense", "units": 1, "activation": "sigmoid"},
        ]
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), workers=0) as server:
        yield server


@pytest.fixture(scope="module")
def jobs(server, tmp_path_factory):
    documents = {"image": IMAGES, "table": REGRESSION, "sequence": SEQUENCE, "tokens": TOKENS}
    return {
        name: ready(server, document, ("mlmodel", "mlpackage"), tmp_path_factory.mktemp(name) / "result")
        for name, document in documents.items()
    }


def explain(server, job_id, sample, query="", path="explanations"):
    content = np.asarray(sample, np.float32).tobytes() if not isinstance(sample, bytes) else sample
    return server.client.post(f"/v1/jobs/{job_id}/{path}?{query}", content=content, headers=SAMPLE)


def as_json(server, job_id, sample, query=""):
    answer = server.post(
        {"input": np.asarray(sample).tolist()}, path=f"/v1/jobs/{job_id}/explanations?{query}"
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def predicted(server, job_id, samples, query=""):
    """By the public route, 64 at a time: (samples, outputs)."""
    rows = []
    for start in range(0, len(samples), 64):
        body = {"inputs": [one.tolist() for one in samples[start : start + 64]]}
        answer = server.post(body, path=f"/v1/jobs/{job_id}/predictions?{query}")
        assert answer.status_code == 200, answer.text
        rows += [one["values"] for one in answer.json()["predictions"]]
    return np.asarray(rows)


CASES = {
    "image": ("image", ""),
    "a package": ("image", "file=model.mlpackage.zip&size=3&stride=2"),
    "mean colour": ("image", "baseline=mean&size=5&stride=5"),
    "table": ("table", ""),
    "table, zero": ("table", "baseline=zero&size=2"),
    "sequence": ("sequence", "size=9&stride=7"),
    "tokens": ("tokens", ""),
}


@pytest.mark.parametrize("case", CASES)
def test_maps_equal_a_loop_over_predictions(server, jobs, case):
    name, query = CASES[case]
    job_id, probe = jobs[name]
    sample = np.asarray(probe.inputs[0])
    told = as_json(server, job_id, sample, query)
    assert (
        told["part"] == {"image": "patch", "table": "feature", "sequence": "window", "tokens": "token"}[name]
    )
    blank = np.broadcast_to(np.asarray(told["baseline"]["values"]), sample.shape)
    hidden, expected_shape = [], tuple(map(len, told["starts"]))
    for place in np.ndindex(expected_shape):
        one = sample.astype(np.float64)
        where = tuple(
            slice(told["starts"][axis][index], told["starts"][axis][index] + told["size"][axis])
            for axis, index in enumerate(place)
        )
        one[where] = blank[where]
        hidden.append(one)
    file = "&".join(part for part in query.split("&") if part.startswith("file"))
    whole = predicted(server, job_id, [sample], file)[0]
    expected = whole - predicted(server, job_id, hidden, file)
    assert told["values"] == whole.tolist()
    assert len(told["maps"]) == len(whole)
    for number, found in enumerate(told["maps"]):
        assert tuple(found["shape"]) == expected_shape
        assert found["values"] == pytest.approx(expected[:, number].tolist(), rel=1e-9, abs=1e-12)
    arrays = explanation(explain(server, job_id, sample, query).content)
    assert arrays.facts.model_dump(mode="json") == {key: told[key] for key in arrays.facts.model_dump()}
    exact = np.moveaxis(expected.reshape(*expected_shape, -1), -1, 0)
    assert arrays.maps.shape == exact.shape
    for found, one in zip(arrays.maps, exact, strict=True):
        assert np.abs(found - one).max() <= np.ptp(one) / 255 * 0.51 + 1e-7
    assert np.ptp(exact) > 0


def test_every_part_of_the_input_is_hidden_once_or_more(server, jobs):
    for query, starts in (
        ("", [list(range(8))] * 2),  # 8 pixels: patches of 1
        ("size=3&stride=4", [[0, 4, 5]] * 2),
        ("size=8", [[0]] * 2),
    ):
        assert as_json(server, jobs["image"][0], jobs["image"][1].inputs[0], query)["starts"] == starts


@pytest.mark.parametrize("name", ["table", "sequence"])
def test_the_mean_is_what_the_normalization_turns_into_zero(server, jobs, name):
    job_id, probe = jobs[name]
    told = as_json(server, job_id, probe.inputs[0], "size=1&stride=50")
    assert told["baseline"]["name"] == "mean"
    mean = np.broadcast_to(told["baseline"]["values"], probe.inputs[0].shape)
    (row,) = ask(server, job_id, [mean.tolist()], activations=["normalization"]).json()["predictions"]
    assert row["activations"]["normalization"]["values"] == pytest.approx([0] * mean.size, abs=1e-5)
    assert np.abs(mean).max() > 0.01


FLOATS = np.ones((8, 8), np.float32)
HOSTILE = {
    "too few bytes": ("image", bytes(63), "", 422, "input"),
    "NaN": ("image", np.where(np.eye(8) > 0, np.nan, FLOATS).astype("<f4").tobytes(), "", 422, "input"),
    "a part larger than the picture": ("image", bytes(64), "size=9", 422, "input"),
    "no size": ("image", bytes(64), "size=0", 422, "request"),
    "no stride": ("image", bytes(64), "stride=0", 422, "request"),
    "negative": ("image", bytes(64), "stride=-1", 422, "request"),
    "very large": ("image", bytes(64), "stride=99999999999999999999999", 422, "request"),
    "a baseline that is none": ("image", bytes(64), "baseline=white", 422, "request"),
    "a mean that is not there": ("tokens", None, "baseline=mean", 422, "input"),
    "an unknown file": ("image", bytes(64), "file=../model.mlmodel", 422, "input"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_does_not_fit_is_a_problem(server, jobs, name):
    job, content, query, status, kind = HOSTILE[name]
    sample = jobs[job][1].inputs[0] if content is None else content
    problem = is_problem(explain(server, jobs[job][0], sample, query), status, kind)
    assert len(json.dumps(problem)) < 2000


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"input": [1], "x": 1}', b'{"inputs": [[1]]}', b"[" * 9999]
)
def test_bodies_that_are_none(server, jobs, body):
    is_problem(server.post(body, path=f"/v1/jobs/{jobs['image'][0]}/explanations"), 422, "request")


@pytest.mark.parametrize(
    ("limit", "most"), [("MAX_RUNS", 10), ("MAX_MAP_VALUES", 100), ("MAX_SECONDS", -1.0)]
)
def test_an_explanation_is_bounded(server, jobs, monkeypatch, limit, most):
    job_id, probe = jobs["image"]
    monkeypatch.setattr(explanations, limit, most)
    problem = is_problem(explain(server, job_id, probe.inputs[0], "stride=1"), 422, "input")
    assert problem["detail"].startswith("?stride: expected")


def test_an_owner_explains_nothing_of_anothers(tmp_path):
    with served(tmp_path, workers=0, access="tokens") as server:
        secrets = server.service.first_token("ada")[1], server.tokens.create("bob")[1]
        ada, bob = ({"Authorization": f"Bearer {secret}"} for secret in secrets)
        job_id = server.post(headers=ada).json()["id"]
        for owner, status, kind in ((ada, 409, "job-state"), (bob, 404, "not-found")):
            answer = server.post({"input": [1]}, path=f"/v1/jobs/{job_id}/explanations", headers=owner)
            is_problem(answer, status, kind)


def test_the_client_explains(server, jobs, monkeypatch):
    from quickml.client import Client

    job_id, probe = jobs["image"]
    with Client("http://localhost:8000") as client:
        monkeypatch.setattr(client, "_http", server.client)
        found = client.explain(job_id, probe.inputs[0], size=4, stride=4)
        assert found.maps.shape == (10, 2, 2)
        assert found.facts.size == (4, 4)
