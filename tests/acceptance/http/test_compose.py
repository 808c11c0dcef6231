"""The processes of `deploy/compose.many.yaml`, each started with the command and the environment of that file."""

import re
import signal

import httpx
import psutil

from composed import MARKS, composed
from documents import LONG
from server_process import JSON, PATIENCE_S, ROOT
from waiting import until

pytestmark = MARKS
PAGE = ROOT / "docs" / "how-to" / "from-a-laptop-to-many-machines.md"
SHORT = {**LONG, "name": "short", "training": {"epochs": 1}, "export": {"formats": ["mlmodel"]}}


def test_what_the_compose_file_starts_trains_and_outlives_one_of_its_servers():
    (created,) = re.findall(
        r"^docker compose -f deploy/compose.many.yaml run .*$", PAGE.read_text(), re.MULTILINE
    )
    with composed() as services:
        token = services.run(created)
        assert token.returncode == 0, token.stderr
        headers = {"Authorization": f"Bearer {token.stdout.split()[-1]}"}
        context = services.nginx.context
        with httpx.Client(
            base_url=services.nginx.address, verify=context, headers=headers, timeout=PATIENCE_S
        ) as client:
            assert client.get("/readyz").json()["ready"] is True
            assert httpx.get(f"{services.nginx.address}/v1/jobs", verify=context).status_code == 401
            until(lambda: client.get("/readyz").json()["seats"]["all"] == 2, "the seats of a worker")
            check_files(client, ready(client, SHORT))
            first, second = services.containers["server"]
            first.kill()
            check_files(client, ready(client, SHORT))
            assert second.process.poll() is None
        (worker, *_) = services.containers["worker"]
        shown = [" ".join(one.info["cmdline"] or []) for one in psutil.process_iter(["cmdline"])]
        logs = [path.read_text() for path in services.folder.glob("*.log")]
        for secret in (*services.secret_words(), token.stdout.split()[-1]):
            assert not [text for text in (*shown, *logs) if secret in text]
        for one in (worker, second):
            one.process.send_signal(signal.SIGTERM)
            assert one.process.wait(timeout=120) == 0, one.log.read_text()
        assert "Traceback" not in worker.log.read_text() + second.log.read_text()


def ready(client, document):
    submitted = client.post("/v1/jobs", json=document, headers=JSON)
    assert submitted.status_code == 202, submitted.text
    path = f"/v1/jobs/{submitted.json()['id']}"
    until(lambda: client.get(path).json()["status"] in ("ready", "failed"), "a job", patience_s=PATIENCE_S)
    job = client.get(path).json()
    assert job["status"] == "ready", job
    return job


def check_files(client, job):
    for file in job["artifacts"]:
        answer = client.get(file["url"])
        assert (answer.status_code, len(answer.content)) == (200, file["size_bytes"])
