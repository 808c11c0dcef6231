"""Predictions as bytes: what they say equals the JSON response, and nothing else is taken for a sample."""

import json

import numpy as np
import pytest

from answering import IMAGES, REGRESSION, VARIANT, ask, ready
from job_examples import finish
from quickml.api.arrays import MAGIC, ArrayReader, ArrayWriter
from quickml.cli.commands.predict import predict_inputs
from quickml.client.arrays import prediction
from served import is_problem, served

SAMPLE = {"Content-Type": "application/octet-stream", "Accept": "application/octet-stream"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), workers=0) as server:
        yield server


@pytest.fixture(scope="module")
def digits(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("x") / "result"
    return ready(server, IMAGES, ("mlmodel", "mlpackage"), folder, with_variant=True)


@pytest.fixture(scope="module")
def regression(server, tmp_path_factory):
    return ready(server, REGRESSION, "mlmodel", tmp_path_factory.mktemp("y") / "result")


def send(server, job_id, content, query="activations=*", headers=SAMPLE):
    return server.client.post(f"/v1/jobs/{job_id}/predictions?{query}", content=content, headers=headers)


@pytest.mark.parametrize("file", ["model.mlmodel", "model.mlpackage.zip", "model.mlpackage"])
def test_bytes_say_what_json_says(server, digits, file):
    job_id, probe = digits
    pixels = np.asarray(probe.inputs[0], np.uint8)
    query = f"activations=*&file={file}"
    answer = send(server, job_id, pixels.tobytes(), query)
    assert answer.headers["content-type"] == "application/octet-stream"
    timing = dict(part.split(";dur=") for part in answer.headers["server-timing"].split(", "))
    assert list(timing) == ["run", "total"]
    assert 0 < float(timing["run"]) < float(timing["total"]) < 10_000
    found = prediction(answer.content)
    body = {"inputs": [pixels.tolist()], "activations": True}
    (row,) = server.post(body, path=f"/v1/jobs/{job_id}/predictions?file={file}").json()["predictions"]
    assert (found.label, found.probabilities, list(found.values)) == (
        row["label"],
        row["probabilities"],
        row["values"],
    )
    assert found.file.name.startswith(file)
    assert list(found.activations) == list(row["activations"])
    for name, layer in found.activations.items():
        expected = np.asarray(row["activations"][name]["values"]).reshape(row["activations"][name]["shape"])
        assert layer.values.shape == expected.shape
        assert layer.units == expected.shape[-1]
        assert np.abs(layer.values - expected).max() <= layer.step / 2 + 1e-6 * np.abs(expected).max()
        assert layer.step == pytest.approx(np.ptp(expected) / 255)


def test_the_downloaded_file_says_the_same(server, digits, tmp_path, capsys):
    from PIL import Image

    job_id, probe = digits
    picture = tmp_path / "pixels.png"
    Image.fromarray(np.asarray(probe.inputs[0], np.uint8)[..., 0]).save(picture)
    (file,) = [one for one in server.service.artifacts(job_id, "anyone") if one.name == "model.mlmodel"]
    path = tmp_path / file.name
    with server.artifacts.local_path(file.sha256) as stored:
        path.write_bytes(stored.read_bytes())
    predict_inputs(path, [str(picture)], as_json=True)
    printed = capsys.readouterr().out
    found = prediction(send(server, job_id, np.asarray(probe.inputs[0], np.uint8).tobytes()).content)
    assert json.loads(printed)["probabilities"] == pytest.approx(dict(found.probabilities), abs=1e-6)


def test_pixels_and_floats_and_json_are_the_same_sample(server, digits):
    job_id, probe = digits
    pixels = np.asarray(probe.inputs[1], np.uint8)
    body = json.dumps({"inputs": [pixels.tolist()], "activations": True}).encode()
    arrays = send(server, job_id, body, "", {**SAMPLE, "Content-Type": "application/json"})
    found = [send(server, job_id, pixels.astype(kind).tobytes()).content for kind in (np.uint8, "<f4")]
    assert found == [arrays.content] * 2
    as_json = send(server, job_id, pixels.tobytes(), "", {"Content-Type": SAMPLE["Content-Type"]})
    assert as_json.json() == ask(server, job_id, [pixels.tolist()]).json()


@pytest.mark.parametrize("accept", ["application/octet-stream", "application/json"])
def test_only_so_many_maps_are_sent(server, digits, accept):
    job_id, probe = digits
    pixels = np.asarray(probe.inputs[0], np.uint8)
    headers = {**SAMPLE, "Accept": accept}
    whole, cut = (
        send(server, job_id, pixels.tobytes(), f"activations=*&most={most}", headers) for most in (99, 1)
    )
    if accept == "application/json":
        shown = [
            {
                name: np.reshape(layer["values"], layer["shape"])
                for name, layer in answer.json()["predictions"][0]["activations"].items()
            }
            for answer in (whole, cut)
        ]
    else:
        shown = [
            {name: layer.values for name, layer in prediction(answer.content).activations.items()}
            for answer in (whole, cut)
        ]
    assert shown[1]["conv"].shape == (6, 6, 1)
    assert shown[0]["conv"][..., :1] == pytest.approx(shown[1]["conv"], abs=0.02)
    assert shown[1]["flatten"].shape == (64,)
    assert shown[0]["flatten"].shape == (72,)


def test_the_numbers_of_a_table_are_sent_as_floats(server, regression):
    job_id, probe = regression
    row = np.asarray(probe.inputs[0], "<f4")
    found = prediction(send(server, job_id, row.tobytes()).content)
    assert (found.label, found.probabilities) == (None, {})
    assert found.values == pytest.approx(np.ravel(probe.expected[0]), rel=1e-3)
    assert found.values[0] == pytest.approx(
        ask(server, job_id, [row.tolist()]).json()["predictions"][0]["values"][0]
    )


def test_two_files_are_compared_in_two_calls(server, digits):
    job_id, probe = digits
    pixels = np.asarray(probe.inputs[0], np.uint8).tobytes()
    names = "model.mlmodel", VARIANT
    whole, half = (prediction(send(server, job_id, pixels, f"file={name}").content) for name in names)
    assert (whole.file.name, half.file.name) == names
    assert whole.values != half.values
    assert half.values == pytest.approx(whole.values, abs=0.02)
    problem = is_problem(send(server, job_id, pixels, "file=model-int8.mlmodel"), 422, "input")
    expected = (
        f"?file: expected one of model.mlmodel, model.mlpackage.zip, {VARIANT}, found 'model-int8.mlmodel'"
    )
    assert problem["detail"] == expected


FLOATS = np.full(64, 1.0, "<f4")
HOSTILE = {
    "nothing": (b"", "", 422, "input"),
    "one byte too few": (bytes(63), "", 422, "input"),
    "one byte too many": (bytes(65), "", 422, "input"),
    "doubles": (bytes(512), "", 422, "input"),
    "a megabyte": (bytes(1 << 20), "", 422, "input"),
    "NaN": (np.where(np.arange(64) == 5, np.nan, FLOATS).astype("<f4").tobytes(), "", 422, "input"),
    "infinite": (np.where(np.arange(64) == 5, -np.inf, FLOATS).astype("<f4").tobytes(), "", 422, "input"),
    "no maps": (bytes(64), "most=0", 422, "request"),
    "very many maps": (bytes(64), "most=99999999999999999999", 422, "request"),
    "half a map": (bytes(64), "most=0.5", 422, "request"),
    "an unknown file": (bytes(64), "file=model.onnx", 422, "input"),
    "a path": (bytes(64), "file=../../../../etc/passwd", 422, "input"),
    "an absolute path": (bytes(64), "file=/etc/passwd", 422, "input"),
    "a file in a package": (bytes(64), "file=model.mlpackage/Manifest.json", 422, "input"),
    "a name with controls": (bytes(64), "file=%00%1b[2J", 422, "input"),
    "a long name": (bytes(64), f"file={'x' * 5000}", 422, "request"),
    "an unknown layer": (bytes(64), "activations=conv&activations=x", 422, "input"),
    "many layers": (bytes(64), "&".join(["activations=conv"] * 2000), 422, "request"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_does_not_fit_is_a_problem(server, digits, name):
    content, query, status, kind = HOSTILE[name]
    problem = is_problem(send(server, digits[0], content, query), status, kind)
    assert len(json.dumps(problem)) < 4000
    assert "passwd" not in problem["detail"] or "model.mlmodel, model.mlpackage.zip" in problem["detail"]


def test_other_types_of_bodies_are_refused(server, digits):
    headers = {**SAMPLE, "Content-Type": "image/png"}
    assert send(server, digits[0], bytes(64), "", headers).status_code == 415


def test_an_owner_has_no_answers_from_anothers_files(tmp_path):
    with served(tmp_path, workers=0, access="tokens") as server:
        secrets = server.service.first_token("ada")[1], server.tokens.create("bob")[1]
        ada, bob = ({**SAMPLE, "Authorization": f"Bearer {secret}"} for secret in secrets)
        job_id = server.post(headers={"Authorization": ada["Authorization"]}).json()["id"]
        is_problem(send(server, job_id, bytes(16), "", ada), 409, "job-state")
        is_problem(send(server, job_id, bytes(16), "", bob), 404, "not-found")
        finish(server.store, server.store.claim())
        is_problem(send(server, job_id, bytes(16), "", ada), 404, "not-found")  # its file is lost
        is_problem(send(server, job_id, bytes(16), "", bob), 404, "not-found")
        server.client.delete(f"/v1/jobs/{job_id}", headers=ada)
        is_problem(send(server, job_id, bytes(16), "", ada), 404, "not-found")


# The format


def test_arrays_are_read_as_they_were_written():
    writer, rng = ArrayWriter(), np.random.default_rng(1)
    arrays = [
        rng.normal(size=shape) * 10.0**power for shape, power in (((3, 4, 5), 20), ((7,), -20), ((1, 1), 0))
    ]
    arrays += [np.zeros((2, 2)), np.full(3, -7.5), np.float32([3e38, -3e38, 0]), np.float32([1e-44, 0])]
    facts = [writer.add(one, one.shape) for one in arrays]
    reader = ArrayReader(writer.message({"arrays": facts, "text": "é"}))
    assert reader.header["text"] == "é"
    for one, told in zip(arrays, reader.header["arrays"], strict=True):
        assert np.abs(reader.array(told) - one).max() <= told["scale"] * 0.5001 + 1e-6 * np.abs(one).max()


def test_numbers_that_are_not_finite_become_the_nearest():
    writer = ArrayWriter()
    facts = writer.add(np.asarray([np.inf, -np.inf, np.nan, 1.0, 2.0], np.float32), (5,))
    assert ArrayReader(writer.message({})).array(facts).tolist() == [2, 1, 1, 1, 2]


def whole():
    writer = ArrayWriter()
    facts = writer.add(np.arange(6.0), (2, 3))
    return writer.message({"array": facts})


@pytest.mark.parametrize("length", [0, 7, 8, 11, 12, 20])
def test_a_truncated_message_is_an_error(length):
    with pytest.raises(ValueError):
        ArrayReader(whole()[:length])


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"shape": [7]},
        {"start": 1},
        {"shape": [-1, -6]},
        {"shape": [1 << 62, 4]},
        {"start": -1},
        {"scale": None},
    ],
)
def test_a_description_of_what_is_not_there_is_an_error(facts):
    reader = ArrayReader(whole())
    with pytest.raises(ValueError):
        reader.array({**(reader.header["array"] if facts else {}), **facts})


@pytest.mark.parametrize("content", [MAGIC + b"\x02\0\0\0[]", b"QMLFILM\x01" + bytes(20), b"{}"])
def test_another_message_is_an_error(content):
    with pytest.raises(ValueError):
        ArrayReader(content)


def test_the_client_reads_arrays(server, digits, monkeypatch):
    from quickml.client import Client

    job_id, probe = digits
    with Client("http://localhost:8000") as client:
        monkeypatch.setattr(client, "_http", server.client)
        pixels = np.asarray(probe.inputs[0], np.uint8)
        found = client.predict(job_id, pixels, most=1)
        assert found.activations["conv"].values.shape == (6, 6, 1)
        (row,) = client.predictions(job_id, [pixels], file="model.mlmodel", most=1, activations=["conv"])
        assert found.probabilities == dict(row.probabilities)
        assert row.activations["conv"].shape == (6, 6, 1)
        assert client.predict(job_id, pixels.tolist(), activations=False).values == found.values
