"""Arrays of users on a server: described as on the command line, by their content."""

import gzip
import io
import struct
import zipfile

import numpy as np
import pytest

from served import is_problem, served
from workbooks import workbook

MODEL = {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]}


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def idx(array):
    return (
        struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        + array.astype(np.uint8).tobytes()
    )


def upload(server, content, name):
    about = {"Upload-Complete": "?1", "Content-Disposition": f'inline; filename="{name}"'}
    answer = server.client.post("/v1/files", content=content, headers=about)
    assert answer.status_code == 201, answer.text
    return answer.json()["sha256"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), workers=0) as one:
        yield one


def test_a_file_of_numpy_is_profiled_and_pinned(server):
    rng = np.random.default_rng(0)
    sha256 = upload(
        server, npz(x=rng.normal(size=(60, 4)).astype(np.float32), y=np.arange(60) % 3), "data.npz"
    )
    found = server.client.get(f"/v1/files/{sha256}/profile").json()
    assert (found["kind"], found["input_kind"], found["problems"]) == ("arrays", "features", [])
    assert {array["name"]: array["role"] for array in found["arrays"]} == {"x": "inputs", "y": "targets"}
    answer = server.post(found["document"], path="/v1/validate").json()
    assert answer["valid"], answer
    assert answer["spec"]["dataset"]["sha256"] == sha256
    assert server.post(found["document"]).status_code == 202
    is_problem(server.client.get(f"/v1/files/{sha256}/profile?size=3"), 422, "request")
    is_problem(server.client.get(f"/v1/files/{sha256}/samples"), 409, "dataset")


def test_labels_of_an_idx_file_are_a_file_of_their_own(server):
    images = np.random.default_rng(1).integers(0, 256, (40, 8, 8), np.uint8)
    upload(server, gzip.compress(idx(images)), "images.gz")
    sha256 = upload(server, idx(np.arange(40) % 2), "labels.idx")
    dataset = {"name": "arrays", "file": "images.gz", "targets_file": "labels.idx", "kind": "image"}
    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 2, "activation": "softmax"}]
    document = {"name": "x", "dataset": dataset, "model": {"layers": layers}}
    answer = server.post(document, path="/v1/validate").json()
    assert answer["valid"], answer
    assert answer["spec"]["dataset"]["targets_sha256"] == sha256


def test_objects_are_refused(server):
    sha256 = upload(server, npz(x=np.array([{"a": 1}] * 9, object), y=np.arange(9)), "objects.npz")
    assert server.client.get(f"/v1/files/{sha256}/profile").json()["document"] is None


def test_a_csv_file_may_be_one_of_recordings(server):
    rows = "".join(f"{n / 50},{n % 7},{'walk' if n // 100 % 2 else 'run'},r{n // 100}\n" for n in range(600))
    sha256 = upload(server, f"time,x,activity,recording\n{rows}".encode(), "motion.csv")
    assert server.client.get(f"/v1/files/{sha256}/profile").json()["kind"] == "table"
    found = server.client.get(f"/v1/files/{sha256}/profile?kind=recordings").json()
    assert (found["kind"], found["recordings"], found["problems"]) == ("recordings", 6, [])
    answer = server.post(found["document"], path="/v1/validate").json()
    assert answer["valid"], answer
    assert answer["spec"]["dataset"]["sha256"] == sha256


def test_a_workbook_of_recordings_is_refused_with_what_to_do(server):
    sha256 = upload(server, workbook({"Run": [["t", "x"], [0, 1], [1, 2]]}), "motion.xlsx")
    answer = server.client.get(f"/v1/files/{sha256}/profile?kind=recordings")
    (found,) = is_problem(answer, 422, "document")["problems"]
    expected = ("/dataset/file", "an Excel workbook (motion.xlsx)")
    hint = "export each sheet with recordings as a .csv file"
    assert (found["pointer"], found["found"], found["hint"]) == (*expected, hint)
    dataset = {"name": "recordings", "file": "motion.xlsx", "target": "x"}
    answer = server.post({"name": "motion", "dataset": dataset, "model": MODEL}, path="/v1/validate").json()
    (found,) = answer["problems"]
    assert (found["pointer"], found["found"], found["hint"]) == (*expected, hint)


def test_an_archive_of_csv_files_is_one_of_recordings(server):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for label in ("run", "walk"):
            for number in range(3):
                rows = "".join(f"{n * (number + 1) % 7},{n % 5}\n" for n in range(200))
                archive.writestr(f"{label}/{number}.csv", f"x,y\n{rows}")
    sha256 = upload(server, buffer.getvalue(), "motion.zip")
    found = server.client.get(f"/v1/files/{sha256}/profile").json()
    assert found.get("kind") == "recordings", found
    assert (found["recordings"], found["problems"]) == (6, [])
    assert server.post(found["document"]).status_code == 202
