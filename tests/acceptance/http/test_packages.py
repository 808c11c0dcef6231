"""A package's zip from a real server: whole, in part, to many at once, and to clients that die."""

import hashlib
import random
import socket
import struct
import zipfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest

from quickml import Client
from quickml.export.coreml.archive import zipped
from server_process import serving
from stored_files import store_result

WEIGHTS = random.Random(5).randbytes(9_000_000)
TREE = {
    "Manifest.json": b'{"a": 1}',
    "Data/com.apple.CoreML/model.mlmodel": b"\x08\x06" * 100,
    "Data/com.apple.CoreML/weights/weight.bin": WEIGHTS,
}


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A server, the row of the zip in its manifest, and the bytes that it has to send."""
    folder = tmp_path_factory.mktemp("packages")
    for path, content in TREE.items():
        (folder / "result" / "model.mlpackage" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "result" / "model.mlpackage" / path).write_bytes(content)
    content = zipped(folder / "result" / "model.mlpackage").read_bytes()
    job_id = store_result(folder / "data", folder / "result")[0].job_id
    stored = sum(path.stat().st_size for path in (folder / "data" / "artifacts").glob("??/*"))
    assert stored < len(content), "the zip is stored, too"
    with serving(folder / "data", "--workers", "0") as server:
        (row,) = server.job(job_id)["artifacts"]
        yield server, row, content


def test_it_is_the_zip_of_the_manifest(packed):
    server, row, content = packed
    answer = server.client.get(row["url"])
    assert answer.content == content
    assert hashlib.sha256(answer.content).hexdigest() == row["sha256"]
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(f"model.mlpackage/{name}") for name in TREE} == TREE
    head = server.client.head(row["url"])
    assert (head.status_code, head.headers["content-length"]) == (200, str(row["size_bytes"]))


def test_it_goes_on_in_the_middle(packed):
    server, row, content = packed
    tag = f'"{row["sha256"]}"'
    for start in (40, 1000, 5_000_000, len(content) - 100):
        answer = server.client.get(row["url"], headers={"Range": f"bytes={start}-", "If-Range": tag})
        assert (answer.status_code, answer.content) == (206, content[start:])
    other = {"Range": "bytes=40-", "If-Range": '"0"'}
    assert server.client.get(row["url"], headers=other).status_code == 200


def test_several_at_once_while_others_die(packed):
    server, row, content = packed
    port = int(server.address.rpartition(":")[2])
    dying = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
    for one in dying:
        one.sendall(f"GET {row['url']} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert one.recv(100)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(server.client.get, row["url"]) for _ in range(4)]
        for one in dying:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()
        assert all(one.result().content == content for one in asked)
    assert server.client.get(row["url"]).content == content


def test_our_client_gets_the_zip_and_the_folder(packed, tmp_path):
    server, _, content = packed
    (job,) = server.client.get("/v1/jobs").json()["jobs"]
    with Client(server.address) as client:
        (artifact,) = client.artifacts(job["id"])
        assert client.download(artifact, tmp_path).read_bytes() == content
        folder = client.download_package(artifact, tmp_path)
        assert {name: (folder / name).read_bytes() for name in TREE} == TREE
