"""Recordings of one's own on a real server: a folder is packed, trained, asked; and nothing left afterwards."""

import json

import recordings
import rounds
from quickml import Client
from quickml.events import Status
from server_process import PATIENCE_S, quickml, serving
from traces import places_of
from waiting import until


def test_recordings_are_submitted_trained_and_deleted_without_a_trace(tmp_path):
    marker = f"XYZZY{rounds.seed:x}"
    folder = tmp_path / "documents"
    moves = recordings.folder(folder / "SECRETMOVES", each=2, rows=120)
    (moves / "walk" / "0.csv").rename(moves / "walk" / f"{marker}.csv")
    document = {
        "name": "motion",
        "dataset": {"name": "recordings", "file": "SECRETMOVES", "steps": 20},
        "model": {"layers": [{"type": "Flatten"}, {"type": "Dense", "units": 3, "activation": "softmax"}]},
        "training": {"epochs": 2},
        "export": {"formats": ["mlmodel"]},
    }
    (folder / "motion.json").write_text(json.dumps(document))
    with serving(tmp_path / "data") as server:
        submitted = quickml("submit", folder / "motion.json", "--server", server.address)
        assert submitted.returncode == 0, submitted.stderr
        job_id = submitted.stdout.strip()
        with Client(server.address, patience_s=PATIENCE_S) as client:
            (file,) = client.files()
            assert file.name == "SECRETMOVES.zip"
            until(lambda: client.job(job_id).is_finished, "the end of the job")
            job = client.job(job_id)
            assert job.status is Status.READY, job.error
            window = recordings.signals("walk", 20)
            answer = client.predict(job_id, {"acc_x": window[:, 0].tolist(), "acc y": window[:, 1].tolist()})
            assert answer.label in recordings.LABELS
            (report,) = (one for one in client.artifacts(job_id) if one.name == "report.html")
            page = client.download(report, tmp_path).read_text(encoding="utf-8")
            assert "SECRETMOVES" not in page
            client.delete_file(file.sha256)
            assert places_of(tmp_path / "data", marker.encode()) == []
    assert marker not in (tmp_path / "data.log").read_text()
