"""`quickml submit` uploads what a document names, and says in it which content is meant."""

import asyncio
import hashlib
import json
import zipfile

import pytest

import recordings
from array_files import mnist
from live_server import live
from pictures import fruit, written
from quickml import AsyncClient, Client
from quickml.cli.own_files import with_uploaded_files
from quickml.client.endpoints import submit
from quickml.client.file_endpoints import profile
from quickml.document import understand
from quickml.errors import FileImportingError, InputError
from quickml.recordings import LocalRecordings

TABLE = b"a,b\n1,2\n"
SHA256 = hashlib.sha256(TABLE).hexdigest()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with live(tmp_path_factory.mktemp("server"), workers=0) as one:
        yield one


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t.csv").write_bytes(TABLE)
    return tmp_path


def sent(server, folder, document):
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    with Client(server.url) as client:
        return with_uploaded_files(content, folder, client, lambda _: None)


def test_files_are_uploaded_and_pinned(server, folder):
    dataset = {"name": "table", "file": "data/t.csv", "test_file": "data/t.csv", "target": "b"}
    found = json.loads(sent(server, folder, {"name": "Ä", "dataset": dataset}))
    assert found == {"name": "Ä", "dataset": {**dataset, "sha256": SHA256, "test_sha256": SHA256}}
    with Client(server.url) as client:
        assert (SHA256, ("t.csv",)) in [(file.sha256, file.names) for file in client.files()]


def test_a_pin_is_kept_and_compared(server, folder):
    dataset = {"name": "table", "file": "data/t.csv", "sha256": SHA256.upper(), "target": "b"}
    assert json.loads(sent(server, folder, {"dataset": dataset}))["dataset"]["sha256"] == SHA256
    with pytest.raises(InputError, match="another than the document was written for"):
        sent(server, folder, {"dataset": {**dataset, "sha256": "0" * 64}})


@pytest.mark.parametrize(
    "document",
    [
        b"no JSON", b"[1]", b'{"dataset": "iris"}', b'{"dataset": {"name": "iris"}}', b'{"dataset": null}',
        b'{"dataset": {"file": 7}}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_other_documents_are_sent_as_they_are(server, folder, document):
    assert sent(server, folder, document) == document


@pytest.mark.parametrize("file", ["nothing.csv", "data", "a\0b", "x" * 5000])
def test_a_file_that_is_not_here_is_left_to_the_server(server, folder, file):
    document = {"dataset": {"name": "table", "file": file, "target": "b"}}
    assert json.loads(sent(server, folder, document)) == document


def test_a_folder_of_pictures_is_packed_and_learned_from(server, tmp_path):
    written(tmp_path / "fruit", {**fruit(), "secret.txt": b"x"})
    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 2, "activation": "softmax"}]
    document = {"name": "x", "dataset": {"name": "pictures", "file": "fruit"}, "model": {"layers": layers}}
    found = json.loads(sent(server, tmp_path, document))
    with Client(server.url) as client:
        (file,) = [file for file in client.files() if file.names == ("fruit.zip",)]
        assert found["dataset"] == {"name": "pictures", "file": "fruit", "sha256": file.sha256}
        assert client.submit(found).status == "queued"
        assert list(client.import_events(file.sha256))[-1].event.type == "imported"
    assert json.loads(sent(server, tmp_path, document)) == found


def test_a_folder_of_recordings_is_packed_and_learned_from(server, tmp_path):
    moves = recordings.folder(tmp_path / "moves", each=2, rows=120)
    (moves / "walk" / "secret.txt").write_text("x")
    document = {
        "name": "x",
        "dataset": {"name": "recordings", "file": "moves", "steps": 20},
        "model": {"layers": [{"type": "Flatten"}, {"type": "Dense", "units": 3, "activation": "softmax"}]},
    }
    here = understand(document, LocalRecordings(tmp_path))
    pinned = {**document, "dataset": {**document["dataset"], "sha256": here.document.dataset.sha256}}
    found = json.loads(sent(server, tmp_path, pinned))
    with Client(server.url) as client:
        (file,) = [file for file in client.files() if file.names == ("moves.zip",)]
        assert found["dataset"]["sha256"] == file.sha256
        job = client.submit(found)
        spec = client.validate(found).spec["dataset"]
    assert job.status == "queued"
    assert spec["labels"] == ["rest", "run", "walk"]
    stored = server.artifacts.local_path(file.sha256)
    with stored as path, zipfile.ZipFile(path) as opened:
        assert opened.namelist() == [f"{label}/{n}.csv" for label in ("rest", "run", "walk") for n in (0, 1)]
    assert json.loads(sent(server, tmp_path, pinned)) == found
    with pytest.raises(InputError, match="the recordings are others than the document was written for"):
        sent(server, tmp_path, {**document, "dataset": {**document["dataset"], "sha256": "0" * 64}})


def test_a_folder_of_idx_files_is_packed_and_labels_beside_a_file_are_named(server, tmp_path):
    written(tmp_path / "digits", {**mnist(), "secret.txt": b"x"})
    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 2, "activation": "softmax"}]
    document = {"name": "x", "dataset": {"name": "arrays", "file": "digits"}, "model": {"layers": layers}}
    found = json.loads(sent(server, tmp_path, document))
    with Client(server.url) as client:
        assert client.submit(found).status == "queued"
    with server.artifacts.local_path(found["dataset"]["sha256"]) as path, zipfile.ZipFile(path) as opened:
        assert [name for name in opened.namelist() if "idx" not in name] == []
        assert len(opened.namelist()) == 4
    images, labels = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
    document["dataset"]["file"] = f"digits/{images}"
    found = json.loads(sent(server, tmp_path, document))["dataset"]
    assert found["targets_file"] == f"digits/{labels}"
    assert found["targets_sha256"] == hashlib.sha256((tmp_path / "digits" / labels).read_bytes()).hexdigest()
    with Client(server.url) as client:
        assert client.submit({**document, "dataset": found}).status == "queued"


def test_a_submission_waits_until_the_pictures_are_read(server, tmp_path, monkeypatch):
    monkeypatch.setattr("quickml.http.state.IMPORT_WAIT_S", 0)
    written(tmp_path / "many", fruit(60))
    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 2, "activation": "softmax"}]
    document = {"name": "x", "dataset": {"name": "pictures", "file": "many"}, "model": {"layers": layers}}
    found = json.loads(sent(server, tmp_path, document))
    told = []
    with Client(server.url) as client:
        with pytest.raises(FileImportingError):
            client._call(submit(found, None))
        with pytest.raises(FileImportingError):
            client._call(profile(found["dataset"]["sha256"], None))
        assert client.submit(found, on_import=lambda *progress: told.append(progress)).status == "queued"
    assert told[-1] == ("decoded", 120, 120)

    async def again():
        async with AsyncClient(server.url) as client:
            job = await client.submit(found)
            return job.status, [one async for one in client.import_events(found["dataset"]["sha256"])]

    status, events = asyncio.run(again())
    assert (status, events[-1].event.type) == ("queued", "imported")
