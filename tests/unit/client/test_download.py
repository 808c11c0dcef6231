"""Files that a client fetches: broken off, damaged, resumed by another process, and waited for."""

import asyncio
import errno
import gzip
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from collections import namedtuple
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients import Waiting, both, problem
from quickml import AsyncClient, Client, results
from quickml.client import Artifact, Package, PackageFile, Progress
from quickml.client.download import disk
from quickml.client.download.disk import ExpectedFile
from quickml.client.download.names import check_paths
from quickml.client.download.partial import PartialFile
from quickml.client.download.repair import PART_TRIES, Repair
from quickml.client.retry import Backoff
from quickml.errors import InputError, ResultError, ServiceError, UnreachableError
from quickml.files import atomic
from quickml.files.lock import Lock
from scripted_server import answer, scripted

CONTENT = b"a model" * 50_000
PART_BYTES = 1 << 16
ETAG = '"strong"'
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch):
    monkeypatch.setattr(Backoff, "first_s", 0.0005)


def artifact(content=CONTENT, name="model.mlmodel", **changes):
    rows = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} | changes
    return Artifact(name=name, kind="mlmodel", media_type="application/octet-stream", **rows)


def left(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


class FileServer:
    """A script that serves files as a QuickML server does, but for what a plan says of each request for bytes.

    A step of the plan takes the answer's head and body and gives what is sent instead.
    """

    def __init__(self, content=CONTENT, plan=(), *, parts=True, ranges=True, etag=ETAG, files=()):
        self.files = {hashlib.sha256(one).hexdigest(): one for one in (content, *files)}
        self.plan, self.parts, self.ranges, self.etag = iter(plan), parts, ranges, etag
        self.asked = []
        """The range of each request for bytes, None where there was none."""
        self.sent_bytes = 0

    def __call__(self, request):
        _, _, _, sha256, *name = request.path.split("/")
        content = self.files[sha256]
        if not name:
            return self._list(sha256, content)
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        self.asked.append((int(asked[1]), int(asked[2]) if asked[2] else None) if asked else None)
        step = next(self.plan, None)
        headers = {"ETag": self.etag} if self.etag else {}
        honoured = asked and self.ranges and request.headers.get("if-range") == (self.etag or f'"{sha256}"')
        if not honoured:
            return self._sent(200, content, headers, step)
        first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
        if first >= len(content):
            return answer(416, Content_Range=f"bytes */{len(content)}")
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        return self._sent(206, content[first : last + 1], headers, step)

    def _sent(self, status, body, headers, step):
        if step is None:
            self.sent_bytes += len(body)
            return answer(status, body, **headers)
        return step(status, body, headers)

    def _list(self, sha256, content):
        if not self.parts:
            return problem(404, "not-found")
        parts = [content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)]
        rows = {
            "sha256": sha256, "size_bytes": len(content), "part_size_bytes": PART_BYTES,
            "parts": [hashlib.sha256(part).hexdigest() for part in parts],
        }  # fmt: skip
        return answer(body=json.dumps(rows).encode())


def cut(count):
    """The connection ends after so many bytes of the body."""
    return lambda status, body, headers: answer(status, body[:count], length=len(body), **headers)


def damaged(*places):
    """Some bytes are others."""

    def step(status, body, headers):
        spoiled = bytearray(body)
        for place in places:
            spoiled[place % max(1, len(body))] ^= 0x55
        return answer(status, bytes(spoiled), **headers)

    return step


def busy(status, body, headers):
    return problem(503, "busy", Retry_After=0)


def reset(status, body, headers):
    return None


def chunked(status, body, headers, end=b""):
    """All bytes, of which nobody says how many they are, and without `end` not that they were all."""
    head = answer(status, length=False, Transfer_Encoding="chunked", **headers)
    return head + b"%x\r\n%s\r\n" % (len(body), body) + end


def portal(status, body, headers):
    """What a hotel answers who has not paid yet."""
    return answer(200, b"<html>Welcome!</html>")


def surplus(status, body, headers):
    """More than was announced."""
    return answer(status, body + b"X", **headers)


def begun(folder, content=CONTENT, count=100_000, *, etag=ETAG, name="model.mlmodel", **changes):
    """What a process that was killed leaves."""
    folder.mkdir(exist_ok=True)
    note = {
        "sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content), "etag": etag, "known_bytes": 0,
    }  # fmt: skip
    (folder / f".{name}.part").write_bytes(content[:count])
    (folder / f".{name}.part.json").write_text(json.dumps(note | changes))


def fetched(way, script, folder, one=None, **options):
    with scripted(script) as server:
        return way.call(server.url, "download", one or artifact(), folder, **options)


@both
def test_a_file_lands_whole(way, tmp_path):
    with scripted(lambda _: answer(body=CONTENT)) as server:
        path = way.call(server.url, "download", artifact(), tmp_path / "new" / "folder")
    assert path.read_bytes() == CONTENT
    assert left(path.parent) == ["model.mlmodel"]
    assert path.stat().st_mode & 0o777 == 0o644
    assert server.requests[0].path == f"/v1/artifacts/{artifact().sha256}/model.mlmodel"


