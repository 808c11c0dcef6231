"""Downloads over a network that cuts, stalls, spoils and loses: whole every time, and hardly more than once.

`pytest --full` fetches a larger file more often.
"""

import asyncio
import hashlib
import json
import resource
import signal
import subprocess
import sys
from random import Random

import pytest

import rounds
from lossy_proxy import Faults, LossyProxy
from quickml import AsyncClient, Client
from quickml.client.retry import Backoff
from quickml.errors import ServiceError
from server_process import PATIENCE_S, QUICKML, serving
from stored_files import store_files
from waiting import until

SIZE_BYTES = rounds.choose(few=40, full=200) * 1_000_000
RUNS = rounds.choose(few=4, full=50)
SEED = rounds.seed
KILLS = rounds.choose(few=4, full=10)
MB = 1_000_000
LOSSY = Faults(cut=SIZE_BYTES // 12, stall=SIZE_BYTES // 2, corrupt=40 * MB, lose=100 * MB, drop=0.1)
HEAD_BYTES = 4096
"""Of one answer, at most."""
TIMEOUT_S = 1.0
"""A stall is noticed after so long."""
NAME = "weights.bin"
PART = f".{NAME}.part"

FETCH = f"""
import sys
from quickml import Client
with Client(sys.argv[1], timeout_s=20.0, patience_s=200.0) as client:
    file = next(file for file in client.artifacts(sys.argv[2]) if file.name == {NAME!r})
    print(client.download(file, sys.argv[3]))
"""


class Site:
    """A server with one large file and a small one."""

    def __init__(self, server, files):
        self.server, self.job_id = server, files[0].job_id
        self.port = int(server.address.rpartition(":")[2])
        with Client(server.address) as client:
            self.file = next(file for file in client.artifacts(self.job_id) if file.name == NAME)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    random = Random(SEED)
    with (folder / NAME).open("wb") as stream:
        for _ in range(SIZE_BYTES // MB):
            stream.write(random.randbytes(MB))
    (folder / "model.mlmodel").write_bytes(b"small")
    files = store_files(folder / "data", folder / NAME, folder / "model.mlmodel")
    with serving(folder / "data") as server:
        yield Site(server, files)


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch):
    monkeypatch.setattr(Backoff, "first_s", 0.005)


def left(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def is_whole(path, file):
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256


def fetch(proxy, file, folder, *, awaited=False):
    """With either client. The server is known to be there, so that a first connection may be dropped too."""
    options = {"timeout_s": TIMEOUT_S, "patience_s": PATIENCE_S}
    if not awaited:
        with Client(proxy.url, **options) as client:
            client._contact.has_answered = True
            return client.download(file, folder)

    async def work():
        async with AsyncClient(proxy.url, **options) as client:
            client._contact.has_answered = True
            return await client.download(file, folder)

    return asyncio.run(work())


@pytest.mark.parametrize("run", range(RUNS))
def test_over_a_lossy_network_it_is_whole_and_hardly_more_than_its_size(site, tmp_path, run):
    with LossyProxy(site.port, LOSSY, seed=f"{SEED} {run}") as proxy:
        path = fetch(proxy, site.file, tmp_path, awaited=run % 2 == 1)
        assert is_whole(path, site.file)
        assert left(tmp_path) == [NAME]
        assert proxy.happened["cut"] + proxy.happened["corrupt"] > 0
        print(f"{proxy.sent_bytes / SIZE_BYTES:.3f} times the size, {proxy.happened}")
        assert proxy.sent_bytes <= 1.2 * SIZE_BYTES
    path.unlink()


def test_the_network_was_lossy(site, tmp_path):
    """Each kind of fault happens, in one download or the other."""
    happened = dict.fromkeys(("cut", "stall", "corrupt", "lose", "drop"), 0)
    for run in range(100):
        with LossyProxy(site.port, LOSSY, seed=f"{SEED} lossy {run}") as proxy:
            fetch(proxy, site.file, tmp_path / str(run)).unlink()
            happened = {name: happened[name] + count for name, count in proxy.happened.items()}
        if all(happened.values()):
            return
    raise AssertionError(happened)


def test_a_broken_connection_sends_at_most_256_kib_again(site, tmp_path):
    with LossyProxy(site.port, Faults(cut=SIZE_BYTES // 20), seed=SEED) as proxy:
        assert is_whole(fetch(proxy, site.file, tmp_path), site.file)
        again_bytes = proxy.sent_bytes - SIZE_BYTES - proxy.connections * HEAD_BYTES
        assert proxy.happened["cut"] >= 5
        assert again_bytes <= proxy.happened["cut"] * (256 << 10)


@pytest.mark.parametrize("corrupt", [5_000, 50_000, 500_000, 5_000_000])
def test_a_proxy_that_spoils_is_caught_every_time(site, tmp_path, corrupt):
    happened = 0
    for run in range(rounds.choose(few=2, full=5)):
        with LossyProxy(site.port, Faults(corrupt=corrupt), seed=f"{SEED} {run}") as proxy:
            try:
                path = fetch(proxy, site.file, tmp_path / str(run))
            except ServiceError:
                assert NAME not in left(tmp_path / str(run))
            else:
                assert is_whole(path, site.file)
            happened += proxy.happened["corrupt"]
    assert happened > 0


def test_a_client_that_is_killed_again_and_again_is_gone_on_with(site, tmp_path):
    """Each finds on disk what the one before it has received, and asks for what comes after that."""
    random = Random(SEED)
    part, place = tmp_path / PART, tmp_path / NAME
    with LossyProxy(site.port, Faults(rate=5 * MB)) as proxy:
        for kill in range(KILLS):
            there = part.stat().st_size if part.exists() else 0
            wanted = there + random.uniform(0, 1) * (SIZE_BYTES - there) / (KILLS - kill + 1)
            child = _fetching(proxy, site, tmp_path)
            until(lambda: _size(part) >= wanted or child.poll() is not None, "bytes", patience_s=PATIENCE_S)  # noqa: B023
            child.kill()
            child.wait()
            assert not place.exists()
        there = _size(part)
        asked = len(proxy.ranges)
        proxy.faults = Faults()
        child = _fetching(proxy, site, tmp_path)
        assert child.wait(PATIENCE_S) == 0
        assert proxy.ranges[asked] == (there, None)
    assert is_whole(place, site.file)
    assert left(tmp_path) == [NAME]


def test_two_processes_fetch_it_once(site, tmp_path):
    with LossyProxy(site.port) as proxy:
        children = [_fetching(proxy, site, tmp_path) for _ in range(2)]
        assert [child.wait(PATIENCE_S) for child in children] == [0, 0]
        assert SIZE_BYTES <= proxy.sent_bytes <= SIZE_BYTES + 100_000
    assert is_whole(tmp_path / NAME, site.file)
    assert left(tmp_path) == [NAME]


def _fetching(proxy, site, folder):
    command = [sys.executable, "-c", FETCH, proxy.url, site.job_id, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def _size(path):
    return path.stat().st_size if path.exists() else 0


# The command


def command(url, *arguments, **options):
    return subprocess.run(
        [*QUICKML, "download", *map(str, arguments), "--server", url], capture_output=True, text=True,
        check=False, timeout=PATIENCE_S, **options,
    )  # fmt: skip


def test_a_full_disk_leaves_no_folder_and_the_same_command_goes_on(site, tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE_BYTES // 2, SIZE_BYTES // 2))

    with LossyProxy(site.port) as proxy:
        full = command(proxy.url, site.job_id, "--out", tmp_path / "result", preexec_fn=limit)
        assert full.returncode == 2
        assert "the disk is full" in full.stderr
        assert not (tmp_path / "result").exists()
        done = command(proxy.url, site.job_id, "--out", tmp_path / "result")
        assert done.returncode == 0, done.stderr
        assert proxy.ranges == [(SIZE_BYTES // 2, None)]
    assert left(tmp_path) == ["result"]
    assert left(tmp_path / "result") == ["model.mlmodel", NAME]
    assert is_whole(tmp_path / "result" / NAME, site.file)


def test_ctrl_c_says_how_to_go_on(site, tmp_path):
    with LossyProxy(site.port, Faults(rate=2 * MB)) as proxy:
        process = subprocess.Popen(
            [*QUICKML, "download", site.job_id, "--file", NAME, "--server", proxy.url], cwd=tmp_path,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        part = tmp_path / "runs" / f".{site.job_id}.partial" / PART
        until(lambda: _size(part) > 1_000_000, "bytes", patience_s=PATIENCE_S)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 130
        assert out == ""
        assert (
            f"stopped; resume with `quickml download {site.job_id} --file {NAME} --server {proxy.url}`" in err
        )
        assert "Traceback" not in err
        there = _size(part)
        proxy.faults = Faults()
        done = command(proxy.url, site.job_id, "--file", NAME, "--json", cwd=tmp_path)
        assert proxy.ranges == [(there, None)]
    told = json.loads(done.stdout)
    assert told["files"] == [{"name": NAME, "size_bytes": SIZE_BYTES, "sha256": site.file.sha256}]
    assert done.stderr == ""
    assert left(tmp_path / told["folder"]) == [NAME]
    assert len(left(tmp_path / "runs")) == 1


def test_a_lost_connection_is_told_once(site, tmp_path):
    slow = 2 * MB
    with LossyProxy(site.port, Faults(rate=slow)) as proxy:
        process = subprocess.Popen(
            [*QUICKML, "download", site.job_id, "--out", tmp_path / "r", "--server", proxy.url],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        part = tmp_path / f".r-{site.job_id}.partial" / PART
        until(lambda: _size(part) > 1_000_000, "bytes", patience_s=PATIENCE_S)
        before = proxy.happened["drop"]
        proxy.faults = Faults(drop=1.0, rate=slow)  # what is on its way stays slow
        proxy.cut_all()
        until(lambda: proxy.happened["drop"] >= before + 3, "tries", patience_s=PATIENCE_S)
        proxy.faults = Faults()
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert err.count("connection lost, retrying in") == 1


def test_what_is_not_there_is_refused(site, tmp_path):
    done = command(site.server.address, site.job_id, "--file", "no", cwd=tmp_path)
    assert done.returncode == 2
    assert "--file: expected one of" in done.stderr
    assert left(tmp_path / "runs") == []
