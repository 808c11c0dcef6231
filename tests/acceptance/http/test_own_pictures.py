"""Pictures of one's own on a real server: uploaded, trained, delivered; and nothing left of them afterwards."""

import hashlib
import json

from PIL import Image

import rounds
from pictures import fruit, photo, saved, zipped
from quickml import Client
from quickml.events import Status
from server_process import PATIENCE_S, quickml, serving
from traces import places_of
from waiting import until


def test_pictures_are_submitted_trained_and_deleted_without_a_trace(tmp_path):
    name = f"XYZZY{rounds.seed:x}"
    exif = Image.Exif()
    exif[0x010E] = f"EXIF{name}"  # a description
    secret = photo(rounds.seed)
    contents = {**fruit(8, ("Apple", f"label{name}")), f"Apple/file{name}.png": saved(secret, exif=exif)}
    folder = tmp_path / "documents"
    folder.mkdir()
    archive = zipped(folder / "fruit.zip", contents)
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    layers = [
        {"type": "Rescaling", "scale": 1 / 255},
        {"type": "Flatten"},
        {"type": "Dense", "units": 2, "activation": "softmax"},
    ]
    document = {
        "name": "fruit",
        "dataset": {"name": "pictures", "file": "fruit.zip"},
        "model": {"layers": layers},
        "training": {"epochs": 2},
        "export": {"formats": ["mlmodel"]},
    }
    (folder / "fruit.json").write_text(json.dumps(document))
    pixels = secret.convert("RGB").tobytes()[:300]
    with serving(tmp_path / "data") as server:
        submitted = quickml("submit", folder / "fruit.json", "--server", server.address)
        assert submitted.returncode == 0, submitted.stderr
        job_id = submitted.stdout.strip()
        with Client(server.address, patience_s=PATIENCE_S) as client:
            until(lambda: client.job(job_id).is_finished, "the end of the job")
            job = client.job(job_id)
            assert job.status is Status.READY, job.error
            assert places_of(tmp_path / "data" / "imports", pixels)
            report = server.client.get(f"/v1/jobs/{job_id}/artifacts")
            assert report.status_code == 200
            metrics = server.client.get("/metrics").text
            client.delete_file(sha256)
            left = places_of(tmp_path / "data", pixels, f"file{name}".encode(), f"EXIF{name}".encode())
            assert left == []  # also not in the results of the job
            client.delete(job_id)
            assert name not in metrics
    assert name not in (tmp_path / "data.log").read_text()
