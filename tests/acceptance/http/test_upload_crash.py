"""Uploads to a real server that is killed in the middle; and what is left on its disk after a deletion."""

import hashlib
import socket
import subprocess
import threading
import time
import zipfile
from contextlib import closing, contextmanager
from random import Random

import httpx
import pytest

import rounds
from pictures import fruit, zipped
from quickml import Client
from quickml.errors import ServiceError
from quickml.files.listing import matching
from server_process import PATIENCE_S, Server, greeting, quickml, serving, started
from traces import places_of
from waiting import until

KILLS = rounds.choose(few=3, full=20)
SIZE_BYTES = rounds.choose(few=24, full=200) << 20


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return listener.getsockname()[1]


class Killed:
    """A server that is killed with SIGKILL and started again at the same address."""

    def __init__(self, data):
        self.data, self.port = data, free_port()
        self.process = None
        self.start()

    def start(self):
        self.process = started(self.data, "--port", self.port)
        self.server = Server(self.process, greeting(self.process))

    def again(self):
        self.kill()
        self.start()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.server.client.close()


@contextmanager
def killed(data):
    site = Killed(data)
    try:
        yield site
    finally:
        site.kill()


def test_an_upload_survives_a_server_that_is_killed(tmp_path):
    random = Random(rounds.seed)
    content = random.randbytes(SIZE_BYTES)
    (tmp_path / "big.bin").write_bytes(content)
    kill_at = sorted(random.randrange(1, SIZE_BYTES) for _ in range(KILLS))
    sent, is_over = [0], threading.Event()

    def show(progress):
        sent[0] = progress.sent_bytes
        if progress.doing == "sending":
            time.sleep(0.01)  # a piece of 256 KiB

    def kill(site):
        for at in kill_at:
            while sent[0] < at and not is_over.is_set():
                time.sleep(0.005)
            if is_over.is_set():
                return
            site.again()

    with killed(tmp_path / "data") as site:
        killer = threading.Thread(target=kill, args=(site,))
        killer.start()
        with Client(f"http://127.0.0.1:{site.port}", patience_s=PATIENCE_S) as client:
            file = client.upload(tmp_path / "big.bin", progress=show)
            is_over.set()
            killer.join()
            assert (file.size_bytes, file.sha256) == (SIZE_BYTES, hashlib.sha256(content).hexdigest())
            assert [one.sha256 for one in client.files()] == [file.sha256]
        assert list((tmp_path / "data" / "uploads").iterdir()) == []
        stored = tmp_path / "data" / "artifacts" / file.sha256[:2] / file.sha256
        assert stored.read_bytes() == content
        if len(kill_at) == KILLS:
            assert sent[0] < SIZE_BYTES + KILLS * (16 << 20)  # what was on its way, and not all of it


