"""Arrays of one's own on a real server: submitted, trained, delivered, asked; and nothing left afterwards."""

import hashlib
import json

import numpy as np

from array_files import npz
from quickml import Client
from quickml.events import Status
from server_process import PATIENCE_S, quickml, serving
from traces import places_of
from waiting import until

ROWS = np.random.default_rng(0).normal(size=(120, 4)).astype(np.float32)
NAMES = np.array(["kreis", "quadrat"])


def test_arrays_are_submitted_trained_and_deleted_without_a_trace(tmp_path):
    folder = tmp_path / "documents"
    folder.mkdir()
    path = npz(folder / "secret.npz", x=ROWS, y=NAMES[(ROWS[:, 0] > 0).astype(int)])
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    done = quickml("init", path, "-o", folder / "rows.json")
    assert done.returncode == 0, done.stderr
    document = json.loads((folder / "rows.json").read_text(encoding="utf-8"))
    document["training"]["epochs"] = 20
    (folder / "rows.json").write_text(json.dumps(document))
    with serving(tmp_path / "data") as server:
        submitted = quickml("submit", folder / "rows.json", "--server", server.address)
        assert submitted.returncode == 0, submitted.stderr
        job_id = submitted.stdout.strip()
        with Client(server.address, patience_s=PATIENCE_S) as client:
            until(lambda: client.job(job_id).is_finished, "the end of the job")
            job = client.job(job_id)
            assert job.status is Status.READY, job.error
            assert client.predict(job_id, [-3, 0, 0, 0]).label == "kreis"
            assert client.predict(job_id, [3, 0, 0, 0]).label == "quadrat"
            shown = server.client.get("/v1/datasets/arrays/samples")
            assert (shown.status_code, "files of users" in shown.text) == (404, True)
            client.delete_file(sha256)
            marker = ROWS[7:9].tobytes()
            assert places_of(tmp_path / "data", marker) == []
    assert "secret" not in (tmp_path / "data.log").read_text()
