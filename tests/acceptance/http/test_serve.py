"""`quickml serve` as its users meet it: a real process on loopback, real workers, real training."""

import hashlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from contextlib import closing
from io import BytesIO

import httpx
import psutil
import pytest

from quickml.http.server.protocol import MAX_PIPELINED
from server_process import JSON, PATIENCE_S, ROOT, quickml, serving

IRIS = (ROOT / "iris_spec.json").read_bytes()
FLOWER = [5.1, 3.5, 1.4, 0.2]
LONG = {
    "name": "long",
    "dataset": {"name": "circles", "num_samples": 20_000},
    "model": {"layers": [{"type": "Dense", "units": 2, "activation": "softmax"}]},
    "training": {"epochs": 10_000},
}
SCULPTML = {
    "model": {
        "model_name": "phone",
        "num_layers": 1,
        "input_layer": {"dim": "(0, 0, 4)"},
        "layer_0": {"layer": "DenseLyr", "units": 3, "activation": "softmax"},
    },
    "dataset": {"name": "Iris", "batch_size": "16", "epochs": "20", "data_split": "0.8"},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server") / "data", "--log-format", "json") as server:
        yield server


@pytest.fixture(scope="module")
def iris(server):
    """A ready job and its events, followed from the moment it was taken."""
    job_id = server.submit(IRIS)
    return job_id, server.events(job_id)


def test_it_says_where_it_is_and_where_the_data_lies(server):
    assert re.search(r"http://127\.0\.0\.1:\d+", server.greeting)
    data = re.search(r"^data +(.+)$", server.greeting, re.MULTILINE)[1]
    assert data.endswith("data")
    assert "token" not in server.greeting
    assert "\u2584" not in server.greeting, "a QR code, of an address that no phone can reach"


def test_a_job_goes_from_post_to_ready_in_events(server, iris):
    job_id, told = iris
    assert [number for number, _ in told] == list(range(1, len(told) + 1))
    kinds = [
        event["type"]
        for _, event in told
        if event["type"] not in ("progress", "warning", "batches", "snapshot")
    ]
    assert kinds == ["started", "built", *["epoch"] * 100, "trained", "compiled", "verified"]
    assert told[-1][1]["folder"] == "", "where it lies on the server is nobody's business"
    job = server.job(job_id)
    assert (job["status"], job["progress"], job["attempt"]) == ("ready", 1.0, 1)
    assert job["metrics"]["accuracy"] >= 0.9
    assert job["last_event"] == len(told)


def test_events_come_again_from_any_number(server, iris):
    job_id, told = iris
    assert server.events(job_id, after=100) == told[100:]
    assert (
        server.client.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": str(len(told))}).status_code
        == 204
    )


def test_the_files_are_whole_and_what_they_say(server, iris):
    job_id, _ = iris
    manifest = server.client.get(f"/v1/jobs/{job_id}/artifacts").json()["artifacts"]
    files = {one["name"]: server.client.get(one["url"]).content for one in manifest}
    assert set(files) == {
        "model.mlmodel", "model.mlpackage.zip", "model.keras", "spec.json", "report.json", "report.html",
        "answers.bin", "film.bin",
    }  # fmt: skip
    for one in manifest:
        content = files[one["name"]]
        assert (len(content), hashlib.sha256(content).hexdigest()) == (one["size_bytes"], one["sha256"])
    assert (
        "model.mlpackage/Manifest.json" in zipfile.ZipFile(BytesIO(files["model.mlpackage.zip"])).namelist()
    )
    part = server.client.get(manifest[0]["url"], headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, files[manifest[0]["name"]][:10])


def test_the_delivered_file_answers_as_the_command_line_does(server, iris, tmp_path):
    job_id, _ = iris
    answer = server.client.post(
        f"/v1/jobs/{job_id}/predictions", json={"inputs": [FLOWER], "activations": True}
    )
    (row,) = answer.json()["predictions"]
    assert row["label"] == "setosa"
    assert set(row["activations"]) == {"normalization", "dense", "dense_1"}
    manifest = server.client.get(f"/v1/jobs/{job_id}/artifacts").json()["artifacts"]
    url = next(one["url"] for one in manifest if one["kind"] == "mlmodel")
    (tmp_path / "m.mlmodel").write_bytes(server.client.get(url).content)
    printed = json.loads(quickml("predict", tmp_path / "m.mlmodel", "5.1,3.5,1.4,0.2", "--json").stdout)
    assert printed["probabilities"] == pytest.approx(row["probabilities"])


def test_the_same_key_makes_one_job(server):
    first, second = (server.submit(IRIS, **{"Idempotency-Key": "one"}) for _ in range(2))
    assert first == second
    server.client.delete(f"/v1/jobs/{first}")


def test_stopping_compiles_what_was_learned(server):
    job_id = server.submit(LONG)
    server.events(job_id, until="epoch")
    assert server.client.post(f"/v1/jobs/{job_id}/stop").status_code == 202
    told = server.events(job_id)
    assert told[-1][1]["type"] == "verified"
    job = server.job(job_id)
    assert (job["status"], job["stopped_early"]) == ("ready", True)
    assert any(one["kind"] == "mlmodel" for one in job["artifacts"])


def test_cancelling_gives_up_and_frees_the_worker(server):
    job_id = server.submit(LONG)
    server.events(job_id, until="epoch")
    assert server.client.post(f"/v1/jobs/{job_id}/cancel").json()["status"] == "cancelled"
    assert server.events(job_id)[-1][1]["type"] == "cancelled"
    assert server.events(server.submit(IRIS))[-1][1]["type"] == "verified"


def test_removing_a_running_job_leaves_nothing_to_see(server):
    job_id = server.submit(LONG)
    server.events(job_id, until="built")
    assert server.client.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert server.client.get(f"/v1/jobs/{job_id}").status_code == 404


def test_sculptmls_app_trains_a_model(server):
    name = {"model_name": "phone"}
    assert server.client.post("/make-model", json=SCULPTML).status_code == 200
    server.until(
        lambda: server.client.get("/check-model", params=name).json()["ready"] == 1, "the model to be ready"
    )
    check = server.client.get("/check-model", params=name).json()
    assert check["progress"] == 1.0
    assert check["progress_info"]["epoch"] == check["progress_info"]["total_epochs"] == 20
    model = server.client.get("/get-model", params=name).content
    listed = server.client.get("/get-all").json()
    row = next(row for key, row in listed.items() if key != "num_models" and row["name"] == "phone")
    assert (row["dataset"], row["size"]) == ("iris", len(model))
    assert 0 < row["train_acc"] <= 1
    assert 0 < row["test_acc"] <= 1


def test_figures_and_readiness_tell_what_happened(server, iris):
    assert server.client.get("/readyz").json()["ready"]
    text = server.client.get("/metrics").text
    assert re.search(r'quickml_stage_seconds_count\{stage="train"\} [1-9]', text)
    assert re.search(r'quickml_jobs\{status="ready"\} [1-9]', text)


def test_the_server_itself_stays_light(tmp_path):
    """What is only loaded where models are run or samples shown is not there before."""
    with serving(tmp_path / "data") as server:
        server.until(lambda: server.client.get("/readyz").json()["workers"].get("idle"), "a warm worker")
        process = psutil.Process(server.process.pid)
        mapped = {one.path for one in process.memory_maps()}
        heavy = ("tensorflow", "coremltools", "onnxruntime", "numpy", "h5py", "sklearn")
        assert [path for path in mapped if any(f"/{name}/" in path for name in heavy)] == []
        assert process.memory_info().rss < 120_000_000


def test_the_log_names_jobs(server, iris):
    job_id, _ = iris
    lines = (server_log(server)).read_text().splitlines()
    about = [line for line in map(json.loads, lines) if line.get("job_id") == job_id]
    assert any("queued for" in line["message"] for line in about)


def server_log(server):
    from pathlib import Path

    data = Path(re.search(r"^data +(.+)$", server.greeting, re.MULTILINE)[1])
    return data.parent / f"{data.name}.log"


# Ends and beginnings


def test_asked_to_end_it_keeps_a_checkpoint_and_goes_on_from_it(tmp_path):
    data = tmp_path / "data"
    with serving(data) as server:
        job_id = server.submit(LONG)
        server.events(job_id, until="epoch")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=PATIENCE_S) == 0
    listed = json.loads(quickml("jobs", "--data", data, "--json").stdout)
    assert (listed["id"], listed["status"]) == (job_id, "queued")
    with serving(data) as server:
        server.until(lambda: server.job(job_id)["attempt"] == 2, "another attempt")
        server.client.post(f"/v1/jobs/{job_id}/stop")
        told = [event for _, event in server.events(job_id)]
        epochs = [event["epoch"] for event in told if event["type"] == "epoch"]
        assert epochs == list(range(1, len(epochs) + 1)), "no epoch was trained twice"
        assert [event["type"] for event in told].count("interrupted") == 1
        assert server.job(job_id)["status"] == "ready"


