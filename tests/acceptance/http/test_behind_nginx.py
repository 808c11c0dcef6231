"""A real `quickml serve` behind a real nginx, with the configuration of `deploy/`.

Twice: nginx reads finished files by itself (`--accel-redirect`), or they come through the server.
"""

import grp
import hashlib
import http.client
import json
import os
import pwd
import shutil
import socket
import ssl
import statistics
import subprocess
import tempfile
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from conformance import CONTENT, TABLE, Subject, ask, check
from nginx_process import CONFIGURATION, needs_nginx, proxying
from quickml import Client
from server_process import JSON, PATIENCE_S, serving
from stored_files import store_files, url
from waiting import until

pytestmark = needs_nginx

MIB = 1 << 20
SMALL_BYTES, BIG_BYTES = 3 * MIB + 7, 64 * MIB
DOWNLOADS = 16
"""That one may have at the same time, by the configuration."""
OWN = {"date", "server", "connection"}
"""Headers in which nginx speaks for itself."""
ENDLESS = {
    "name": "endless",
    "dataset": {"name": "circles", "num_samples": 20_000},
    "model": {"layers": [{"type": "Dense", "units": 2, "activation": "softmax"}]},
    "training": {"epochs": 10_000},
}
CURL = shutil.which("curl")
needs_curl = pytest.mark.skipif(
    CURL is None
    or b"HTTP2" not in subprocess.run([CURL, "--version"], capture_output=True, check=True).stdout,
    reason="curl with HTTP/2 is not installed here",
)


