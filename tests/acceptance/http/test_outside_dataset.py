"""A dataset of another package through a real server and its worker process."""

import os

from outside_dataset import DOCUMENT, installed
from server_process import serving


def test_it_is_listed_trained_and_delivered(tmp_path):
    path = os.pathsep.join(filter(None, (str(installed(tmp_path / "site")), os.environ.get("PYTHONPATH"))))
    with serving(tmp_path / "data", environment={"PYTHONPATH": path}) as server:
        listed = {row["name"]: row for row in server.client.get("/v1/datasets").json()["datasets"]}
        assert listed["shapes"]["title"] == "Circles and squares"
        about = server.client.get("/v1/datasets/shapes").json()
        assert about["schema"]["properties"]["inverted"]["default"] is False
        assert {sample["target"] for sample in about["samples"]} == {"circle", "square"}
        assert "Shapes" in server.client.get("/v1/schema").json()["$defs"]

        job_id = server.submit(DOCUMENT)
        told = [event for _, event in server.events(job_id)]
        assert told[-1]["type"] == "verified", told[-1]
        assert server.job(job_id)["status"] == "ready"
        files = server.client.get(f"/v1/jobs/{job_id}/artifacts").json()["artifacts"]
        assert "model.mlmodel" in {file["name"] for file in files}