@both
def test_a_file_that_breaks_off_is_fetched_again(way, tmp_path):
    answers = iter([
        answer(body=CONTENT[:1000], length=len(CONTENT)), None, answer(502), answer(body=CONTENT[:99]),
        answer(body=CONTENT),
    ])  # fmt: skip
    with scripted(lambda _: next(answers)) as server:
        assert way.call(server.url, "download", artifact(), tmp_path).read_bytes() == CONTENT
    assert len(server.requests) == 5
    assert left(tmp_path) == ["model.mlmodel"]


@both
@pytest.mark.parametrize(
    ("sent", "message"),
    [(CONTENT[:-1] + b"X", "sha256"), (CONTENT + b"X", "expected 350,000 bytes, found 350,001")],
    ids=["another content", "too much"],
)
def test_what_is_not_the_file_does_not_land(way, sent, message, tmp_path):
    with scripted(lambda _: answer(body=sent)) as server, pytest.raises(ServiceError, match=message):
        way.call(server.url, "download", artifact(), tmp_path)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    [
        "../a", "a/b", "/etc/passwd", "..", ".", "", "a\\b", "C:a", ".hidden", "a\0b", "a" * 221, "\u00e9" * 111,
        "CON", "nul", "nul.txt", "Aux .txt", "COM1", "lpt\u00b9.bin", "a<", "a>", 'a"', "a|", "a?", "a*", "a\x7f", "a\u202eb", "a\ud800",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(name, tmp_path):
    with pytest.raises(ServiceError, match="plain file name"):
        Waiting.call("http://127.0.0.1:1", "download", artifact(name=name), tmp_path / "in")
    assert left(tmp_path) == []


@pytest.mark.parametrize("name", ["a" * 220, "Konto.txt", "CONTENT", "com10", "a b.c-d_e+f", "\u00e9\u4e2d"])
def test_other_names_are_given(name, tmp_path):
    assert left(fetched(Waiting, FileServer(), tmp_path, artifact(name=name)).parent) == [name]


def test_the_same_file_is_not_fetched_twice_and_another_not_written_over(tmp_path):
    (tmp_path / "model.mlmodel").write_bytes(CONTENT)
    assert Waiting.call("http://127.0.0.1:1", "download", artifact(), tmp_path) == tmp_path / "model.mlmodel"
    (tmp_path / "model.mlmodel").write_bytes(b"mine")
    with pytest.raises(ResultError, match="a different one"):
        Waiting.call("http://127.0.0.1:1", "download", artifact(), tmp_path)
    assert (tmp_path / "model.mlmodel").read_bytes() == b"mine"
    assert left(tmp_path) == ["model.mlmodel"]


@both
def test_a_link_to_nothing_is_not_written_over(way, tmp_path):
    (tmp_path / "model.mlmodel").symlink_to("nothing")
    script = FileServer()
    with pytest.raises(ResultError, match="a different one"):
        fetched(way, script, tmp_path)
    assert script.asked == []
    assert left(tmp_path) == ["model.mlmodel"]


@both
def test_a_lost_file_is_told(way, tmp_path):
    with (
        scripted(lambda _: problem(404, "not-found")) as server,
        pytest.raises(ServiceError, match="not-found"),
    ):
        way.call(server.url, "download", artifact(), tmp_path)
    assert left(tmp_path) == []


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ResultError, match="cannot be written"):
        Waiting.call("http://127.0.0.1:1", "download", artifact(), tmp_path / "file" / "in")


# What an earlier process has left