class Site:
    """A server, the nginx before it, and files: a small one, a big one, and those of the RFC's table."""

    def __init__(self, server, nginx, folder, files, has_accel):
        self.server, self.nginx, self.folder, self.has_accel = server, nginx, folder, has_accel
        self.small, self.big, *self.table = files
        self.client = httpx.Client(base_url=nginx.address, verify=nginx.context, timeout=PATIENCE_S)

    def quickml(self, **options):
        return Client(self.nginx.address, verify=self.nginx.context, **options)

    def content(self, file):
        return (self.folder / file.name).read_bytes()

    def last_line(self, path):
        """What the server logged last of a request for a path."""
        lines = [
            json.loads(line) for line in (self.folder / "data.log").read_text().splitlines() if path in line
        ]
        return lines[-1] if lines else None

    def settled_line(self, path):
        """The same, when every request until now has its line: the log is written a moment later, in order."""
        later = f"/later/{uuid4().hex}"
        self.client.get(later)
        until(lambda: self.last_line(later), "the line of a later request")
        return self.last_line(path)

    def begin(self, path, **headers):
        """A connection on which a file was asked for, of a client that has room for little."""
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        raw.settimeout(PATIENCE_S)
        raw.connect(("127.0.0.1", self.nginx.https))
        connection = self.nginx.context.wrap_socket(raw, server_hostname="127.0.0.1")
        lines = [
            f"GET {path} HTTP/1.1",
            "Host: 127.0.0.1",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection


def stored(folder):
    """The files of a data folder that no server has used yet."""
    paths = []
    for name, size in (("small.mlmodel", SMALL_BYTES), ("big.mlmodel", BIG_BYTES)):
        paths.append(folder / name)
        paths[-1].write_bytes(os.urandom(size))
    (folder / "content.bin").write_bytes(CONTENT)
    (folder / "empty.bin").touch()
    return store_files(folder / "data", *paths, folder / "content.bin", folder / "empty.bin")


@contextmanager
def standing(folder, files, has_accel, *flags, artifacts=None, **options):
    data = folder / "data"
    accel = ("--accel-redirect", "/protected/") if has_accel else ()
    with serving(data, "--log-format", "json", *accel, *flags) as server:
        upstream = server.address.removeprefix("http://")
        with proxying(upstream, artifacts or data / "artifacts", **options) as nginx:
            site = Site(server, nginx, folder, files, has_accel)
            with site.client:
                yield site


both = pytest.mark.parametrize("has_accel", [True, False], ids=["accel", "through"])


@pytest.fixture(scope="module", params=[True, False], ids=["accel", "through"])
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    with standing(folder, stored(folder), request.param) as site:
        yield site


# Files


@pytest.fixture(scope="module")
def subject(site):
    content, empty = (url(file) for file in site.table)
    dates = [site.server.client.head(path).headers["last-modified"] for path in (content, empty)]
    return Subject(
        path=content, empty_path=empty, modified=dates[0], empty_modified=dates[1],
        is_sent_by_nginx=site.has_accel,
    )  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_it_answers_as_the_rfc_says(row, site, subject):
    connection = http.client.HTTPSConnection(
        "127.0.0.1", site.nginx.https, context=site.nginx.context, timeout=PATIENCE_S
    )
    try:
        if row.status_of_nginx:
            response, _ = ask(connection, row, subject)
            assert response.status == row.status_of_nginx
        else:
            check(connection, row, subject)
    finally:
        connection.close()


def test_a_file_is_the_same_as_from_the_server(site):
    content = site.content(site.small)
    expected = said(site.server.client.head(url(site.small)))
    whole = site.client.get(url(site.small))
    assert (whole.status_code, said(whole), digest(whole.content)) == (200, expected, site.small.sha256)
    assert said(site.client.head(url(site.small))) == expected
    part = site.client.get(url(site.small), headers={"Range": "bytes=5-1000004"})
    expected |= {"content-length": "1000000", "content-range": f"bytes 5-1000004/{SMALL_BYTES}"}
    if site.has_accel:
        del expected["accept-ranges"]  # as in every 206 of nginx
    assert (part.status_code, said(part), digest(part.content)) == (206, expected, digest(content[5:1000005]))


def said(answer):
    """Headers, but for those in which nginx speaks for itself."""
    return {name: value for name, value in answer.headers.items() if name not in OWN}


def digest(content):
    return hashlib.sha256(content).hexdigest()


def test_nginx_reads_the_file_where_it_can(site):
    assert site.client.get(url(site.small)).status_code == 200
    line = site.settled_line(site.small.sha256)
    assert line["sent_bytes"] == (0 if site.has_accel else SMALL_BYTES)


def test_the_app_of_sculptml_gets_its_model_in_the_same_way(site):
    model = site.client.get("/get-model", params={"model_name": "iris"})
    assert digest(model.content) == site.small.sha256
    line = site.settled_line("/get-model")
    assert line["sent_bytes"] == (0 if site.has_accel else SMALL_BYTES)


def test_the_protected_folder_is_closed_from_outside(site):
    place = f"{site.small.sha256[:2]}/{site.small.sha256}"
    for path in (
        f"/protected/{place}", f"/protected/../protected/{place}", f"/v1/artifacts/../../protected/{place}",
        f"/%70rotected/{place}", f"//protected/{place}", f"/protected//{place}", "/protected/../quickml.db",
        "/protected/..%2fquickml.db", "/protected/%2e%2e/quickml.db", "/protected../quickml.db", "/protected",
    ):  # fmt: skip
        with site.begin(path, Connection="close") as connection:  # as it stands: httpx would tidy it up
            answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        assert answer.split(maxsplit=2)[1] in (b"400", b"404"), path
        assert b"X-Accel" not in answer


def test_a_slow_client_costs_neither_memory_nor_disk(site):
    before = site.nginx.memory_bytes()
    with site.begin(url(site.big)) as connection:
        taken = 0
        while taken < 4 * MIB:
            taken += len(connection.recv(1 << 16))
        time.sleep(1)  # what would be put aside is put aside at once
        grown = site.nginx.memory_bytes() - before
        put_aside = site.nginx.temporary_bytes()
    assert put_aside == 0
    assert grown < 8 * MIB
    line = until(lambda: site.last_line(site.big.sha256), "the line of the log")
    # What is on its way in the kernel, between three processes, is all there is beyond what the client took.
    on_its_way = most_buffered("tcp_rmem") + 2 * most_buffered("tcp_wmem") + 4 * MIB
    assert line["sent_bytes"] == 0 if site.has_accel else line["sent_bytes"] < taken + on_its_way


def most_buffered(setting):
    """Bytes that Linux puts aside for a connection at most, in one direction."""
    return int((Path("/proc/sys/net/ipv4") / setting).read_text().split()[2])


def test_one_client_has_so_many_downloads_and_no_more(site):
    with ExitStack() as stack:
        for _ in range(DOWNLOADS):
            connection = stack.enter_context(site.begin(url(site.big), Authorization="Bearer a"))
            assert connection.recv(12) == b"HTTP/1.1 200"
        refused = site.client.get(url(site.small), headers={"Authorization": "Bearer a"})
        assert is_problem(refused, 429, "too-many-requests")
        assert int(refused.headers["retry-after"]) > 0
        padded = site.client.get(url(site.small), headers={"Authorization": f"Bearer{' ' * 300}a"})
        assert padded.status_code == 429, "nginx counts no key that is so long"
        other = site.client.get(url(site.small), headers={"Authorization": "Bearer b"})
        assert other.status_code == 200


def test_posts_are_limited_and_strokes_of_a_pencil_much_less(site):
    def refused(path, key):
        headers = {**JSON, "Authorization": f"Bearer {key}"}
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda _: site.client.post(path, content=b"{}", headers=headers), range(80))
            )
        return sum(answer.status_code == 429 for answer in answers)

    began = time.monotonic()
    assert refused("/v1/validate", "posts") or time.monotonic() - began > 1.5, "80 at once are too many"
    assert refused("/v1/jobs/job_x/predictions", "strokes") == 0
    assert refused("/v1/jobs/job_x/explanations", "others") == 0