def test_killed_it_forgets_nothing(tmp_path):
    data = tmp_path / "data"
    with serving(data) as server:
        done = server.submit(IRIS)
        before = server.events(done)
        running = server.submit(LONG)
        waiting = server.submit(IRIS)
        server.events(running, until="epoch")
        server.process.kill()
        server.process.wait()
    with serving(data) as server:
        assert server.events(done) == before
        for one in server.job(done)["artifacts"]:
            assert hashlib.sha256(server.client.get(one["url"]).content).hexdigest() == one["sha256"]
        server.until(lambda: server.job(running)["attempt"] == 2, "another attempt")
        server.client.post(f"/v1/jobs/{running}/stop")
        for job_id in (running, waiting):
            assert [event["type"] for _, event in server.events(job_id)].count("verified") == 1
            assert server.job(job_id)["status"] == "ready"


def test_streams_end_with_the_server_and_not_the_other_way_round(tmp_path):
    with serving(tmp_path / "data") as server:
        job_id = server.submit(LONG)
        with server.client.stream("GET", f"/v1/jobs/{job_id}/events") as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("retry")
            server.process.send_signal(signal.SIGTERM)
            rest = list(lines)  # ends
        assert not any("verified" in line for line in rest)
        assert server.process.wait(timeout=PATIENCE_S) == 0


