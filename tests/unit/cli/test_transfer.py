"""What is shown of a download: bars, lines, and a connection that is lost."""

import hashlib
import io
import json
import sys
import threading
from pathlib import Path

import pytest

from quickml.cli.commands.download import download_job
from quickml.cli.display.outages import QUIET_S, Outages
from quickml.cli.display.transfer import (
    BarTransfer,
    LineTransfer,
    Transfer,
    TransferRate,
    duration,
    sentence,
    transfer_on,
)
from quickml.client import Progress
from quickml.client.retry import Backoff
from quickml.errors import ResultError, ServiceError, UnreachableError
from quickml.files.lock import Lock
from scripted_server import answer, scripted
from waiting import until

LOST = UnreachableError("gone", was_sent=True)


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


def progress(done, fetched=None, doing="fetching", name="model.mlmodel"):
    fetched = done if fetched is None else fetched
    return Progress(name=name, size_bytes=200_000_000, done_bytes=done, fetched_bytes=fetched, doing=doing)


def test_the_rate_is_that_of_the_last_seconds():
    clock = Clock()
    rate = TransferRate(clock)
    assert rate.per_second == 0.0
    for second in range(30):
        rate.add(1000 * second)
        clock.now_s += 1.0
    assert rate.per_second == pytest.approx(1000.0)
    for _ in range(30):
        rate.add(29_000)
        clock.now_s += 1.0
    assert rate.per_second == 0.0
    rate.add(0)
    assert rate.per_second == 0.0, "another file"


def test_lines_come_now_and_then():
    clock, stream = Clock(), io.StringIO()
    transfer = LineTransfer(stream, clock)
    for step in range(200):
        transfer.show(progress(125_000 * step))
        clock.now_s += 0.125
    assert stream.getvalue().splitlines() == [
        "model.mlmodel  10.0 MB of 200.0 MB",
        "model.mlmodel  20.0 MB of 200.0 MB, 1.0 MB/s, 3:00 min left",
    ]


def test_a_bar_tells_the_name_and_the_bytes(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setenv("TERM", "xterm")
    with transfer_on(stream, as_json=False) as transfer:
        assert isinstance(transfer, BarTransfer)
        transfer.show(progress(200_000_000, name="[red]a\x1b"))
    assert "[red]a\\u001b" in stream.getvalue()
    assert "200.0 MB of 200.0 MB" in stream.getvalue()


def test_programs_and_pipes_get_no_bar():
    assert type(transfer_on(io.StringIO(), as_json=True)) is Transfer
    assert type(transfer_on(io.StringIO(), as_json=False)) is LineTransfer


def test_what_else_is_done_is_said():
    assert sentence(progress(5, doing="repairing"), 1e6) == "5 B of 200.0 MB, replacing damaged parts"
    assert sentence(progress(5, doing="waiting"), 0.0).endswith("waiting for another download of it")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (59.6, "1:00 min"), (185, "3:05 min"), (7800, "2:10 h")]
)
def test_durations_as_people_say_them(seconds, text):
    assert duration(seconds) == text


def test_an_outage_is_told_once(capsys):
    clock = Clock()
    outages = Outages(clock)
    for pause_s in (0.2, 2.0, 4.0):
        outages(LOST, pause_s)
        clock.now_s += pause_s
    assert capsys.readouterr().err == "connection lost, retrying in 1 s\n"
    outages.over()
    outages(ServiceError("the server is busy", status=503), 7.4)
    assert capsys.readouterr().err == "the server is busy, retrying in 7 s\n"
    clock.now_s += 7.4 + QUIET_S + 1
    outages(LOST, 2.0)
    assert capsys.readouterr().err == "connection lost, retrying in 2 s\n"


# The command

CONTENT = b"a model" * 1000
JOB = {
    "id": "job_1", "name": "iris", "status": "ready", "document": {}, "artifacts": [],
    "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
}  # fmt: skip
FILE = {
    "name": "model.mlmodel", "kind": "mlmodel", "media_type": "x", "size_bytes": len(CONTENT),
    "sha256": hashlib.sha256(CONTENT).hexdigest(),
}  # fmt: skip