@both
def test_a_download_goes_on_after_nginx_was_away(tmp_path, has_accel):
    """Slowed down in the beginning, so that it is under way when that happens."""
    fast = CONFIGURATION.read_text()
    slow = fast.replace("gzip off;", "gzip off; limit_rate 4m;")
    assert slow != fast
    files = stored(tmp_path)
    fetched, failed = [], []

    def fetch(site, artifact):
        with site.quickml() as client:
            try:
                fetched.append(client.download(artifact, tmp_path / "phone"))
            except BaseException as error:
                failed.append(error)

    with standing(tmp_path, files, has_accel, configuration=slow) as site:
        with site.quickml() as client:
            artifact = next(one for one in client.artifacts(site.big.job_id) if one.name == site.big.name)
        thread = threading.Thread(target=fetch, args=(site, artifact))
        thread.start()
        until(lambda: arrived(tmp_path / "phone") > 4 * MIB, "the beginning of the file")
        site.nginx.reload()
        time.sleep(0.2)
        before = arrived(tmp_path / "phone")
        until(
            lambda: arrived(tmp_path / "phone") > before + MIB, "more of it from an nginx that was reloaded"
        )
        site.nginx.stop()
        site.nginx.configure(fast)
        site.nginx.start()
        thread.join(timeout=PATIENCE_S)
        assert not failed
        assert digest(fetched[0].read_bytes()) == site.big.sha256
        sent = [
            line.split()[5:7]
            for line in site.nginx.access_log.read_text().splitlines()
            if site.big.sha256 in line
        ]
    assert sent[-1][0] == "206", "it began anew"
    assert int(sent[-1][1]) < BIG_BYTES - 4 * MIB


