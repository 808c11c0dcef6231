"""A table of one's own on a real server: uploaded, pinned, trained, delivered; and nothing left of it afterwards."""

import hashlib
import io
import json
from random import Random

import pytest

import rounds
from quickml import Client
from quickml.events import Status
from server_process import PATIENCE_S, quickml, serving
from traces import places_of
from waiting import until
from workbooks import workbook

MODEL = {"layers": [{"type": "Dense", "units": 2, "activation": "softmax"}]}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The data folder of the server."""
    return tmp_path_factory.mktemp("server") / "data"


@pytest.fixture(scope="module")
def server(data):
    with serving(data) as one:
        yield one


def rows_of(marker, count=400):
    """The notes are free text, which no model learns from."""
    random = Random(rounds.seed)
    lines = ["length,district,note,kind"]
    for number in range(count):
        length = random.gauss(0, 1)
        district = random.choice(("Mitte", "Nord"))
        kind = "long" if length > 0 else "short"
        lines.append(f"{length:.4f},{district},{marker} no {number},{kind}")
    return ("\n".join(lines) + "\n").encode()


def test_a_table_is_submitted_trained_and_deleted_without_a_trace(tmp_path, server, data):
    marker = f"XYZZY{rounds.seed:x}"
    content = rows_of(marker)
    sha256 = hashlib.sha256(content).hexdigest()
    folder = tmp_path / "documents"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "flats.csv").write_bytes(content)
    document = {
        "name": "flats",
        "dataset": {"name": "table", "file": "data/flats.csv", "target": "kind"},
        "model": MODEL,
        "training": {"epochs": 2},
        "export": {"formats": ["mlmodel"]},
    }
    (folder / "flats.json").write_text(json.dumps(document))
    submitted = quickml("submit", folder / "flats.json", "--server", server.address)
    assert submitted.returncode == 0, submitted.stderr
    job_id = submitted.stdout.strip()
    with Client(server.address, patience_s=PATIENCE_S) as client:
        file = next(iter(client.files()))
        assert (file.sha256, file.name) == (sha256, "flats.csv")
        until(lambda: client.job(job_id).is_finished, "the end of the job")
        job = client.job(job_id)
        assert job.status is Status.READY, job.error
        details = server.client.get(f"/v1/jobs/{job_id}").json()
        assert details["document"]["dataset"]["sha256"] == sha256
        assert server.client.get(f"/v1/files/{sha256}").json()["jobs"] == [job_id]
        answer = server.client.post(
            f"/v1/jobs/{job_id}/predictions", json={"inputs": [{"length": 3.0, "district": "Mitte"}]}
        ).json()
        assert answer["predictions"][0]["label"] == "long"
        assert places_of(data, marker.encode())
        client.delete_file(sha256)
        assert places_of(data, marker.encode()) == []  # also not in the results of the job
        client.delete(job_id)
    assert marker not in data.with_suffix(".log").read_text()


NAMES = ("length", "district", "kind")


def flats(count=240):
    random = Random(rounds.seed)
    lengths = [round(random.gauss(0, 1), 4) for _ in range(count)]
    return [
        [length, random.choice(("Mitte", "Nord")), "long" if length > 0 else "short"] for length in lengths
    ]


def xlsx(rows):
    return workbook({"Flats": [NAMES, *rows]})


def jsonl(rows):
    return "".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in rows).encode()


def parquet(rows):
    arrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    buffer = io.BytesIO()
    writer.write_table(arrow.table(dict(zip(NAMES, zip(*rows, strict=True), strict=True))), buffer)
    return buffer.getvalue()


def document(file, **pins):
    return {
        "name": "flats",
        "dataset": {"name": "table", "file": file, "target": "kind", **pins},
        "model": MODEL,
        "training": {"epochs": 4, "optimizer": {"type": "Adam", "learning_rate": 0.05}},
        "export": {"formats": ["mlmodel"]},
    }


def test_tables_of_other_formats_become_files_that_take_raw_values_by_name(tmp_path, server):
    rows = flats()
    with Client(server.address, patience_s=PATIENCE_S) as client:
        jobs = {}
        for make in (xlsx, jsonl):  # the command uploads and pins
            name = f"flats.{make.__name__}"
            (tmp_path / name).write_bytes(make(rows))
            (tmp_path / "flats.json").write_text(json.dumps(document(name)))
            submitted = quickml("submit", tmp_path / "flats.json", "--server", server.address)
            assert submitted.returncode == 0, submitted.stderr
            jobs[make] = submitted.stdout.strip()
        (tmp_path / "flats.parquet").write_bytes(parquet(rows))
        file = client.upload(tmp_path / "flats.parquet")
        jobs[parquet] = client.submit(document(file.name, sha256=file.sha256)).id
        for make, job_id in jobs.items():
            until(lambda job_id=job_id: client.job(job_id).is_finished, "the end of the job")
            job = client.job(job_id)
            assert job.status is Status.READY, job.error
            (file,) = (one for one in client.artifacts(job_id) if one.name.endswith(".mlmodel"))
            model = client.download(file, tmp_path / make.__name__)
            for length, kind in (("3", "long"), ("-3", "short")):
                said = quickml("predict", model, f"length={length}", "district=elsewhere", "--json")
                assert said.returncode == 0, said.stderr
                assert json.loads(said.stdout)["label"] == kind, (make, said.stdout)