def test_what_was_told_is_on_disk_after_a_kill(tmp_path):
    """And the file's own length decides: what came after the last answer is there too, and only once."""
    headers = {"Content-Type": "application/partial-upload", "Upload-Complete": "?0"}
    content = Random(rounds.seed).randbytes(1 << 20)
    about = {"name": "a", "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    with killed(tmp_path / "data") as site:
        address = site.server.client.post("/v1/files", json=about).headers["location"]
        told = 0
        for part in (1000, 300_000, 17):
            sent = {**headers, "Upload-Offset": str(told)}
            answer = site.server.client.patch(address, content=content[told : told + part], headers=sent)
            told = int(answer.headers["upload-offset"])
            with closing(socket.create_connection(("127.0.0.1", site.port))) as connection:
                head = (
                    f"PATCH {address} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/partial-upload\r\n"
                    f"Upload-Offset: {told}\r\nUpload-Complete: ?0\r\nContent-Length: {len(content) - told}\r\n\r\n"
                )
                connection.sendall(head.encode() + content[told : told + 600_000])
                time.sleep(0.1)
                site.again()
            found = int(site.server.client.head(address).headers["upload-offset"])
            assert found >= told
            assert (tmp_path / "data" / "uploads" / address.rpartition("/")[2]).read_bytes() == content[
                :found
            ]
            told = found
        sent = {**headers, "Upload-Offset": str(told), "Upload-Complete": "?1"}
        assert site.server.client.patch(address, content=content[told:], headers=sent).status_code == 201


def test_nothing_is_left_of_a_deleted_file(tmp_path):
    marker = b"XYZZY-" + hashlib.sha256(b"%d" % rounds.seed).hexdigest()[:16].encode()
    table = b"name,value\n" + b"".join(b"%s,%d\n" % (marker, row) for row in range(60_000))
    path = tmp_path / f"{marker.decode()}.csv"
    path.write_bytes(table)
    with serving(tmp_path / "data") as server:
        file = quickml("upload", path, "--server", server.address, "--json")
        assert file.returncode == 0, file.stderr
        about = {"name": f"open-{marker.decode()}", "size_bytes": len(table) + 1}
        address = server.client.post("/v1/files", json=about).headers["location"]
        headers = {
            "Content-Type": "application/partial-upload",
            "Upload-Complete": "?0",
            "Upload-Offset": "0",
        }
        assert server.client.patch(address, content=table[:500_000], headers=headers).status_code == 204
        assert places_of(tmp_path / "data", marker)
        deleted = quickml("files", "delete", path.name, "--server", server.address)
        assert deleted.returncode == 0, deleted.stderr
        assert server.client.delete(address).status_code == 204
        assert places_of(tmp_path / "data", marker) == []
        assert marker.decode() not in server.client.get("/metrics").text
    assert places_of(tmp_path / "data", marker) == []
    assert marker not in (tmp_path / "data.log").read_bytes()


def test_a_file_is_uploaded_listed_and_deleted_by_commands(tmp_path):
    path = tmp_path / "flowers.csv"
    path.write_text("a,b\n1,2\n")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    with serving(tmp_path / "data") as server:
        first = quickml("upload", path, "--server", server.address)
        assert (first.returncode, first.stdout.strip()) == (0, sha256)
        again = quickml("upload", path, "--name", "other.csv", "--server", server.address)
        assert "nothing was sent" in again.stderr
        listed = quickml("files", "list", "--server", server.address)
        assert "other.csv, flowers.csv" in listed.stdout
        missing = quickml("files", "delete", "nothing.csv", "--server", server.address)
        assert missing.returncode != 0
        assert "quickml files list" in missing.stderr
        assert quickml("files", "delete", sha256[:8], "--server", server.address).returncode == 0
        with Client(server.address) as client, pytest.raises(ServiceError):
            client.delete_file(sha256)


def test_curl_uploads_by_hand(tmp_path):
    """The commands of the how-to page, with a client that we have not written."""
    path = tmp_path / "data.bin"
    path.write_bytes(bytes(2_000_000))
    with serving(tmp_path / "data") as server:
        command = [
            "curl", "-sS", "--fail-with-body", "-X", "POST", f"{server.address}/v1/files",
            "-H", "Upload-Complete: ?1", "-H", "Content-Disposition: inline; filename=data.bin",
            "-H", "Content-Type: application/octet-stream", "--data-binary", f"@{path}",
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        except FileNotFoundError:
            pytest.skip("there is no curl here")
        assert done.returncode == 0, done.stdout + done.stderr
        assert hashlib.sha256(path.read_bytes()).hexdigest() in done.stdout
        assert httpx.get(f"{server.address}/v1/files").json()["files"][0]["name"] == "data.bin"


def test_an_import_that_is_killed_leaves_nothing_and_runs_again(tmp_path):
    marker = f"XYZZY{rounds.seed:x}"
    pictures = list(fruit(10, ("Apple", marker)).items())
    many = {
        name.replace(".png", f"-{copy}.png"): content for copy in range(100) for name, content in pictures
    }
    archive = zipped(tmp_path / "fruit.zip", many, zipfile.ZIP_STORED)
    imports = tmp_path / "data" / "imports"
    with killed(tmp_path / "data") as site:
        with Client(f"http://127.0.0.1:{site.port}", patience_s=PATIENCE_S) as client:
            sha256 = client.upload(archive).sha256
            site.server.client.get(f"/v1/files/{sha256}/events", headers={"Accept": "application/json"})
            places = ("*/*/.*partial", "*/*/*/pixels.npy")
            until(lambda: [one for place in places for one in matching(imports, place)], "pixels")
            site.again()
            left = [*imports.glob("*/*/.*partial"), *imports.glob(".*partial")]
            assert left == []
            assert [item.event.type for item in client.import_events(sha256)][-1] == "imported"
            found = site.server.client.get(f"/v1/files/{sha256}/profile").json()
            assert (found["pictures"], found["problems"]) == (2000, [])
            assert places_of(tmp_path / "data", marker.encode())
            client.delete_file(sha256)
        assert places_of(tmp_path / "data", marker.encode()) == []  # neither the label nor the profile
        assert not list(imports.glob("*"))
    assert marker not in (tmp_path / "data.log").read_text()