@both
def test_another_process_goes_on_from_what_is_there(way, tmp_path):
    begun(tmp_path, count=100_000)
    script = FileServer()
    assert fetched(way, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [(100_000, None)]
    assert script.sent_bytes == len(CONTENT) - 100_000
    assert left(tmp_path) == ["model.mlmodel"]


@both
def test_all_that_is_missing_may_be_the_name(way, tmp_path):
    begun(tmp_path, count=len(CONTENT))
    script = FileServer()
    assert fetched(way, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == []


@pytest.mark.parametrize(
    ("note", "count"),
    [
        ({"sha256": "0" * 64}, 100_000), ({"size_bytes": 7}, 100_000), ({"known_bytes": 200_000}, 100_000),
        ({"known_bytes": "x"}, 5), ({"known_bytes": None}, 5), ({"known_bytes": float("inf")}, 5), ({}, len(CONTENT) + 1),
    ],
    ids=["another file", "another size", "shorter than it was", "no number", "null", "endless", "longer than the file"],
)  # fmt: skip
def test_what_is_left_of_something_else_is_thrown_away(note, count, tmp_path):
    begun(
        tmp_path,
        content=CONTENT + b"more",
        count=count,
        **({"sha256": artifact().sha256, "size_bytes": len(CONTENT)} | note),
    )
    script = FileServer()
    assert fetched(Waiting, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [None]


@given(st.binary(max_size=200))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_is_in_the_note_the_file_comes_whole(tmp_path, note):
    begun(tmp_path, count=5)
    (tmp_path / ".model.mlmodel.part.json").write_bytes(note)
    path = fetched(Waiting, FileServer(), tmp_path)
    assert path.read_bytes() == CONTENT
    path.unlink()


def test_a_part_without_a_note_is_thrown_away(tmp_path):
    begun(tmp_path)
    (tmp_path / ".model.mlmodel.part.json").unlink()
    script = FileServer()
    assert fetched(Waiting, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [None]


def test_a_part_that_is_a_link_is_not_followed(tmp_path):
    begun(tmp_path)
    mine = tmp_path / "mine"
    mine.write_bytes(b"mine")
    (tmp_path / ".model.mlmodel.part").unlink()
    (tmp_path / ".model.mlmodel.part").symlink_to(mine)
    with pytest.raises(ResultError, match="cannot be written"):
        fetched(Waiting, FileServer(), tmp_path)
    assert mine.read_bytes() == b"mine"


def test_a_part_that_is_another_file_too_is_not_written_to(tmp_path):
    """Its process was killed when the file had got its name, and the name was changed since."""
    begun(tmp_path, count=len(CONTENT))
    os.link(tmp_path / ".model.mlmodel.part", tmp_path / "mine")
    other = b"other" * 1000
    path = fetched(Waiting, FileServer(other), tmp_path, artifact(other))
    assert path.read_bytes() == other
    assert (tmp_path / "mine").read_bytes() == CONTENT
    assert left(tmp_path) == ["mine", "model.mlmodel"]


@pytest.mark.parametrize("etag", ["\u00e9", '"\u00e9"', 'W/"weak"', "no quotes", '"a\nb"', 5])
def test_a_noted_etag_that_cannot_be_asked_with_is_left_out(etag, tmp_path):
    begun(tmp_path, etag=etag)
    script = FileServer(etag=None)
    assert fetched(Waiting, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [(100_000, None)]


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # the file, which Ctrl-C leaves open
def test_ctrl_c_before_it_is_known_what_is_there_removes_nothing(tmp_path, monkeypatch):
    begun(tmp_path)

    def interrupt(_):
        raise KeyboardInterrupt

    expected = ExpectedFile(name="model.mlmodel", sha256=artifact().sha256, size_bytes=len(CONTENT))
    part = PartialFile(tmp_path / "model.mlmodel", expected)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", interrupt)
        with pytest.raises(KeyboardInterrupt):
            part.open()
    part.close()
    assert (tmp_path / ".model.mlmodel.part").stat().st_size == 100_000


@both
def test_a_changed_file_starts_over(way, tmp_path):
    begun(tmp_path, etag='"older"')
    script = FileServer()
    assert fetched(way, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [(100_000, None)]
    assert script.sent_bytes == len(CONTENT)


def test_without_an_etag_the_sha256_is_one(tmp_path):
    script = FileServer(plan=[cut(1000)], etag=None)
    assert fetched(Waiting, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [None, (1000, None)]


def test_a_weak_etag_is_not_asked_with(tmp_path):
    script = FileServer(plan=[cut(1000)], etag='W/"weak"')
    with scripted(script) as server, Client(server.url) as client:
        client.download(artifact(), tmp_path)
        assert server.requests[1].headers["if-range"] == f'"{artifact().sha256}"'


@pytest.mark.parametrize(
    "found", ["bytes 99-349999/350000", "bytes 100000-349999/350001", "bytes 100000-350000/350000", "bytes */350000", "items 1-2/3", ""]
)  # fmt: skip
def test_another_range_than_was_asked_for_again_and_again_starts_over(found, tmp_path):
    begun(tmp_path / "a")
    begun(tmp_path / "b")

    def other(status, body, headers):
        return answer(206, body, Content_Range=found)

    script = FileServer(plan=[other])
    assert fetched(Waiting, script, tmp_path / "a").read_bytes() == CONTENT
    assert script.asked == [(100_000, None), (100_000, None)]
    script = FileServer(plan=[other, other])
    assert fetched(Waiting, script, tmp_path / "b").read_bytes() == CONTENT
    assert script.asked == [(100_000, None), (100_000, None), None]


def test_a_range_that_is_none_starts_over(tmp_path):
    begun(tmp_path)
    script = FileServer(plan=[lambda *_: answer(416)])
    assert fetched(Waiting, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [(100_000, None), None]


def test_only_once(tmp_path):
    begun(tmp_path)
    script = FileServer(plan=[lambda *_: answer(416), cut(10), lambda *_: answer(416)])
    with pytest.raises(ServiceError, match="expected status 206, found status 416"):
        fetched(Waiting, script, tmp_path)
    assert left(tmp_path) == []


# Answers that are not the file


@both
def test_another_page_leaves_the_part_alone(way, tmp_path):
    begun(tmp_path, count=300_000)
    script = FileServer(plan=[portal])
    assert fetched(way, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [(300_000, None)] * 2
    assert script.sent_bytes == 50_000


@both
def test_another_page_again_and_again_is_told(way, tmp_path):
    begun(tmp_path, count=300_000)
    with pytest.raises(ServiceError, match="expected 350,000 bytes, found 21") as caught:
        fetched(way, FileServer(plan=[portal] * 9), tmp_path)
    assert not isinstance(caught.value, UnreachableError)
    assert (tmp_path / ".model.mlmodel.part").stat().st_size == 300_000


def test_nor_does_it_end_a_repair(tmp_path):
    script = FileServer(plan=[damaged(10), portal, None, damaged(10), portal, portal])
    assert fetched(Waiting, script, tmp_path / "a").read_bytes() == CONTENT
    assert script.asked == [None, (0, 65535), (0, 65535)]
    assert fetched(Waiting, script, tmp_path / "b").read_bytes() == CONTENT
    assert script.asked[3:] == [None, (0, 65535), (0, 65535), None]


def test_a_range_with_more_in_it_leaves_the_part_alone(tmp_path):
    begun(tmp_path, count=300_000)
    script = FileServer(plan=[surplus])
    assert fetched(Waiting, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [(300_000, None)] * 2
    with pytest.raises(ServiceError, match="expected 350,000 bytes, found 350,001"):
        begun(tmp_path / "other", count=300_000)
        fetched(Waiting, FileServer(plan=[surplus] * 9), tmp_path / "other")
    assert (tmp_path / "other" / ".model.mlmodel.part").stat().st_size == 300_000


@pytest.mark.parametrize("count", [None, 300_000])
def test_what_comes_after_the_last_byte_is_not_read(tmp_path, count):
    """Nobody announced it: it is the sha256 that decides."""
    if count:
        begun(tmp_path, count=count)
    script = FileServer(plan=[lambda status, body, headers: chunked(status, body + b"X" * 300_000, headers)])
    assert fetched(Waiting, script, tmp_path).read_bytes() == CONTENT
    assert len(script.asked) == 1


@both
def test_an_encoding_that_nobody_asked_for_is_refused(way, tmp_path):
    """It is not undone either: a few bytes may become millions."""

    def packed(status, body, headers):
        return answer(status, gzip.compress(body), Content_Encoding="gzip", **headers)

    begun(tmp_path, count=300_000)
    script = FileServer(plan=[packed])
    assert fetched(way, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [(300_000, None)] * 2
    begun(tmp_path / "other", count=300_000)
    with pytest.raises(ServiceError, match="expected no content-encoding, found 'gzip'"):
        fetched(way, FileServer(plan=[packed] * 9), tmp_path / "other")
    assert (tmp_path / "other" / ".model.mlmodel.part").stat().st_size == 300_000


def test_misfits_far_apart_are_no_reason_to_start_over(tmp_path):
    def other(status, body, headers):
        return answer(206, body)

    script = FileServer(plan=[cut(50_000), other, cut(200_000), other])
    assert fetched(Waiting, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [None, (50_000, None), (50_000, None), (250_000, None), (250_000, None)]


# Connections that break


@both
def test_a_file_that_is_here_needs_no_end_of_its_answer(way, tmp_path):
    script = FileServer(plan=[chunked])
    assert fetched(way, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [None]
    begun(tmp_path / "other")
    script = FileServer(plan=[chunked])
    assert fetched(way, script, tmp_path / "other").read_bytes() == CONTENT
    assert script.asked == [(100_000, None)]


STEP = st.one_of(
    st.integers(0, len(CONTENT)).map(cut),
    st.lists(st.integers(0, 1 << 30), min_size=1, max_size=3).map(lambda places: damaged(*places)),
    st.sampled_from([busy, reset, chunked, portal, surplus]),
)


@both
@given(plan=st.lists(STEP, max_size=6), ranges=st.booleans(), count=st.none() | st.integers(0, len(CONTENT)))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_happens_on_the_way_it_is_whole_or_not_there(tmp_path, way, plan, ranges, count):
    shutil.rmtree(tmp_path / "in", ignore_errors=True)
    if count is not None:
        begun(tmp_path / "in", count=count)
    try:
        path = fetched(way, FileServer(plan=plan, ranges=ranges), tmp_path / "in", patience_s=5.0)
    except ServiceError:
        assert "model.mlmodel" not in left(tmp_path / "in")
    else:
        assert path.read_bytes() == CONTENT
        assert left(tmp_path / "in") == ["model.mlmodel"]


@both
def test_a_broken_connection_sends_nothing_twice(way, tmp_path):
    script = FileServer(plan=[cut(1000), reset, cut(120_000), busy, cut(5)])
    assert fetched(way, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [
        None,
        (1000, None),
        (1000, None),
        (121_000, None),
        (121_000, None),
        (121_005, None),
    ]


@both
def test_what_comes_is_on_disk_at_once(way, tmp_path):
    """So that a process that is killed loses none of it."""
    held_back = []

    def see(progress):
        if progress.doing == "fetching" and (tmp_path / ".model.mlmodel.part").exists():
            held_back.append(progress.done_bytes - (tmp_path / ".model.mlmodel.part").stat().st_size)

    if way is Waiting:
        with scripted(FileServer()) as server, Client(server.url) as client:
            client.download(artifact(), tmp_path, progress=see)
    else:

        async def work():
            async with AsyncClient(server.url) as client:
                await client.download(artifact(), tmp_path, progress=see)

        with scripted(FileServer()) as server:
            asyncio.run(work())
    assert len(held_back) > 2
    assert set(held_back) == {0}


def test_a_download_that_moves_is_not_given_up(tmp_path, monkeypatch):
    """Far more losses than it would bear without a byte between them."""
    now = [0.0]
    monkeypatch.setattr("quickml.client.retry.Backoff", partial(Backoff, clock=lambda: now[0]))
    monkeypatch.setattr("time.sleep", lambda _: now.__setitem__(0, now[0] + 9.0))
    begun(tmp_path, count=1)
    script = FileServer(plan=[cut(1000)] * 40)
    assert fetched(Waiting, script, tmp_path, patience_s=10.0).read_bytes() == CONTENT
    assert now[0] > 10 * 10.0


@pytest.mark.parametrize("restart", ["a changed file", "a repair that is answered with all of it"])
def test_nor_one_that_moves_from_its_beginning_again(restart, tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("quickml.client.retry.Backoff", partial(Backoff, clock=lambda: now[0]))
    monkeypatch.setattr("time.sleep", lambda _: now.__setitem__(0, now[0] + 4.0))
    plan = [cut(10_000)] * 40
    if restart == "a changed file":
        begun(tmp_path, count=300_000, etag='"older"')
    else:
        plan = [
            damaged(10),
            lambda status, body, headers: answer(200, CONTENT[:10_000], length=len(CONTENT), ETag=ETAG),
            *plan,
        ]
    assert fetched(Waiting, FileServer(plan=plan), tmp_path, patience_s=10.0).read_bytes() == CONTENT
    assert now[0] > 10 * 10.0


def test_reading_is_no_failure(tmp_path, monkeypatch):
    """A large file is compared with its list for minutes, between two requests that fail."""
    now = [0.0]
    monkeypatch.setattr("quickml.client.retry.Backoff", partial(Backoff, clock=lambda: now[0]))
    compare = Repair.compare
    monkeypatch.setattr(Repair, "compare", lambda repair: (now.__setitem__(0, 120.0), compare(repair))[1])
    script = FileServer(plan=[damaged(10), busy])
    lists = iter([problem(503, "busy", Retry_After=0), script._list(artifact().sha256, CONTENT)])
    script._list = lambda *_: next(lists)
    assert fetched(Waiting, script, tmp_path, patience_s=60.0).read_bytes() == CONTENT


def test_one_that_does_not_is(tmp_path):
    with pytest.raises(UnreachableError):
        fetched(Waiting, FileServer(plan=[cut(1000), *[cut(0)] * 10_000]), tmp_path, patience_s=0.2)
    assert left(tmp_path) == [".model.mlmodel.part", ".model.mlmodel.part.json"]
    assert (tmp_path / ".model.mlmodel.part").read_bytes() == CONTENT[:1000]
    assert json.loads((tmp_path / ".model.mlmodel.part.json").read_text())["known_bytes"] == 1000


def test_nor_one_that_moves_in_circles(tmp_path, monkeypatch):
    """From its beginning, and never further than before."""
    now = [0.0]
    monkeypatch.setattr("quickml.client.retry.Backoff", partial(Backoff, clock=lambda: now[0]))
    monkeypatch.setattr("time.sleep", lambda _: now.__setitem__(0, now[0] + 1.0))
    script = FileServer(plan=[cut(1000)] * 100, ranges=False)
    with pytest.raises(UnreachableError):
        fetched(Waiting, script, tmp_path, patience_s=10.0)
    assert len(script.asked) < 15


@both
def test_who_wants_to_know_is_told_of_every_pause(way, tmp_path):
    told = []
    script = FileServer(plan=[cut(1000), busy])
    fetched(
        way,
        script,
        tmp_path,
        on_retry=lambda error, pause_s: told.append((type(error), error.status, pause_s > 0)),
    )
    assert told == [(UnreachableError, None, True), (ServiceError, 503, True)]


# Damage


@both
def test_only_what_is_damaged_is_fetched_again(way, tmp_path):
    script = FileServer(plan=[damaged(10, 70_000, 70_001, len(CONTENT) - 1)])
    assert fetched(way, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [None, (0, 65535), (65536, 131_071), (327_680, 349_999)]
    assert left(tmp_path) == ["model.mlmodel"]


@both
def test_damage_of_an_earlier_process_is_found(way, tmp_path):
    begun(tmp_path, content=b"X" + CONTENT[1:], count=100_000, sha256=artifact().sha256)
    script = FileServer()
    assert fetched(way, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [(100_000, None), (0, 65535)]


def test_a_part_that_stays_damaged_is_given_up(tmp_path):
    script = FileServer(plan=[damaged(place) for place in range(9)])
    with pytest.raises(
        ServiceError, match=r"bytes 0 to 65,535: expected intact data, found it damaged 5 times"
    ):
        fetched(Waiting, script, tmp_path)
    assert len(script.asked) == 1 + PART_TRIES
    assert "model.mlmodel" not in left(tmp_path)
    again = FileServer()
    assert fetched(Waiting, again, tmp_path).read_bytes() == CONTENT
    assert again.asked == [(0, 65535)]


@both
def test_who_always_damages_the_same_is_caught(way, tmp_path):
    script = FileServer(plan=[damaged(10)] * 9)
    with pytest.raises(ServiceError, match="sha256"):
        fetched(way, script, tmp_path)
    assert len(script.asked) == 3
    assert left(tmp_path) == []


def test_a_broken_connection_is_no_damage(tmp_path):
    script = FileServer(plan=[damaged(10), cut(5), reset, busy, damaged(3)])
    assert fetched(Waiting, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [None, *[(0, 65535)] * 5]


def test_a_list_may_be_what_is_damaged(tmp_path):
    """Two copies of a part agree, and the file is what it should be."""
    script = FileServer(plan=[damaged(10)])
    listed = script._list

    def spoiled(sha256, content):
        _, _, body = listed(sha256, content).partition(b"\r\n\r\n")
        rows = json.loads(body)
        rows["parts"][2] = "0" * 64
        return answer(body=json.dumps(rows).encode())

    script._list = spoiled
    assert fetched(Waiting, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [None, (0, 65535), (131_072, 196_607), (131_072, 196_607)]


@both
def test_an_older_server_is_asked_for_all_of_it_once_more(way, tmp_path):
    script = FileServer(plan=[damaged(10)], parts=False)
    assert fetched(way, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [None, None]
    with pytest.raises(ServiceError, match="expected sha256"):
        fetched(way, FileServer(plan=[damaged(10), damaged(11)], parts=False), tmp_path / "other")
    assert left(tmp_path / "other") == []


@pytest.mark.parametrize(
    "changes",
    [{"sha256": "0" * 64}, {"size_bytes": 1}, {"parts": []}, {"part_size_bytes": 0}, {"part_size_bytes": -1},
     {"part_size_bytes": 1 << 40, "parts": ["0"]}, {"parts": None}],
    ids=str,
)  # fmt: skip
def test_a_list_that_is_none_is_as_good_as_none(changes, tmp_path):
    script = FileServer(plan=[damaged(10)])
    good = json.loads(script._list(artifact().sha256, CONTENT).partition(b"\r\n\r\n")[2])
    script._list = lambda *_: answer(body=json.dumps(good | changes).encode())
    assert fetched(Waiting, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [None, None]


def test_a_server_that_repairs_no_ranges_sends_all_again(tmp_path):
    script = FileServer(plan=[damaged(10)], ranges=False)
    assert fetched(Waiting, script, tmp_path).read_bytes() == CONTENT
    assert script.asked == [None, (0, 65535)]


# The disk


@both
def test_too_little_room_is_told_before_anything_is_fetched(way, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, 300_000))
    script = FileServer()
    with pytest.raises(ResultError, match=r"expected 4,544,304 free bytes on the disk, found 300,000"):
        fetched(way, script, tmp_path)
    assert script.asked == []
    assert left(tmp_path) == []


def test_room_is_needed_for_what_is_missing_alone(tmp_path, monkeypatch):
    begun(tmp_path, count=len(CONTENT) - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, (4 << 20) + 1))
    assert fetched(Waiting, FileServer(), tmp_path).read_bytes() == CONTENT


LIMITED = """
import resource, sys
from quickml import Client
from quickml.client import Artifact
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
file = Artifact(name="model.mlmodel", kind="mlmodel", media_type="x", sha256=sys.argv[2], size_bytes=350_000)
with Client(sys.argv[1]) as client:
    client.download(file, sys.argv[3])
"""


def test_a_disk_that_fills_up_keeps_what_fitted_in(tmp_path):
    script = FileServer()
    with scripted(script) as server:
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, server.url, artifact().sha256, str(tmp_path)],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    assert "ResultError" in done.stderr
    assert "the disk is full" in done.stderr
    assert left(tmp_path) == [".model.mlmodel.part", ".model.mlmodel.part.json"]
    assert (tmp_path / ".model.mlmodel.part").stat().st_size == 100_000
    again = FileServer()
    assert fetched(Waiting, again, tmp_path).read_bytes() == CONTENT
    assert again.asked == [(100_000, None)]


def test_a_disk_that_knows_no_second_name(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "no")

    monkeypatch.setattr(os, "link", refuse)
    assert fetched(Waiting, FileServer(), tmp_path).read_bytes() == CONTENT
    with pytest.raises(FileExistsError):
        atomic.publish(tmp_path / "model.mlmodel", tmp_path, exclusive=True)
    assert left(tmp_path) == ["model.mlmodel"]


@pytest.mark.skipif(os.name == "nt", reason="folders are not synced")
@both
def test_a_disk_that_syncs_no_folders(way, tmp_path, monkeypatch):
    synced = os.fsync

    def sync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    assert fetched(way, FileServer(), tmp_path).read_bytes() == CONTENT
    assert left(tmp_path) == ["model.mlmodel"]
    with results.draft(tmp_path / "result") as draft:
        (draft.path / "file").write_text("x")
        draft.publish()
    assert left(tmp_path / "result") == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="no such modes")
def test_a_result_is_as_open_as_its_owner_wants(tmp_path):
    before = os.umask(0o027)
    try:
        with results.draft(tmp_path / "result") as draft:
            draft.publish()
    finally:
        os.umask(before)
    assert (tmp_path / "result").stat().st_mode & 0o777 == 0o750


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if not sys.platform.startswith("linux") or shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root mounts a disk, on Linux")
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@both
def test_a_disk_that_is_full_keeps_what_fitted_in_too(way, small_disk, monkeypatch):
    """Others fill it while the file comes."""
    monkeypatch.setattr(disk, "MARGIN_BYTES", 0)

    def fill(status, body, headers):
        with suppress(OSError), (small_disk / "others").open("wb", buffering=0) as stream:
            while stream.write(bytes(4096)):
                pass
        os.truncate(small_disk / "others", (small_disk / "others").stat().st_size - 131_072)
        return answer(status, body, **headers)

    with pytest.raises(ResultError, match=r"the disk is full .* resumes from there"):
        fetched(way, FileServer(plan=[fill]), small_disk)
    there = (small_disk / ".model.mlmodel.part").stat().st_size
    assert 0 < there <= 131_072
    (small_disk / "others").unlink()
    again = FileServer()
    assert fetched(way, again, small_disk).read_bytes() == CONTENT
    assert again.asked == [(there, None)]
    assert left(small_disk) == ["model.mlmodel"]


@both
def test_who_came_first_keeps_the_name(way, tmp_path):
    def intrude(status, body, headers):
        (tmp_path / "model.mlmodel").write_bytes(b"mine")
        return answer(status, body, **headers)

    with pytest.raises(ResultError, match="a different one"):
        fetched(way, FileServer(plan=[intrude]), tmp_path)
    assert (tmp_path / "model.mlmodel").read_bytes() == b"mine"


# Several at once


def test_threads_wait_for_each_other(tmp_path):
    script = FileServer()
    paths = []
    with scripted(script) as server:
        threads = [
            threading.Thread(target=lambda: paths.append(Waiting.call(server.url, "download", artifact(), tmp_path)))
            for _ in range(4)
        ]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [path.read_bytes() == CONTENT for path in paths] == [True] * 4
    assert script.asked == [None]
    assert left(tmp_path) == ["model.mlmodel"]


def test_tasks_wait_for_each_other_and_block_nobody(tmp_path):
    script = FileServer()

    async def work():
        held = Lock(tmp_path / ".model.mlmodel.lock")
        assert held.take()
        async with AsyncClient(server.url) as client:
            told = []
            tasks = [
                asyncio.ensure_future(client.download(artifact(), tmp_path, progress=told.append))
                for _ in range(3)
            ]
            while not any(progress.doing == "waiting" for progress in told):
                await asyncio.sleep(0)
            assert script.asked == []
            held.release()
            return await asyncio.gather(*tasks)

    with scripted(script) as server:
        paths = asyncio.run(work())
    assert paths[0].read_bytes() == CONTENT
    assert script.asked == [None]
    assert left(tmp_path) == ["model.mlmodel"]


def test_a_task_that_is_cancelled_twice_waits_for_its_thread(tmp_path, monkeypatch):
    """So that the thread takes no lock that nobody lets go of."""
    inside, go_on = threading.Event(), threading.Event()
    take = Lock.take

    def slow(lock):
        inside.set()
        go_on.wait()
        return take(lock)

    monkeypatch.setattr(Lock, "take", slow)

    async def work():
        async with AsyncClient("http://127.0.0.1:1") as client:
            task = asyncio.ensure_future(client.download(artifact(), tmp_path))
            await asyncio.to_thread(inside.wait)
            for _ in range(3):
                task.cancel()
                await asyncio.sleep(0.01)
            waits = not task.done()
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            return waits

    assert asyncio.run(work())
    assert left(tmp_path) == []


def test_a_task_that_is_cancelled_leaves_a_part(tmp_path):
    script = FileServer(plan=[cut(1000), *[busy] * 10_000])

    async def work():
        async with AsyncClient(server.url) as client:
            task = asyncio.ensure_future(client.download(artifact(), tmp_path))
            while len(script.asked) < 3:
                await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    with scripted(script) as server:
        asyncio.run(work())
    assert left(tmp_path) == [".model.mlmodel.part", ".model.mlmodel.part.json"]
    assert fetched(Waiting, FileServer(), tmp_path).read_bytes() == CONTENT


# What is told


def test_progress_begins_with_what_is_there_and_ends_with_all(tmp_path):
    begun(tmp_path, count=100_000)
    told = []
    with scripted(FileServer()) as server, Client(server.url) as client:
        client.download(artifact(), tmp_path, progress=told.append)
    assert told[0] == Progress(
        name="model.mlmodel", size_bytes=350_000, done_bytes=100_000, fetched_bytes=0, doing="checking"
    )
    fetching = [progress for progress in told if progress.doing == "fetching"]
    assert (told[-1].done_bytes, told[-1].fetched_bytes) == (350_000, 250_000)
    assert all(progress.done_bytes == 100_000 + progress.fetched_bytes for progress in fetching)


# Packages

INNER = {"Manifest.json": b"{}", "Data/com.apple.CoreML/model.mlmodel": b"m" * 5000, "Data/com.apple.CoreML/weights/weight.bin": CONTENT}  # fmt: skip


def package(inner=INNER, name="model.mlpackage"):
    files = tuple(
        PackageFile(path=path, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        for path, content in inner.items()
    )
    size_bytes = sum(map(len, inner.values()))
    return artifact(b"zip", f"{name}.zip", package=Package(name=name, size_bytes=size_bytes, files=files))


def packed(way, script, folder, one=None, **options):
    with scripted(script) as server:
        return way.call(server.url, "download_package", one or package(), folder, **options)


def inside(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@both
def test_a_package_lands_file_by_file(way, tmp_path):
    script = FileServer(files=INNER.values(), plan=[None, cut(100), None, cut(9999), damaged(100_000)])
    with scripted(script) as server:
        path = way.call(server.url, "download_package", package(), tmp_path / "new")
        paths = {request.path for request in server.requests if request.path.count("/") > 3}
    assert path == tmp_path / "new" / "model.mlpackage"
    assert inside(path) == INNER
    assert left(tmp_path / "new") == ["model.mlpackage"]
    assert paths == {
        f"/v1/artifacts/{hashlib.sha256(content).hexdigest()}/model.mlpackage/{name}" for name, content in INNER.items()
    }  # fmt: skip


@both
def test_a_package_is_gone_on_with(way, tmp_path):
    script = FileServer(
        files=INNER.values(), plan=[None, None, cut(100_000), lambda *_: problem(404, "not-found")]
    )
    with pytest.raises(ServiceError):
        packed(way, script, tmp_path)
    (draft,) = left(tmp_path)
    assert re.fullmatch(r"\.model\.mlpackage-[0-9a-f]{16}\.partial", draft)
    script = FileServer(files=INNER.values())
    assert inside(packed(way, script, tmp_path)) == INNER
    assert script.asked == [(100_000, None)]
    assert left(tmp_path) == ["model.mlpackage"]


@both
def test_a_package_that_is_there_is_not_fetched_again_and_another_not_written_over(way, tmp_path):
    packed(way, FileServer(files=INNER.values()), tmp_path)
    script = FileServer(files=INNER.values())
    packed(way, script, tmp_path)
    assert script.asked == []
    for changed in (INNER | {"Manifest.json": b"[]"}, INNER | {"more": b""}):
        with pytest.raises(ResultError, match="a different one"):
            packed(way, script, tmp_path, package(changed))
    assert inside(tmp_path / "model.mlpackage") == INNER
    assert left(tmp_path) == ["model.mlpackage"]


def test_a_package_is_fetched_once_by_several(tmp_path):
    script = FileServer(files=INNER.values())

    async def work():
        async with AsyncClient(server.url) as client:
            await asyncio.gather(*(client.download_package(package(), tmp_path) for _ in range(3)))

    with scripted(script) as server:
        asyncio.run(work())
    assert len(script.asked) == len(INNER)
    assert inside(tmp_path / "model.mlpackage") == INNER


def test_progress_of_a_package_is_that_of_all_its_files(tmp_path):
    told = []
    with scripted(FileServer(files=INNER.values())) as server, Client(server.url) as client:
        client.download_package(package(), tmp_path, progress=told.append)
    assert {progress.name for progress in told} == {"model.mlpackage"}
    total = sum(map(len, INNER.values()))
    assert (told[-1].size_bytes, told[-1].done_bytes, told[-1].fetched_bytes) == (total, total, total)
    done = [progress.done_bytes for progress in told]
    assert done == sorted(done)


def test_a_package_of_another_size_than_its_files(tmp_path):
    one = package()
    larger = one.package.model_copy(update={"size_bytes": one.package.size_bytes + 1})
    one = one.model_copy(update={"package": larger})
    with pytest.raises(ServiceError, match=r"expected files of 355,003 bytes together, found 355,002"):
        Waiting.call("http://127.0.0.1:1", "download_package", one, tmp_path / "in")
    assert left(tmp_path) == []


def test_what_is_not_of_a_package_does_not_get_into_it(tmp_path):
    """Others put files into every folder that they see."""

    def stray(status, body, headers):
        (draft,) = tmp_path.glob(".*.partial")
        (draft / ".DS_Store").write_text("x")
        (draft / "folder").mkdir()
        return answer(status, body, **headers)

    path = packed(Waiting, FileServer(files=INNER.values(), plan=[stray]), tmp_path)
    assert inside(path) == INNER
    assert left(path) == ["Data", "Manifest.json"]


@both
def test_a_package_of_which_nothing_came_leaves_nothing(way, tmp_path):
    inner = {"Data/a/b": CONTENT}
    with pytest.raises(ServiceError):
        packed(way, lambda _: problem(404, "not-found"), tmp_path, package(inner))
    assert left(tmp_path) == []


def test_what_is_no_package(tmp_path):
    with pytest.raises(InputError, match="expected a package"):
        Waiting.call("http://127.0.0.1:1", "download_package", artifact(), tmp_path)


@pytest.mark.parametrize(
    "paths",
    [
        ["/a"], ["../a"], ["a/../b"], ["a/./b"], ["a//b"], ["a/"], [""], ["a\\b"], ["C:/a"], ["C:a"], ["a\0"], ["a\n"], [".a"],
        ["a."], ["a /b"], ["a", "a"], ["a", "a/b"], ["a/b", "a"], ["a", "A"], ["a/b", "A/c"], ["\u00e9", "e\u0301"], ["x" * 300], [],
        ["/".join("a" * 17)], [f"a{number}" for number in range(10_001)],
    ],
    ids=lambda paths: ascii(paths)[:40],
)  # fmt: skip
def test_paths_that_lead_elsewhere_are_refused(paths, tmp_path):
    with pytest.raises(ServiceError, match="artifacts: "):
        check_paths(paths)
    files = tuple(PackageFile(path=path, size_bytes=1, sha256="0" * 64) for path in paths)
    one = artifact(package=Package(name="m.mlpackage", size_bytes=1, files=files))
    with pytest.raises(ServiceError, match="artifacts: "):
        Waiting.call("http://127.0.0.1:1", "download_package", one, tmp_path / "in")
    assert left(tmp_path) == []


@pytest.mark.parametrize("name", ["../a", "", ".a", "a/b"])
def test_names_of_packages_that_lead_elsewhere_are_refused(name, tmp_path):
    with pytest.raises(ServiceError, match="plain file name"):
        Waiting.call("http://127.0.0.1:1", "download_package", package(name=name), tmp_path / "in")
    assert left(tmp_path) == []


@given(st.lists(st.text(st.sampled_from("ab/.\\: A"), min_size=1, max_size=6), min_size=1, max_size=4))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_paths_that_are_taken_stay_inside_and_apart(tmp_path, paths):
    try:
        check_paths(paths)
    except ServiceError:
        return
    places = [Path(os.path.normpath(tmp_path / "in" / path)) for path in paths]
    assert all(place.is_relative_to(tmp_path / "in") and place != tmp_path / "in" for place in places)
    assert len(set(map(str.casefold, map(str, places)))) == len(paths)
    assert not any(one in other.parents for one in places for other in places)