def arrived(folder):
    """Bytes on the phone, whatever their file is called meanwhile."""
    return (
        sum(path.stat().st_size for path in folder.glob("**/*") if path.is_file()) if folder.exists() else 0
    )


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="only root can mount folders and change users",
)
def test_another_user_reads_finished_files_and_nothing_else(tmp_path):
    """As docs/how-to/deploy.md has it: the data folder is closed, its artifacts are mounted elsewhere."""
    files = stored(tmp_path)
    data = tmp_path / "data"
    assert data.stat().st_mode & 0o777 == 0o700
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        script = f'mount --bind {data}/artifacts {place} && mount -o remount,bind,ro {place} && exec "$@"'
        mount = ("unshare", "--mount", "sh", "-c", script, "sh")
        user = f"nobody {grp.getgrgid(pwd.getpwnam('nobody').pw_gid).gr_name}"
        with standing(tmp_path, files, True, user=user) as site:
            assert is_problem(site.client.get(url(site.small)), 403, "forbidden")
        with standing(tmp_path, files, True, user=user, artifacts=place, command=mount) as site:
            found = site.client.get(url(site.small))
            assert digest(found.content) == site.small.sha256
            assert site.last_line(site.small.sha256)["sent_bytes"] == 0


# Everything else


def is_problem(answer, status, kind):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["type"]) == (status, f"urn:quickml:problem:{kind}")
    assert body["title"]
    assert body["detail"]
    return True


def test_http_leads_to_https(site):
    answer = httpx.post(f"http://127.0.0.1:{site.nginx.http}/v1/jobs?limit=1")
    assert answer.status_code == 308
    assert answer.headers["location"] == "https://127.0.0.1/v1/jobs?limit=1"


def test_http_2_and_modern_tls_are_spoken(site):
    context = site.nginx.context
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", site.nginx.https)) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as connection,
    ):
        assert connection.selected_alpn_protocol() == "h2"
        assert connection.version() == "TLSv1.3"
    old = site.nginx.context
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", site.nginx.https)) as raw, pytest.raises(ssl.SSLError):
        old.wrap_socket(raw, server_hostname="127.0.0.1")