def serve(request):
    if request.path.startswith("/v1/artifacts/"):
        return answer(body=CONTENT)
    rows = {"artifacts": [FILE]} if request.path.endswith("/artifacts") else JOB
    return answer(body=json.dumps(rows).encode())


def downloaded(out, script=serve, *, as_json=False, **options):
    with scripted(script) as server:
        download_job("job_1", out=out, server=server.url, as_json=as_json, **{"names": (), **options})


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_that_can_be_none():
    with pytest.raises(ResultError, match=r"expected .* folder"):
        downloaded(Path("/"))


def test_variants_are_downloaded_only_if_wanted(tmp_path, capsys):
    def serve_variants(request):
        if not request.path.endswith("/artifacts"):
            return serve(request)
        variants = [{**FILE, "name": f"model.{form}.mlmodel", "kind": "variant"} for form in ("int4", "int8")]
        return answer(body=json.dumps({"artifacts": [FILE, *variants]}).encode())

    downloaded(tmp_path / "plain", serve_variants)
    assert left(tmp_path / "plain") == ["model.mlmodel"]
    downloaded(tmp_path / "all", serve_variants, variants=True)
    assert left(tmp_path / "all") == ["model.mlmodel", "variants"]
    assert left(tmp_path / "all" / "variants") == ["model.int4.mlmodel", "model.int8.mlmodel"]
    assert "variants/model.int8.mlmodel" in capsys.readouterr().out

    def break_off(request):
        return answer(410) if request.path.endswith("/model.mlmodel") else serve_variants(request)

    with pytest.raises(ServiceError):
        downloaded(tmp_path / "one", break_off, names=("model.int4.mlmodel", "model.mlmodel"))
    downloaded(tmp_path / "one", serve_variants, names=("model.int8.mlmodel",))
    assert left(tmp_path / "one") == ["variants"]
    assert left(tmp_path / "one" / "variants") == ["model.int8.mlmodel"], (
        "nothing of the first command is left"
    )


def test_who_waits_for_another_download_says_so(tmp_path, capsys):
    held = Lock(tmp_path / ".out-job_1.lock")
    assert held.take()
    waiting = threading.Thread(target=downloaded, args=[tmp_path / "out"], daemon=True)
    waiting.start()
    said = []
    until(lambda: said.append(capsys.readouterr().err) or any(said), "a line")
    held.release()
    waiting.join()
    assert "".join(said).splitlines() == ["waiting for another download of job_1"]
    assert (tmp_path / "out" / "model.mlmodel").read_bytes() == CONTENT
    assert left(tmp_path) == ["out"]


def test_a_download_of_which_nothing_came_leaves_nothing(tmp_path):
    def refuse(request):
        return answer(410) if request.path.startswith("/v1/artifacts/") else serve(request)

    with pytest.raises(ServiceError):
        downloaded(tmp_path / "out", refuse)
    assert left(tmp_path) == []


def test_json_lists_the_files_of_a_package(tmp_path, capsys):
    inner = {"path": "Data/weights.bin", "size_bytes": len(CONTENT), "sha256": FILE["sha256"]}
    package = {"name": "m.mlpackage", "size_bytes": len(CONTENT), "files": [inner | {"url": "/v1/somewhere"}]}

    def packed(request):
        rows = {"artifacts": [FILE | {"name": "m.mlpackage.zip", "package": package}]}
        return (
            answer(body=json.dumps(rows).encode()) if request.path.endswith("/artifacts") else serve(request)
        )

    downloaded(tmp_path / "out", packed, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["files"] == [package | {"files": [inner]}]
    assert (tmp_path / "out" / "m.mlpackage" / "Data" / "weights.bin").read_bytes() == CONTENT


def test_what_another_cannot_be_told_is_no_fault_of_the_disk(tmp_path, monkeypatch):
    """Standard error leads to a program that has ended."""

    class Closed(io.StringIO):
        def write(self, _):
            raise BrokenPipeError(32, "Broken pipe")

    lost = iter([None])

    def lose(request):
        return next(lost, serve(request)) if request.path.startswith("/v1/artifacts/") else serve(request)

    monkeypatch.setattr(Backoff, "first_s", 0.0005)
    monkeypatch.setattr(sys, "stderr", Closed())
    with pytest.raises(BrokenPipeError):
        downloaded(tmp_path / "out", lose)
