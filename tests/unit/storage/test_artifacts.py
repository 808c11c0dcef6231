"""The contract of artifact stores, held by each of them, and what only one of them does.

A new store joins with one entry of `STORES`.
"""

import contextlib
import errno
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import s3_process
from documented_store import documented_store
from job_examples import opened
from quickml.errors import ArtifactDamagedError, ArtifactError, ArtifactNotFoundError, StoreError
from quickml.files.digest import PART_BYTES, digest
from quickml.storage.artifacts import filesystem
from quickml.storage.artifacts.cache import PartCache
from quickml.storage.artifacts.checksums import check, check_parts
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.storage.artifacts.s3 import S3ArtifactStore
from quickml.storage.bucket import Bucket, Location
from stored_files import change_stored_file, flip_bit

HOUR = 3600.0
NOT_THERE = "0" * 64
LARGE = os.urandom(2 * PART_BYTES + 12_345)


class Clock:
    def __init__(self):
        self.time = 1_800_000_000.0

    def __call__(self):
        return self.time


def in_a_bucket(folder, clock, database=None):
    """A store in a bucket of a real S3, with its rows in a database."""
    location = Location.of(s3_process.shared().new())
    database = database or opened(folder / "quickml.db")
    return S3ArtifactStore(Bucket(location), PartCache(folder / "cache"), database, clock)


STORES = {
    "filesystem": lambda folder, clock: FilesystemArtifactStore(folder / "artifacts", clock),
    "of the page on adding a store": documented_store,
    "s3": in_a_bucket,
}
"""Each makes an empty store that may use a folder."""
MARKS = {"s3": s3_process.needs_s3}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=[pytest.param(name, marks=MARKS.get(name, ())) for name in STORES])
def store(request, tmp_path, clock):
    return STORES[request.param](tmp_path, clock)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.mlmodel"
    path.write_bytes(b"model" * 1000)
    return path


def sha256_of(content):
    return hashlib.sha256(content).hexdigest()


def read(store, sha256, *bounds):
    with store.open(sha256, *bounds) as stream:
        return stream.read()


def put(store, tmp_path, content):
    path = tmp_path / "source"
    path.write_bytes(content)
    return store.put(path).sha256


def test_a_file_is_found_by_its_content(store, file, clock):
    stored = store.put(file)
    assert (stored.sha256, stored.size_bytes) == (sha256_of(file.read_bytes()), 5000)
    assert stored.stored_at == datetime.fromtimestamp(clock.time, UTC)
    assert store.stat(stored.sha256) == stored
    assert read(store, stored.sha256) == file.read_bytes()
    assert store.usage_bytes() == 5000


@pytest.mark.parametrize("size", [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1])
def test_files_of_every_size(store, tmp_path, size):
    content = os.urandom(size)
    sha256 = put(store, tmp_path, content)
    assert store.stat(sha256).size_bytes == size
    assert read(store, sha256) == content


def test_what_is_stored_stays_when_the_source_changes(store, file):
    sha256 = store.put(file).sha256
    file.write_bytes(b"other")
    assert sha256_of(read(store, sha256)) == sha256
    file.unlink()
    assert sha256_of(read(store, sha256)) == sha256


def test_the_same_content_is_kept_once(store, file, tmp_path):
    copy = tmp_path / "copy"
    copy.write_bytes(file.read_bytes())
    assert store.put(file) == store.put(copy)
    assert store.usage_bytes() == 5000


@pytest.mark.parametrize(
    "name",
    ["", "..", "../../etc/passwd", "/etc/passwd", NOT_THERE, "A" * 64, "a" * 63, "a" * 65, "a" * 63 + "\n", "a" * 64 + "\n", "a/" * 32, "\0" * 64, "é" * 64, "\ud800", "*" * 64],
)  # fmt: skip
def test_a_name_from_outside_is_never_a_path(store, file, name):
    store.put(file)
    for call in (store.open, store.stat, store.checksums, lambda name: store.local_path(name).__enter__()):
        with pytest.raises(ArtifactNotFoundError) as caught:
            call(name)
        assert caught.value.sha256 == name
    if name == NOT_THERE:
        store.delete(name)
    else:
        for call in (store.delete, store.relative_path):
            with pytest.raises(ArtifactNotFoundError):
                call(name)


