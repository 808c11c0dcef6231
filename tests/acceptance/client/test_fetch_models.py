"""The commands of docs/how-to/fetch-models.md, as they stand there, against a server."""

import os
import random
import re
import shutil
import subprocess
import threading

import pytest

from job_examples import finish
from quickml.export.coreml.archive import zipped
from quickml.http.server.run import Server, listen
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.worker.upload import upload
from result_rows import rows
from served import ROOT, Served, until

PAGE = (ROOT / "docs" / "how-to" / "fetch-models.md").read_text(encoding="utf-8")
MODEL = random.Random(1).randbytes(2_500_000)
TREE = {
    "Manifest.json": b"{}",
    "Data/com.apple.CoreML/model.mlmodel": b"a model",
    "Data/com.apple.CoreML/weights/weight.bin": MODEL[:1_500_000],
}
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("curl", "jq", "openssl", "sha256sum", "split"))), reason="the page's commands"
)


@pytest.fixture
def server(tmp_path):
    """uvicorn as `quickml serve` has it, with a ready job; its address, a token, and the job's id."""
    store = FilesystemArtifactStore(tmp_path / "artifacts")
    served = Served(tmp_path / "data", workers=0, access="tokens", artifacts=store)
    listener = listen("127.0.0.1", 0)
    server = Server(served.app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    until(lambda: server.started, "a server")
    _, token = served.tokens.create("ada")
    job_id = served.post(headers={"Authorization": f"Bearer {token}"}).json()["id"]
    made = result(tmp_path)
    finish(served.store, served.store.claim(), *upload(made, rows(made), job_id, store))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", token, job_id
    server.should_exit = True
    thread.join()


def result(folder):
    """A result folder with a file and a package."""
    made = folder / "result"
    for path, content in TREE.items():
        place = made / "model.mlpackage" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    zipped(made / "model.mlpackage")
    (made / "model.mlmodel").write_bytes(MODEL)
    return made


def test_the_page_fetches_resumes_links_and_repairs(server, tmp_path):
    address, token, job_id = server
    text = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
    assert "http://192.168.1.7:8000" in text
    assert "job_01K9ZP6Y5T9E6T1XG9E9Y3T2WB" in text
    text = text.replace("http://192.168.1.7:8000", address).replace("job_01K9ZP6Y5T9E6T1XG9E9Y3T2WB", job_id)
    here = tmp_path / "here"
    here.mkdir()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=here, env={**os.environ, "QUICKML_TOKEN": token}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall("^(206|200)$", done.stdout, re.MULTILINE) == ["206"]
    assert (here / "model.mlmodel").read_bytes() == (here / "model.mlmodel.part").read_bytes() == MODEL
    fetched = {
        path.relative_to(here / "model.mlpackage").as_posix(): path.read_bytes()
        for path in (here / "model.mlpackage").rglob("*")
        if path.is_file()
    }
    assert fetched == TREE
    assert (here / "expected").read_text() != (here / "found").read_text(), "nothing was damaged"
