"""Arrays of users on a server: described in a process of its own, found by their digests only."""

import hashlib

import numpy as np
import pytest

from array_files import drawn, idx, npz
from served import served

IMAGES, LABELS = drawn(40)
LAYERS = [{"type": "Flatten"}, {"type": "Dense", "units": 2, "activation": "softmax"}]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("arrays"), workers=0) as one:
        yield one


def upload(server, content, name):
    about = {"Upload-Complete": "?1", "Content-Disposition": f'inline; filename="{name}"'}
    answer = server.client.post("/v1/files", content=content, headers=about)
    assert answer.status_code == 201, answer.text
    return answer.json()["sha256"]


def validated(server, **dataset):
    document = {"name": "shapes", "dataset": {"name": "arrays", **dataset}, "model": {"layers": LAYERS}}
    return server.post(document, path="/v1/validate").json()


def test_an_uploaded_file_is_described_and_pinned(server, tmp_path):
    path = npz(tmp_path / "shapes.npz", x=IMAGES, y=LABELS)
    sha256 = upload(server, path.read_bytes(), "shapes.npz")
    found = validated(server, file="shapes.npz", labels=["circle", "square"])
    assert found["valid"], found
    dataset = found["spec"]["dataset"]
    assert (dataset["sha256"], dataset["kind"], dataset["inputs"]) == (sha256, "image", "x")


def test_idx_files_are_two_uploads_and_nothing_beside_them_is_opened(server):
    upload(server, idx(IMAGES), "train-images-idx3-ubyte")
    found = validated(server, file="train-images-idx3-ubyte")
    assert "a file with the labels of an IDX file" in found["problems"][0]["expected"]
    labels = idx(LABELS.astype(np.uint8))
    upload(server, labels, "train-labels-idx1-ubyte")
    found = validated(server, file="train-images-idx3-ubyte", targets_file="train-labels-idx1-ubyte")
    assert found["spec"]["dataset"]["targets_sha256"] == hashlib.sha256(labels).hexdigest()


def test_what_is_wrong_in_a_file_is_a_problem_of_the_document(server, tmp_path):
    path = npz(tmp_path / "bad.npz", x=np.where(IMAGES > 99, np.nan, 1.0), y=LABELS)
    upload(server, path.read_bytes(), "bad.npz")
    (problem,) = validated(server, file="bad.npz")["problems"]
    assert (problem["code"], problem["values"]["entry"]) == ("arrays-source", "x")
    upload(server, b"hello", "text.npz")
    (problem,) = validated(server, file="text.npz")["problems"]
    assert "expected an IDX file" in f"expected {problem['expected']}"
