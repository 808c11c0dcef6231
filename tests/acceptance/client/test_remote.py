"""The client and the remote commands against a real server, which is also killed under them."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

import commands
from commands import QUICKML, quickml_without
from quickml import AsyncClient, Client, Film, events
from quickml.errors import DocumentError, JobError, ServiceError

ROOT = Path(__file__).parents[3]
HEAVY = {"tensorflow", "keras", "coremltools", "sklearn", "numpy", "sqlalchemy", "fastapi"}
IRIS = json.loads((ROOT / "iris_spec.json").read_text())
ENDLESS = {
    "name": "endless",
    "dataset": "iris",
    "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
    "training": {"epochs": 10_000},
}
EXPLODES = {
    "name": "explodes",
    "dataset": "diabetes",
    "model": {"layers": [{"type": "Dense", "units": 1}]},
    "training": {"optimizer": {"type": "SGD", "learning_rate": 1e6}},
}


class Server:
    """`quickml serve` in a process of its own."""

    def __init__(self, data, *options, port=0):
        command = [*QUICKML, "serve"]
        command += [
            "--port",
            str(port),
            "--data",
            str(data),
            "--workers",
            "1",
            "--checkpoint-every-s",
            "0.5",
            *options,
        ]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("QUICKML")}
        self._log = (data.parent / "server.log").open("a")
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        self.link = self.address = ""
        for line in self.process.stdout:
            if found := re.search(r"http://\S+", line):
                self.link = found[0]
                self.address = self.address or found[0]
                if "#token=" in self.link or "--access" not in options:
                    break
        assert self.link, (data.parent / "server.log").read_text()
        self.port = int(self.address.rpartition(":")[2])

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.stdout.close()
        self.process.wait(60)
        self._log.close()


@contextmanager
def serving(data, *options, port=0):
    server = Server(data, *options, port=port)
    try:
        yield server
    finally:
        server.end()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server") / "data") as server:
        yield server.address


@pytest.fixture(scope="module")
def client(address):
    with Client(address) as client:
        yield client


@pytest.fixture(scope="module")
def ready(client):
    """A job that is done, and everything it told while it was not."""
    job = client.submit(IRIS)
    return job, list(client.events(job.id))


def environment(address):
    return {**os.environ, "QUICKML_SERVER": address}


def quickml(address, *arguments, **options):
    return commands.quickml(*arguments, environment={"QUICKML_SERVER": address}, **options)


def quickml_process(address, *arguments, **options):
    """In a process of its own, which must not load what a client does not need."""
    return quickml_without(HEAVY, *arguments, env=environment(address), **options)


def written(folder, document):
    path = folder / "spec.json"
    path.write_text(json.dumps(document))
    return path


# The client


def test_the_film_of_a_job_comes_whole_and_frame_by_frame(client, address, ready, tmp_path):
    job, told = ready
    film = client.film(job.id)
    numbers = [frame.number for frame in film.frames]
    assert (film.header["task"], numbers[0]) == ("classification", 0)
    last = [event for event in told if event.type == "snapshot"][-1]
    assert (last.frame, last.frames) == (numbers[-1], len(numbers))
    assert [frame.number for frame in client.frames(job.id)] == numbers
    assert [frame.number for frame in client.frames(job.id, after=numbers[-3])] == numbers[-2:]
    (file,) = [file for file in client.artifacts(job.id) if file.kind == "film"]
    assert len(Film.read(client.download(file, tmp_path)).frames) == len(numbers)

    async def later():
        async with AsyncClient(address) as other:
            return [frame.number async for frame in other.frames(job.id)], await other.film(job.id)

    found, again = asyncio.run(later())
    assert (found, [frame.number for frame in again.frames]) == (numbers, numbers)


def test_a_job_from_submission_to_prediction(client, ready, tmp_path):
    job, told = ready
    kinds = [event.type for event in told if event.type not in ("progress", "batches", "snapshot")]
    assert kinds == ["started", "built", *["epoch"] * 100, "trained", "compiled", "verified"]
    assert list(client.events(job.id, after=len(told) - 2)) == told[-2:]
    done = client.job(job.id)
    assert (done.status, done.is_finished, done.last_event) == ("ready", True, len(told))
    assert job.id in {other.id for other in client.jobs("ready", page=1)}
    files = {file.name: file for file in client.artifacts(job.id)}
    path = client.download(files["model.mlmodel"], tmp_path)
    assert path.stat().st_size == files["model.mlmodel"].size_bytes
    first, second = client.predictions(job.id, [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]])
    assert (first.label, second.label) == ("setosa", "virginica")


def test_a_file_says_what_an_app_needs(client, address, ready):
    job, _ = ready
    said = client.interface(job.id, file="model.mlpackage")
    assert (said.inputs[0].name, said.minimum_ios, said.file.name) == (
        "features",
        "15",
        "model.mlpackage.zip",
    )

    async def both():
        async with AsyncClient(address) as other:
            return await other.interface(job.id), await other.examples()

    first, examples = asyncio.run(both())
    assert first.file.name == "model.mlmodel"
    assert len(examples) == len(client.examples())


def test_what_comes_after_the_end_is_nothing(client, ready):
    job, told = ready
    assert list(client.events(job.id, after=len(told))) == []


def test_validate_and_the_catalog(client):
    assert client.validate(IRIS).parameters == 140
    wrong = client.validate({**IRIS, "dataset": "irs"})
    assert not wrong.valid
    assert (wrong.problems[0].pointer, wrong.layers) == ("/dataset/name", None)
    assert {row["type"] for row in client.layers()} >= {"Dense", "Conv2D"}
    names = {row["name"] for row in client.datasets()}
    points = client.samples("spirals", options={"noise": 0.3}, per_class=2)
    assert points.targets == (0, 0, 1, 1)
    assert client.samples("spirals", options={"noise": 0.3}, ids=points.ids).values == points.values
    assert client.sheet("digits", [3, 17]).startswith(b"\x89PNG")
    assert client.dataset("iris")["name"] in names
    assert client.schema()["title"] == "QuickML document"
    assert client.validate(client.examples()[0]["text"]).valid


def test_refusals_are_typed(client):
    with pytest.raises(DocumentError) as caught:
        client.submit({"name": "a", "model": {"layers": [{"type": "Dens", "units": 0}]}})
    assert len(caught.value.problems) >= 2
    for ask in (client.job, client.stop, client.cancel, client.delete, client.artifacts):
        with pytest.raises(ServiceError) as refused:
            ask("job_none")
        assert (refused.value.status, refused.value.kind) == (404, "not-found")


def test_the_same_key_is_the_same_job(client):
    first = client.submit(ENDLESS, idempotency_key="twice")
    assert client.submit(ENDLESS, idempotency_key="twice").id == first.id
    client.cancel(first.id)
    assert list(client.events(first.id))[-1].type == "cancelled"
    client.delete(first.id)
    with pytest.raises(ServiceError, match="no such job"):
        client.job(first.id)


def test_many_watch_at_once_and_see_the_same(address):
    async def work():
        async with AsyncClient(address) as client:
            job = await client.submit(IRIS)

            async def watched():
                return [event async for event in client.events(job.id)]

            return await asyncio.gather(*(watched() for _ in range(20)))

    told = asyncio.run(work())
    assert told[0][-1].type == "verified"
    assert all(one == told[0] for one in told)


def test_a_killed_server_costs_no_event(tmp_path):
    """kill -9 in the middle of training; the same iterator goes on with the next server."""
    servers = [Server(tmp_path / "data")]
    try:
        told, trains, resumed = [], threading.Event(), threading.Event()

        def watch():
            for event in client.events(job.id):
                told.append(event)
                if event.type == "epoch":
                    trains.set()
                    if any(earlier.type == "interrupted" for earlier in told):
                        resumed.set()

        with Client(servers[0].address) as client:
            job = client.submit(ENDLESS)
            watcher = threading.Thread(target=watch)
            watcher.start()
            assert trains.wait(120)
            servers[0].end(signal.SIGKILL)
            servers.append(Server(tmp_path / "data", port=servers[0].port))
            assert resumed.wait(120)
            client.stop(job.id)
            watcher.join(120)
            assert not watcher.is_alive()
            assert told[-1].type == "verified"
            assert told == list(client.events(job.id))
            assert client.job(job.id).stopped_early
    finally:
        if servers[-1].process.returncode is None:
            servers[-1].end()


def test_the_printed_link_lets_in(tmp_path):
    with serving(tmp_path / "data", "--access", "tokens") as server:
        with Client(server.link) as client:
            job = client.submit(ENDLESS)
            assert client.cancel(job.id).status == "cancelled"
        assert quickml(server.address, "stop", job.id).returncode == 2
        secret = server.link.partition("token=")[2]
        done = quickml(server.address, "watch", job.id, cwd=tmp_path)
        assert "QUICKML_TOKEN" in done.stderr
        os.environ["QUICKML_TOKEN"] = secret
        try:
            assert quickml(server.address, "stop", job.id).returncode == 0
        finally:
            del os.environ["QUICKML_TOKEN"]


def test_the_documentation_runs(address, tmp_path):
    page = (ROOT / "docs" / "how-to" / "use-the-client.md").read_text()
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    (tmp_path / "iris_spec.json").write_text(json.dumps(IRIS))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(address), capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[99].startswith("100 ")
    assert lines[100].startswith("setosa {")
    assert "classification 101" in lines  # the film: a frame before the first epoch, and after each
    assert lines[-1] in ("training", "building")
    assert {path.suffix for path in (tmp_path / "iris").iterdir()} >= {".mlmodel", ".zip"}


# The commands


def test_submit_watch_and_download(address, tmp_path):
    done = quickml_process(address, "submit", ROOT / "iris_spec.json")
    assert done.returncode == 0, done.stderr
    job_id = done.stdout.strip()
    watched = quickml_process(address, "watch", job_id)
    assert watched.returncode == 0, watched.stderr
    words = [line.split()[0] for line in watched.stdout.splitlines()]
    assert [word for word in words if word != "progress"] == [
        "started", "built", *["epoch"] * 100, "trained", "compiled", "verified",
    ]  # fmt: skip
    fetched = quickml_process(address, "download", job_id, "--out", "result", cwd=tmp_path)
    assert fetched.returncode == 0, fetched.stderr
    assert {path.name for path in (tmp_path / "result").iterdir()} == {
        "model.mlmodel", "model.mlpackage", "model.keras", "spec.json", "report.json", "report.html",
        "answers.bin", "film.bin",
    }  # fmt: skip
    assert (tmp_path / "result" / "model.mlpackage" / "Manifest.json").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["result"]
    again = quickml(address, "download", job_id, "--out", "result", cwd=tmp_path)
    assert again.returncode == 2
    assert "found one with files in it" in again.stderr
    unnamed = json.loads(quickml(address, "download", job_id, "--json", cwd=tmp_path).stdout)
    assert unnamed["folder"].startswith("runs/iris-")
    assert len(unnamed["files"]) == 8


def test_json_is_one_event_per_line(address):
    done = quickml(address, "submit", "-", "--watch", "--json", input=json.dumps(IRIS))
    assert done.returncode == 0, done.stderr
    told = [events.from_json(line) for line in done.stdout.splitlines()]
    assert (told[0].type, told[-1].type) == ("started", "verified")
    job_id = done.stderr.split()[0]
    assert json.loads(quickml(address, "stop", job_id, "--json").stdout)["status"] == "ready"


def test_ctrl_c_detaches_and_stop_keeps_what_was_learned(address, client, tmp_path):
    command = [*QUICKML, "submit", str(written(tmp_path, ENDLESS)), "--watch"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(address)
    )
    try:
        for line in process.stdout:
            if line.startswith("epoch"):
                break
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert f"{err.split()[0]} continues" in err
    assert "Traceback" not in err
    job_id = err.split()[0]
    assert client.job(job_id).status == "training"
    unready = quickml(address, "download", job_id, cwd=tmp_path)
    assert unready.returncode == 1
    assert "expected a job that is ready" in unready.stderr
    assert "will be exported and verified" in quickml_process(address, "stop", job_id).stdout
    assert list(client.events(job_id))[-1].type == "verified"


def test_a_job_that_fails_ends_the_watching_with_its_error(address, tmp_path):
    done = quickml(address, "submit", written(tmp_path, EXPLODES), "--watch", "--json")
    assert done.returncode == 1
    last = events.from_json(done.stdout.splitlines()[-1])
    assert (last.type, last.error) == ("failed", "TrainingError")
    assert "learning_rate" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_document_and_what_is_not_there(address, tmp_path):
    wrong = quickml(address, "submit", written(tmp_path, {**IRIS, "dataset": "irs"}))
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "did you mean 'iris'?" in wrong.stderr
    for command in ("watch", "stop", "download"):
        done = quickml(address, command, "job_none")
        assert done.returncode == 2, done.stderr
        assert "there is no such job" in done.stderr
        assert "Traceback" not in done.stderr


def test_nobody_at_the_address(tmp_path):
    done = quickml("http://127.0.0.1:9", "submit", written(tmp_path, IRIS))
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert quickml("localhost", "stop", "x").returncode == 2


def test_the_error_of_a_cancelled_job(client):
    from quickml.cli.commands.watch import follow

    job = client.submit(ENDLESS)
    client.cancel(job.id)
    with pytest.raises(JobError, match="was cancelled"):
        follow(client, job.id, as_json=False)