@needs_curl
def test_curl_fetches_a_part_by_http_2(site, tmp_path):
    done = subprocess.run(
        [
            CURL, "--silent", "--show-error", "--http2", "--cacert", site.nginx.folder / "tls" / "chain.pem",
            "--range", f"{MIB}-", "--output", tmp_path / "rest", "--write-out", "%{http_version} %{http_code}",
            site.nginx.address + url(site.small),
        ],
        capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.stdout == "2 206", done.stderr
    assert digest((tmp_path / "rest").read_bytes()) == digest(site.content(site.small)[MIB:])


def test_a_body_that_is_too_large_is_a_problem(site):
    limit = b" " * MIB
    assert is_problem(
        site.client.post("/v1/validate", content=limit + b" ", headers=JSON), 413, "content-too-large"
    )
    unannounced = site.client.post("/v1/validate", content=iter([limit, b" "]), headers=JSON)
    assert is_problem(unannounced, 413, "content-too-large")
    largest = site.client.post("/v1/validate", content=limit, headers=JSON)
    assert largest.json()["problems"], "the server reads what is as large as allowed, and finds no document"


def test_a_link_needs_no_token_and_is_not_logged(site):
    asked = site.client.post(f"/v1/jobs/{site.small.job_id}/links", json={"names": [site.small.name]})
    assert asked.status_code == 200, asked.text
    link = asked.json()["links"][0]["url"]
    assert "signature=" in link
    assert digest(site.client.get(f"{link}&token=secret").content) == site.small.sha256
    # nginx writes its line when the answer is out
    until(lambda: site.nginx.access_log.read_text().count(url(site.small)) >= 1, "the line of the log")
    for log in (site.nginx.access_log, site.nginx.error_log):
        assert "signature" not in log.read_text()
        assert "secret" not in log.read_text()


def test_a_server_that_starts_anew_is_waited_for(tmp_path):
    files = stored(tmp_path)
    with standing(tmp_path, files, False) as site, site.quickml() as client:
        port = site.server.address.rpartition(":")[2]
        assert client.job(site.small.job_id).status == "ready"
        site.server.process.kill()
        site.server.process.wait()
        refused = site.client.get(f"/v1/jobs/{site.small.job_id}?token=secret")
        assert is_problem(refused, 503, "unreachable")
        assert int(refused.headers["retry-after"]) > 0
        assert is_problem(site.client.post("/v1/jobs", json=ENDLESS), 503, "unreachable")
        found = []
        thread = threading.Thread(target=lambda: found.append(client.job(site.small.job_id)))
        thread.start()
        with serving(tmp_path / "data", "--port", port):
            thread.join(timeout=PATIENCE_S)
            assert found
            assert found[0].status == "ready"
        for log in (site.nginx.access_log, site.nginx.error_log):
            assert "secret" not in log.read_text()


def test_events_come_one_by_one_as_they_happen(site):
    posted = site.client.post("/v1/jobs", json=ENDLESS)
    assert posted.status_code == 202, posted.text
    job_id = posted.json()["id"]
    try:
        until(lambda: site.server.job(job_id)["status"] == "training", "the training", patience_s=PATIENCE_S)
        last = site.server.job(job_id)["last_event"]  # what follows is told as it happens
        direct, behind = {}, {}
        watchers = [
            threading.Thread(target=watch, args=(client, job_id, arrivals, last))
            for client, arrivals in ((site.server.client, direct), (site.client, behind))
        ]
        for thread in watchers:
            thread.start()
        for thread in watchers:
            thread.join(timeout=PATIENCE_S)
        common = sorted(direct.keys() & behind.keys())
        assert len(common) >= 12, "some were kept back"
        later = [behind[number] - direct[number] for number in common]
        lasted = direct[common[-1]] - direct[common[0]]
        assert statistics.median(later) < lasted / 4, "they came in a heap"
        again = {}
        watch(site.client, job_id, again, last=common[5], seconds=0)
        assert list(again)[:3] == common[6:9], "the next ones after the last that was seen"
    finally:
        site.client.post(f"/v1/jobs/{job_id}/cancel")


def watch(client, job_id, arrivals, last, seconds=3):
    """When which event came, for so long, and of as many as are worth comparing."""
    headers = {"Last-Event-ID": str(last)}
    began = time.monotonic()
    with client.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("id: "):
                arrivals[int(line[4:])] = now = time.monotonic()
                if now - began > seconds and len(arrivals) >= 20:
                    return


# Uploads


def test_an_upload_goes_through_as_it_comes(site, tmp_path):
    """It is larger than other requests may be, and nginx does not collect it first."""
    content = os.urandom(5 * MIB)
    (tmp_path / "upload.bin").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    about = {"name": "upload.bin", "size_bytes": len(content), "sha256": sha256}
    address = site.client.post("/v1/files", json=about).headers["location"]
    raw = socket.create_connection(("127.0.0.1", site.nginx.https), timeout=PATIENCE_S)
    with site.nginx.context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
        head = (
            f"PATCH {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/partial-upload\r\n"
            f"Upload-Offset: 0\r\nUpload-Complete: ?1\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        connection.sendall(head.encode() + content[: 3 * MIB])
        path = site.folder / "data" / "uploads" / address.rpartition("/")[2]
        until(lambda: path.stat().st_size > 2 * MIB, "the bytes at the server")
    with site.quickml() as client:
        progress = []
        file = client.upload(tmp_path / "upload.bin", progress=progress.append)
        assert (file.sha256, progress[-1].sent_bytes < 3 * MIB) == (sha256, True)
        client.delete_file(sha256)


@pytest.mark.parametrize("version", ["3", "6", "8", None])
def test_a_client_of_the_draft_gets_through(site, version):
    content = os.urandom(2 * MIB)
    headers = {"Upload-Complete": "?1"} if version != "3" else {"Upload-Incomplete": "?0"}
    if version is not None:
        headers["Upload-Draft-Interop-Version"] = version
    answer = site.client.post("/v1/files", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["sha256"] == hashlib.sha256(content).hexdigest()
