"""A table of one's own on a real server: uploaded, pinned, trained, delivered; and nothing left of it afterwards."""

import hashlib
import json
from random import Random

import rounds
from quickml import Client
from quickml.events import Status
from server_process import PATIENCE_S, quickml, serving
from waiting import until

MODEL = {"layers": [{"type": "Dense", "units": 2, "activation": "softmax"}]}


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


def places_of(folder, marker):
    return [path for path in folder.rglob("*") if path.is_file() and marker in path.read_bytes()]


def test_a_table_is_submitted_trained_and_deleted_without_a_trace(tmp_path):
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
    with serving(tmp_path / "data") as server:
        submitted = quickml("submit", folder / "flats.json", "--server", server.address)
        assert submitted.returncode == 0, submitted.stderr
        job_id = submitted.stdout.strip()
        with Client(server.address, patience_s=PATIENCE_S) as client:
            (file,) = client.files()
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
            assert places_of(tmp_path / "data", marker.encode())
            client.delete_file(sha256)
            assert places_of(tmp_path / "data", marker.encode()) == []  # also not in the results of the job
            client.delete(job_id)
    assert marker not in (tmp_path / "data.log").read_text()