def test_two_servers_do_not_share_a_folder(tmp_path):
    with serving(tmp_path / "data"):
        second = quickml("serve", "--data", tmp_path / "data", "--port", "0")
        assert second.returncode == 1
        assert "expected no other server in this folder" in second.stderr
        assert "Traceback" not in second.stderr


@pytest.mark.parametrize("name", ["scratch", "artifacts"])
def test_a_data_folder_that_cannot_be_used_is_said_plainly(tmp_path, name):
    (tmp_path / name).write_text("a file where a folder belongs")
    done = quickml("serve", "--data", tmp_path, "--port", "0")
    assert done.returncode == 1
    assert str(tmp_path / name) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said_plainly(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = quickml("serve", "--data", tmp_path, "--port", taken.getsockname()[1])
    assert done.returncode == 2
    assert "--host, --port: expected an address to listen on" in done.stderr


def test_a_certificate_that_is_none_is_said_plainly(tmp_path):
    (tmp_path / "x.pem").write_text("hello")
    done = quickml(
        "serve", "--data", tmp_path, "--port", "0", "--tls-cert", tmp_path / "x.pem", "--tls-key", tmp_path / "x.pem"
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "--tls-cert, --tls-key: expected a certificate" in done.stderr


def test_settings_come_from_flags_environment_and_file(tmp_path):
    (tmp_path / "quickml.toml").write_text("max_layers = 1\nmax_epochs = 5\n")
    flags = ("--config", tmp_path / "quickml.toml", "--max-epochs", "7")
    with serving(tmp_path / "data", *flags, environment={"QUICKML_MAX_PARAMETERS": "3"}) as server:
        problems = server.client.post("/v1/validate", content=IRIS, headers=JSON).json()["problems"]
        assert {one["expected"] for one in problems} == {
            "at most 1 layers", "at most 3 parameters", "at most 7 epochs",
        }  # fmt: skip


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl to make a certificate with")
def test_over_https(tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    import ssl

    flags = ("--tls-cert", tmp_path / "cert.pem", "--tls-key", tmp_path / "key.pem")
    with serving(tmp_path / "data", *flags) as server:
        assert server.address.startswith("https://")
        trust = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        assert httpx.get(f"{server.address}/healthz", verify=trust).json() == {"status": "alive"}


# Tokens


def test_what_others_can_reach_makes_and_prints_a_first_token(tmp_path):
    data = tmp_path / "data"
    with serving(data, "--access", "tokens") as server:
        secret = re.search(r"^token +(qml_\S+)$", server.greeting, re.MULTILINE)[1]
        assert f"/#token={secret}" in server.greeting
        assert server.client.get("/v1/jobs").status_code == 401
        bearer = {"Authorization": f"Bearer {secret}"}
        assert server.client.get("/v1/jobs", headers=bearer).status_code == 200

        made = quickml("token", "create", "ada", "--data", data).stdout.strip()
        assert server.client.get("/v1/jobs", params={"token": made}).status_code == 200
        listed = quickml("token", "list", "--data", data).stdout
        assert [line.split()[2] for line in listed.splitlines()] == ["admin", "ada"]
        assert made not in listed
        assert quickml("token", "revoke", listed.split()[0], "--data", data).returncode == 0
        assert server.client.get("/v1/jobs", headers=bearer).status_code == 401
        assert secret.encode() not in b"".join(path.read_bytes() for path in data.glob("quickml.db*"))
    with serving(data, "--access", "tokens") as server:
        assert "qml_" not in server.greeting
    wrong = quickml("token", "create", " ", "--data", data)
    assert (wrong.returncode, "Traceback" in wrong.stderr) == (2, False)


# Clients that misbehave on the wire


def talk(server, *parts, then=b""):
    """Send pieces, and read until the server closes."""
    host, _, port = server.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as connection:
        found = b""
        try:
            for part in parts:
                connection.sendall(part)
            while chunk := connection.recv(1 << 16):
                found += chunk
                if then and then in found:
                    break
        except (BrokenPipeError, ConnectionResetError):
            pass
    return found


HEAD = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def test_slow_and_endless_requests_are_given_up(tmp_path):
    with serving(tmp_path / "data", "--body-timeout-s", "0.5", "--max-body-bytes", "100kB") as server:
        answer = talk(server, HEAD + b"Content-Length: 1000\r\n\r\n{")
        assert answer.startswith(b"HTTP/1.1 408 ")
        answer = talk(server, HEAD + b"Content-Length: 999999\r\n\r\n{")
        assert answer.startswith(b"HTTP/1.1 413 ")
        chunk = b"2710\r\n" + b" " * 10_000 + b"\r\n"
        answer = talk(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 20)
        assert answer.startswith(b"HTTP/1.1 413 ") or answer == b"", "or reset while it was still sending"
        assert talk(server, b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 70_000) == b""
        answer = talk(server, b"GET / HTTP/1.1\r\n", *[b"X-%d: 1\r\n" % n for n in range(20_000)])
        assert answer.startswith(b"HTTP/1.1 400 ") or answer == b"", "or reset while it was still sending"
        for odd in (b"hello", b"CONNECT a.example:80 HTTP/1.1", b"GET http://[ HTTP/1.1", b"GET / HTTP/9.9"):
            assert talk(server, odd + b"\r\n\r\n").startswith(b"HTTP/1.1 400 "), odd
        assert server.client.get("/healthz").status_code == 200
        assert "Traceback" not in server_log(server).read_text()


def test_headers_that_never_end_are_given_up(tmp_path):
    """The time is a constant, so it is made short in a server of its own."""
    code = """
import sys
from quickml.http.server import protocol
protocol.HEADERS_TIMEOUT_S = 0.3
from quickml.cli import main
main(["serve", "--data", sys.argv[1], "--port", "0", "--workers", "1", "--stall-s", "0.3"])
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "data"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        from server_process import Server, greeting

        server = Server(process, greeting(process))
        with closing(server.client):
            server.until(lambda: server.client.get("/readyz").json()["workers"].get("idle"), "a warm worker")
            assert talk(server) == b""
            assert talk(server, b"GET / HTTP/1.1\r\nHost: loc") == b""
            kept = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
            assert talk(server, kept + b"GET /healthz HTT").startswith(b"HTTP/1.1 200 ")
            # Nobody reads: the answers fill every buffer on the way, then the connection is let go.
            host, port = server.address.removeprefix("http://").split(":")
            with socket.socket() as deaf:
                deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                deaf.connect((host, int(port)))
                deaf.sendall(
                    b"GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * (1 + MAX_PIPELINED)
                )
                pid = psutil.Process(process.pid)
                server.until(
                    lambda: (
                        not [c for c in pid.net_connections() if c.raddr and c.raddr == deaf.getsockname()]
                    ),
                    "the end of the connection",
                )
            assert server.client.get("/healthz").status_code == 200
    finally:
        process.terminate()
        process.wait(timeout=60)
        process.stdout.close()


# Backups


def test_a_backup_of_a_server_at_work_is_restored(tmp_path):
    """The recipe of docs/how-to/run-a-server.md, as it stands there."""
    text = (ROOT / "docs" / "how-to" / "run-a-server.md").read_text()
    backup, restore = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    data, kept, restored = tmp_path / "data", tmp_path / "backup", tmp_path / "restored"
    backup = backup.replace("/var/lib/quickml", str(data)).replace("/backup/quickml", str(kept))
    restore = restore.replace("/backup/quickml", str(kept)).replace("/var/lib/quickml", str(restored))
    backup = backup.replace("python3", sys.executable)

    with serving(data) as server:
        done = server.submit(IRIS)
        before = server.events(done)
        links = server.client.post(f"/v1/jobs/{done}/links", json={}).json()["links"]
        files = {one["url"]: server.client.get(one["url"]).content for one in links}
        running, waiting = server.submit(LONG), server.submit(IRIS)
        server.events(running, until="epoch")
        subprocess.run(["sh", "-ec", backup], check=True, capture_output=True)
    shutil.rmtree(data)
    subprocess.run(["sh", "-ec", restore], check=True, capture_output=True)

    with serving(restored) as server:
        assert server.events(done) == before
        assert {url: server.client.get(url).content for url in files} == files
        server.until(lambda: server.job(running)["attempt"] == 2, "the running job to begin again")
        server.client.post(f"/v1/jobs/{running}/cancel")
        assert server.events(waiting)[-1][1]["type"] == "verified"
