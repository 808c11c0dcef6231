"""What delivered files answer over HTTP, both formats; the files have random weights."""

import base64
import io

import numpy as np
import pytest

from answering import BINARY, IMAGES, REGRESSION, ask, ready
from job_examples import to_verifying, verified
from quickml.service import predictions
from served import is_problem, served


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), workers=0) as server:
        yield server


@pytest.fixture(scope="module", params=["mlmodel", "mlpackage"])
def digits(request, server, tmp_path_factory):
    return ready(server, IMAGES, request.param, tmp_path_factory.mktemp("x") / "result")


def test_pictures_as_numbers_and_as_files_are_answered_alike(server, digits):
    from PIL import Image

    job_id, probe = digits
    pixels = np.asarray(probe.inputs[:3], np.uint8)
    texts = []
    for picture in pixels:
        buffer = io.BytesIO()
        Image.fromarray(picture[..., 0]).save(buffer, "PNG")
        texts.append(base64.b64encode(buffer.getvalue()).decode())
    texts[0] = f"data:image/png;base64,{texts[0]}"
    shapes = (pixels.tolist(), pixels[..., 0].tolist(), pixels.reshape(3, -1).tolist(), texts)
    answers = [ask(server, job_id, inputs) for inputs in shapes]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answer.json() == answers[0].json()
    for row, expected in zip(answers[0].json()["predictions"], probe.expected, strict=False):
        assert list(row["probabilities"].values()) == pytest.approx(expected, abs=1e-4)
        assert row["label"] == str(int(np.argmax(expected)))
        assert row["activations"] == {}


def test_every_layer_of_the_file_is_shown_in_the_documents_shape(server, digits):
    job_id, probe = digits
    (row,) = ask(server, job_id, [probe.inputs[0].tolist()], activations=True).json()["predictions"]
    shapes = {name: layer["shape"] for name, layer in row["activations"].items()}
    assert shapes == {"rescaling": [8, 8, 1], "conv": [6, 6, 2], "flatten": [72], "last": [10]}
    for layer in row["activations"].values():
        assert len(layer["values"]) == np.prod(layer["shape"])
    rescaled = np.asarray(row["activations"]["rescaling"]["values"]) * 255
    assert rescaled == pytest.approx(probe.inputs[0].reshape(-1), abs=1e-3)
    # Flatten reads rows, columns, channels: the convolution is told in that order, whatever the file's is.
    assert row["activations"]["flatten"]["values"] == row["activations"]["conv"]["values"]
    assert row["activations"]["last"]["values"] == pytest.approx(row["values"])


def test_some_layers_are_shown_by_name(server, digits):
    job_id, probe = digits
    (row,) = ask(server, job_id, [probe.inputs[0].tolist()], activations=["last", "conv"]).json()[
        "predictions"
    ]
    assert list(row["activations"]) == ["conv", "last"]
    problem = is_problem(ask(server, job_id, [probe.inputs[0].tolist()], activations=["x"]), 422, "input")
    assert "conv" in problem["detail"]


@pytest.mark.parametrize("document", [BINARY, REGRESSION], ids=["two classes", "regression"])
@pytest.mark.parametrize("kind", ["mlmodel", "mlpackage"])
def test_other_answers(server, document, kind, tmp_path):
    job_id, probe = ready(server, document, kind, tmp_path / "result")
    (row,) = ask(server, job_id, [probe.inputs[0].tolist()], activations=True).json()["predictions"]
    expected = np.asarray(probe.expected[0]).reshape(-1)
    assert row["values"] == pytest.approx(expected, rel=1e-3, abs=1e-4)
    assert (row["label"] is None) == (document is REGRESSION)
    *_, last = row["activations"].values()
    assert last["values"] == pytest.approx(expected[-1:], rel=1e-3, abs=1e-4)


WRONG = {
    "too few": [1, 2, 3],
    "text": ["a"] * 64,
    "true": [True] * 64,
    "ragged": [[1, 2], [3]],
    "null": None,
    "a number": 5,
    "an object": {"a": 1},
    "too large": [1e300] * 64,
    "no base64": "!!!",
    "no picture": base64.b64encode(b"hello").decode(),
    "a damaged picture": base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 100).decode(),
    "deep": eval("[" * 60 + "1" + "]" * 60),
}


@pytest.mark.parametrize("name", WRONG)
def test_inputs_that_do_not_fit_are_named(server, digits, name):
    problem = is_problem(ask(server, digits[0], [[0] * 64, WRONG[name]]), 422, "input")
    assert problem["detail"].startswith("inputs/1: expected")