def test_a_deleted_file_is_gone_but_for_those_who_read_it(store, file):
    sha256 = store.put(file).sha256
    with store.open(sha256) as stream:
        stream.read(10)
        store.delete(sha256)
        assert len(stream.read()) == 4990
    with pytest.raises(ArtifactNotFoundError):
        store.open(sha256).read()
    assert store.usage_bytes() == 0
    store.put(file)
    assert store.stat(sha256).size_bytes == 5000


@pytest.mark.parametrize("at_call", [1, 2])
def test_a_deletion_spares_what_is_put_while_it_asks_whether_it_is_needed(store, file, clock, at_call):
    """Another server notes that it needs the content, puts it, and refers to it then."""
    sha256 = store.put(file).sha256
    calls, answers = [], []

    def is_needed():
        answers.append(len(calls) >= at_call)
        calls.append(1)
        if len(calls) == at_call:
            clock.time += 1
            store.put(file)
        return answers[-1]

    store.delete(sha256, is_needed=is_needed)
    if len(calls) < at_call:
        with pytest.raises(ArtifactNotFoundError):
            store.stat(sha256)
        return
    with store.open(sha256) as stream:
        assert len(stream.read()) == 5000
    store.delete(sha256, is_needed=lambda: True)
    assert store.stat(sha256).size_bytes == 5000
    store.delete(sha256)
    assert store.usage_bytes() == 0


@pytest.mark.parametrize("at_call", [1, 2])
def test_a_question_that_fails_deletes_nothing(store, file, at_call):
    sha256, calls = store.put(file).sha256, []

    def is_needed():
        calls.append(1)
        if len(calls) == at_call:
            raise StoreError("the database is away")
        return False

    with contextlib.suppress(StoreError):
        store.delete(sha256, is_needed=is_needed)
    assert store.usage_bytes() == (0 if len(calls) < at_call else 5000)


def test_what_cannot_be_put(store, tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(ArtifactError) as caught:
            store.put(path)
        assert not isinstance(caught.value, ArtifactNotFoundError)
    assert store.usage_bytes() == 0


def test_free_space_is_positive_or_unknown(store):
    assert store.free_bytes() is None or store.free_bytes() > 0


def test_a_local_path_has_the_content(store, file):
    with store.local_path(store.put(file).sha256) as path:
        assert path.read_bytes() == file.read_bytes()


def test_clients_and_proxies_may_be_sent_elsewhere(store, file):
    sha256 = store.put(file).sha256
    url = store.redirect_url(sha256, name="m", media_type="application/octet-stream", expires_s=60)
    assert url is None or url.startswith("http")
    path = store.relative_path(sha256)
    assert path is None or sha256 in path


# Ranges


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.integers(0, 120), st.integers(0, 120) | st.none(), st.lists(st.integers(1, 50), min_size=1))
def test_any_range_can_be_read_in_any_pieces(store, tmp_path, start, stop, sizes):
    content = bytes(range(100))
    sha256 = put(store, tmp_path, content)
    assert read(store, sha256, start, stop) == content[start:stop]
    found = b""
    with store.open(sha256, start, stop) as stream:
        while chunk := stream.read(sizes[len(found) % len(sizes)]):
            found += chunk
    assert found == content[start:stop]


def test_what_is_in_memory_is_read_without_waiting_and_in_order(store, tmp_path):
    sha256 = put(store, tmp_path, LARGE)
    read(store, sha256)
    found = b""
    with store.open(sha256, 10, 2_000_000) as stream:
        while len(found) < 1_999_990:
            cached = stream.read_cached(100_000)
            found += stream.read(100_000) if cached is None else cached
        assert not stream.read_cached(1)
        assert stream.read(1) == b""
    assert found == LARGE[10:2_000_000]


def test_what_is_in_memory_is_passed_over_as_part_of_a_file(store, tmp_path):
    sha256 = put(store, tmp_path, LARGE)
    read(store, sha256)
    found = b""
    with store.open(sha256, 10, 2_000_000) as stream:
        while len(found) < 1_999_990:
            part = stream.cached_part(300_000)
            if part is None:
                found += stream.read(300_000)
            else:
                found += os.pread(part.file.fileno(), len(part), part.offset)
        assert not stream.cached_part(1)
        assert stream.read(1) == b""
    assert found == LARGE[10:2_000_000]


# Checksums