def test_an_answer_that_is_not_finite_is_a_problem(server, tmp_path):
    job_id, _ = ready(server, REGRESSION, "mlmodel", tmp_path / "result")
    fine, large = [0.0] * 10, [3e38, -3e38] * 5
    problem = is_problem(ask(server, job_id, [fine, large]), 422, "input")
    assert problem["detail"].startswith("inputs/1: expected a finite answer, found")


def test_a_picture_that_unpacks_to_too_much_is_refused(server, digits):
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    text = base64.b64encode(buffer.getvalue()).decode()
    assert len(text) < 1_000_000
    problem = is_problem(ask(server, digits[0], [text]), 422, "input")
    assert "pixels" in problem["detail"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"inputs": 5}', b'{"inputs": []}', b'{"inputs": [[1]], "x": 1}', b"[" * 100_000],
)
def test_bodies_that_are_none(server, digits, body):
    is_problem(server.post(body, path=f"/v1/jobs/{digits[0]}/predictions"), 422, "request")


def test_too_many_inputs_or_numbers_are_refused(server, digits, monkeypatch):
    is_problem(ask(server, digits[0], [[0] * 64] * 65), 422, "input")
    monkeypatch.setattr(predictions, "MAX_VALUES", 100)
    is_problem(ask(server, digits[0], [[0] * 64], activations=True), 422, "input")
    assert ask(server, digits[0], [[0] * 64], activations=["last"]).status_code == 200


def test_a_job_that_is_not_ready_cannot_answer(server):
    is_problem(ask(server, server.submit(), [[1, 2, 3, 4]]), 409, "job-state")


def test_a_job_without_a_file_cannot_answer(server):
    job_id = server.submit()
    while (attempt := server.store.claim()).job_id != job_id:
        pass
    to_verifying(server.store, attempt)
    server.store.complete(attempt, [], verified())
    is_problem(ask(server, job_id, [[1, 2, 3, 4]]), 422, "unsupported-model")


def test_a_model_is_loaded_once_whatever_is_shown_of_it(server, digits, monkeypatch):
    job_id, _ = digits
    pool = server.service.inference._models.pool
    assert ask(server, job_id, [[0] * 64]).status_code == 200
    loaded = len(pool)
    for names in (["conv"], ["last"], True):
        assert ask(server, job_id, [[0] * 64], activations=names).status_code == 200
        assert len(pool) == loaded
    monkeypatch.setattr(predictions, "MAX_KEPT_VALUES", 100)  # then only what is asked for
    (row,) = ask(server, job_id, [[0] * 64], activations=["conv"]).json()["predictions"]
    assert list(row["activations"]) == ["conv"]
    assert len(pool) == loaded + 1


def test_a_package_is_unpacked_only_while_it_is_loaded(server, digits):
    job_id, probe = digits
    assert ask(server, job_id, probe.inputs[:1].tolist(), activations=True).status_code == 200
    assert not any(server.service.inference._models._files._scratch.glob("*"))


# The interface of a file


def test_a_file_says_what_an_app_needs_to_use_it(server, digits):
    job_id, _ = digits
    found = server.client.get(f"/v1/jobs/{job_id}/interface")
    assert found.status_code == 200, found.text
    said = found.json()
    files = {one["name"]: one for one in server.client.get(f"/v1/jobs/{job_id}").json()["artifacts"]}
    name = said["file"]["name"]
    assert said["file"]["sha256"] == files[name]["sha256"]
    (image,) = said["inputs"]
    assert (image["name"], image["kind"], image["shape"], image["color_space"]) == (
        "image",
        "image",
        [8, 8, 1],
        "GRAYSCALE",
    )
    assert {one["name"]: one["kind"] for one in said["outputs"]} == {
        "label": "string",
        "probabilities": "dictionary",
    }
    assert (said["predicted_feature"], said["predicted_probabilities"]) == ("label", "probabilities")
    assert said["labels"] == [str(digit) for digit in range(10)]
    assert said["minimum_ios"] == {"model.mlmodel": "13", "model.mlpackage.zip": "15"}[name]
    assert server.client.get(f"/v1/jobs/{job_id}/interface", params={"file": name}).json() == said
    is_problem(
        server.client.get(f"/v1/jobs/{job_id}/interface", params={"file": "report.json"}), 422, "input"
    )


def test_a_regression_has_an_interface_without_labels(server, tmp_path):
    job_id, _ = ready(server, REGRESSION, "mlmodel", tmp_path / "result")
    said = server.client.get(f"/v1/jobs/{job_id}/interface").json()
    assert [(one["name"], one["kind"], one["data_type"]) for one in said["outputs"]] == [
        ("prediction", "multiarray", "float32")
    ]
    assert (said["labels"], said["predicted_feature"]) == (None, "")


def test_a_job_that_is_not_ready_has_no_interface(server):
    is_problem(server.client.get(f"/v1/jobs/{server.submit()}/interface"), 409, "job-state")