def test_the_checksums_are_those_of_the_parts(store, tmp_path):
    for content in (b"", b"x", bytes(PART_BYTES), LARGE):
        sha256 = put(store, tmp_path, content)
        found = store.checksums(sha256)
        parts = [content[start : start + PART_BYTES] for start in range(0, len(content), PART_BYTES)]
        assert found.parts == tuple(map(sha256_of, parts))
        assert (found.sha256, found.size_bytes) == (sha256, len(content))
        assert found.part_size_bytes == PART_BYTES


def test_a_sound_file_passes_every_check(store, tmp_path):
    sha256 = put(store, tmp_path, LARGE)
    check(store, sha256)
    check_parts(store, sha256, 0, len(LARGE))
    check_parts(store, sha256, PART_BYTES, 2 * PART_BYTES)
    check(store, put(store, tmp_path, b""))


def test_a_lost_file_passes_none(store):
    with pytest.raises(ArtifactNotFoundError):
        check(store, NOT_THERE)


def test_a_large_file_takes_no_more_memory_than_a_small_one(tmp_path):
    peaks = []
    for count in (3, 40):
        (tmp_path / "file").write_bytes(bytes(count * PART_BYTES))
        tracemalloc.start()
        with (tmp_path / "file").open("rb") as stream:
            digest(stream)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + PART_BYTES


# Sweeping


def test_a_sweep_takes_what_is_old_and_unreferenced(store, tmp_path, clock):
    kept, old = put(store, tmp_path, b"kept"), put(store, tmp_path, b"old")
    clock.time += 2 * HOUR
    young = put(store, tmp_path, b"young")
    assert store.sweep({kept}) == {old}
    assert store.stat(kept).size_bytes == 4
    assert store.stat(young).size_bytes == 5
    with pytest.raises(ArtifactNotFoundError):
        store.stat(old)
    assert store.sweep({kept}) == set()


def test_a_file_that_was_put_again_is_young(store, tmp_path, clock):
    sha256 = put(store, tmp_path, b"x")
    clock.time += 2 * HOUR
    assert put(store, tmp_path, b"x") == sha256
    assert store.sweep(set()) == set()
    clock.time += 2 * HOUR
    assert store.sweep(set()) == {sha256}


def test_the_age_can_be_chosen(store, tmp_path, clock):
    sha256 = put(store, tmp_path, b"x")
    clock.time += 10
    assert store.sweep(set(), age_s=11) == set()
    assert store.sweep(set(), age_s=9) == {sha256}


# The file system


@pytest.fixture
def on_disk(tmp_path, clock):
    return FilesystemArtifactStore(tmp_path / "a", clock)


def files_in(root):
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_where_files_are(on_disk, tmp_path, file):
    sha256 = on_disk.put(file).sha256
    assert files_in(tmp_path / "a") == {f"{sha256[:2]}/{sha256}"}
    with on_disk.local_path(sha256) as path:
        assert path.stat().st_mode & 0o777 == 0o444
        assert path == tmp_path / "a" / on_disk.relative_path(sha256)


def test_a_large_file_has_its_checksums_beside_it_until_it_goes(on_disk, tmp_path, clock):
    sha256 = put(on_disk, tmp_path, LARGE)
    names = {f"{sha256[:2]}/{sha256}", f"checksums/{sha256[:2]}/{sha256}.json"}
    assert files_in(tmp_path / "a") == names
    assert on_disk.usage_bytes() == len(LARGE)
    on_disk.delete(sha256)
    assert files_in(tmp_path / "a") == set()
    put(on_disk, tmp_path, LARGE)
    clock.time += 2 * HOUR
    on_disk.sweep({sha256})
    assert files_in(tmp_path / "a") == names
    on_disk.sweep(set())
    assert files_in(tmp_path / "a") == set()


def checksums_file(root, sha256):
    return root / "checksums" / sha256[:2] / f"{sha256}.json"


def test_the_checksums_are_looked_up_and_not_made_again(on_disk, tmp_path, monkeypatch):
    sha256 = put(on_disk, tmp_path, LARGE)
    monkeypatch.setattr(filesystem, "digest", None)
    assert on_disk.checksums(sha256).parts[0] == sha256_of(LARGE[:PART_BYTES])


WRONG = {
    "none, as in an older release": None,
    "nothing": "",
    "zeros, as after a power cut": "\0" * 400,
    "half of them": '{"sha256": "',
    "no object": "[]",
    "another file's": json.dumps({"sha256": NOT_THERE, "size_bytes": len(LARGE), "part_size_bytes": PART_BYTES, "parts": [NOT_THERE] * 3}),
    "too few": '{"parts": [], "sha256": "{sha256}", "size_bytes": {size}, "part_size_bytes": 1048576}',
    "parts of no size": '{"parts": [], "sha256": "{sha256}", "size_bytes": 0, "part_size_bytes": 0}',
    "no sha256": '{"parts": ["a", "b", "c"], "sha256": "{sha256}", "size_bytes": {size}, "part_size_bytes": 1048576}',
    "parts of another size": '{"parts": ["{part}"], "sha256": "{sha256}", "size_bytes": {size}, "part_size_bytes": 5000000}',
    "a size that is no integer": '{"parts": ["{part}", "{part}", "{part}"], "sha256": "{part}", "size_bytes": {size}, "part_size_bytes": 1048576.5}',
    "deeper than can be read": "[" * 100_000,
    "numbers": '{"parts": [1, 2, 3], "sha256": "{sha256}", "size_bytes": {size}, "part_size_bytes": 1048576}',
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_missing_or_wrong_checksums_are_made_once(on_disk, tmp_path, monkeypatch, name):
    sha256 = put(on_disk, tmp_path, LARGE)
    right = on_disk.checksums(sha256)
    path = checksums_file(tmp_path / "a", sha256)
    if WRONG[name] is None:
        path.unlink()
        path.parent.rmdir()
    else:
        path.write_text(
            WRONG[name]
            .replace("{sha256}", sha256)
            .replace("{size}", str(len(LARGE)))
            .replace("{part}", NOT_THERE)
        )
    assert on_disk.checksums(sha256) == right
    monkeypatch.setattr(filesystem, "digest", None)
    assert on_disk.checksums(sha256) == right


def test_checksums_can_be_made_on_a_full_disk(on_disk, tmp_path, monkeypatch):
    sha256 = put(on_disk, tmp_path, LARGE)
    right = on_disk.checksums(sha256)
    checksums_file(tmp_path / "a", sha256).unlink()

    @contextmanager
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        yield

    monkeypatch.setattr(filesystem, "new_file", full)
    assert on_disk.checksums(sha256) == right
    check_parts(on_disk, sha256, 0, PART_BYTES)


def test_a_sweep_passes_over_files_of_other_programs(on_disk, tmp_path, file, clock):
    sha256 = on_disk.put(file).sha256
    for name in (f"checksums/ab/{'x' * 64}.json", "checksums/ab/notes.json", "checksums/ab/.hidden.json"):
        path = tmp_path / "a" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    clock.time += 2 * HOUR
    assert on_disk.sweep(set()) == {sha256}
    assert on_disk.sweep(set()) == set()
    assert len(files_in(tmp_path / "a")) == 3


def test_a_disk_that_is_full_leaves_nothing(on_disk, tmp_path, file, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(filesystem.os, "fsync", full)
    with pytest.raises(ArtifactError, match="No space left"):
        on_disk.put(file)
    assert files_in(tmp_path / "a") == set()


DAMAGE = {
    "a bit": flip_bit,
    "a bit of the last part": lambda content: flip_bit(content, len(content) - 1),
    "cut short": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_and_the_next_put_repairs_it(on_disk, tmp_path, name):
    sha256 = put(on_disk, tmp_path, LARGE)
    change_stored_file(on_disk, sha256, DAMAGE[name])
    with pytest.raises(
        ArtifactDamagedError, match=rf"stored file {sha256}: expected the content that was stored"
    ):
        check(on_disk, sha256)
    assert put(on_disk, tmp_path, LARGE) == sha256
    check(on_disk, sha256)


@pytest.mark.parametrize("name", DAMAGE)
def test_no_checksums_are_made_of_a_damaged_file(on_disk, tmp_path, name):
    """Also where it is damaged so that it has one part."""
    sha256 = put(on_disk, tmp_path, LARGE)
    checksums_file(tmp_path / "a", sha256).unlink()
    change_stored_file(on_disk, sha256, DAMAGE[name])
    if name == "empty":
        assert on_disk.checksums(sha256).size_bytes == 0, "which no job's file is"
        return
    with pytest.raises(ArtifactDamagedError):
        on_disk.checksums(sha256)


def test_a_damaged_part_is_found_where_it_is(on_disk, tmp_path):
    sha256 = put(on_disk, tmp_path, LARGE)
    change_stored_file(on_disk, sha256, lambda content: flip_bit(content, PART_BYTES + 5))
    for sound in ((0, PART_BYTES), (2 * PART_BYTES, len(LARGE))):
        check_parts(on_disk, sha256, *sound)
    for damaged in ((PART_BYTES, 2 * PART_BYTES), (0, len(LARGE)), (PART_BYTES, len(LARGE))):
        with pytest.raises(ArtifactDamagedError):
            check_parts(on_disk, sha256, *damaged)


def test_damaged_checksums_do_not_condemn_a_sound_file(on_disk, tmp_path):
    sha256 = put(on_disk, tmp_path, LARGE)
    path = checksums_file(tmp_path / "a", sha256)
    path.write_text(path.read_text().replace(sha256_of(LARGE[:PART_BYTES]), NOT_THERE))
    check_parts(on_disk, sha256, 0, PART_BYTES)


def test_a_disk_that_cannot_read_is_an_error(on_disk, tmp_path, monkeypatch):
    sha256 = put(on_disk, tmp_path, LARGE)
    with on_disk.open(sha256) as reader:
        os.dup2(os.open(tmp_path, os.O_RDONLY), reader._file.fileno())  # a folder: reading it fails
        with pytest.raises(ArtifactError, match="Is a directory"):
            reader.read(1)
        assert reader.read_cached(1) is None


def test_a_put_that_was_killed_leaves_nothing_that_is_seen(tmp_path, clock):
    """Killed when half of the file is copied: it waits there for the second half of a pipe."""
    root, pipe = tmp_path / "a", tmp_path / "pipe"
    os.mkfifo(pipe)
    script = (
        "import sys; from pathlib import Path\n"
        "from quickml.storage.artifacts.filesystem import FilesystemArtifactStore\n"
        "FilesystemArtifactStore(Path(sys.argv[1])).put(Path(sys.argv[2]))"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(root), str(pipe)])
    with pipe.open("wb") as stream:
        stream.write(b"x" * (3 << 20))
        stream.flush()
        process.kill()
        process.wait()
    store = FilesystemArtifactStore(root, clock)
    assert store.usage_bytes() == 0
    (left,) = files_in(root)
    assert left.startswith("partial/")
    clock.time = (root / left).stat().st_mtime + 2 * HOUR
    store.sweep(set())
    assert files_in(root) == set()


def test_a_sweep_meets_puts(tmp_path):
    """What was put is there afterwards, however a sweep came between."""
    root = tmp_path / "a"
    sweeper_clock = Clock()
    store, *sweepers = (
        FilesystemArtifactStore(root, clock) for clock in (time.time, sweeper_clock, sweeper_clock)
    )
    source = tmp_path / "source"
    source.write_bytes(b"x" * 1000)
    stored = store.put(source)
    path = root / store.relative_path(stored.sha256)
    sweeper_clock.time = stored.stored_at.timestamp() + HOUR / 2
    over = threading.Event()

    broken = []

    def sweep(sweeper):
        try:
            while not over.is_set():
                sweeper.sweep(set())
        except ArtifactError as error:
            broken.append(error)

    threads = [threading.Thread(target=sweep, args=(sweeper,)) for sweeper in sweepers]
    for thread in threads:
        thread.start()
    try:
        for _ in range(100):
            with contextlib.suppress(FileNotFoundError):
                os.utime(path, times=(0, 0))  # an hour passes, and the file is needed again
            store.put(source)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert broken == []
    assert read(store, stored.sha256) == source.read_bytes()
    assert files_in(root) == {store.relative_path(stored.sha256)}


def test_a_put_between_a_sweeps_look_and_its_removal(on_disk, file, clock, monkeypatch):
    sha256 = on_disk.put(file).sha256
    clock.time += 2 * HOUR
    look, looks = filesystem._changed, []

    def look_then_put(path):
        found = look(path)
        if not looks:
            looks.append(path)
            on_disk.put(file)
        return found

    monkeypatch.setattr(filesystem, "_changed", look_then_put)
    assert on_disk.sweep(set()) == set()
    assert looks
    assert on_disk.stat(sha256).size_bytes == 5000
