"""Files by their content: on disk and in memory."""

import contextlib
import errno
import hashlib
import os
import subprocess
import sys
import threading
import time

import pytest

from quickml.errors import ArtifactError, ArtifactNotFoundError
from quickml.storage.artifacts import filesystem
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.storage.artifacts.memory import MemoryArtifactStore

HOUR = 3600.0
NOT_THERE = "0" * 64


class Clock:
    def __init__(self):
        self.time = 1_800_000_000.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["memory", "filesystem"])
def store(request, tmp_path, clock):
    if request.param == "memory":
        return MemoryArtifactStore(clock=clock)
    return FilesystemArtifactStore(tmp_path / "artifacts", clock)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.mlmodel"
    path.write_bytes(b"model" * 1000)
    return path


def sha256_of(content):
    return hashlib.sha256(content).hexdigest()


def read(store, sha256):
    with store.open(sha256) as stream:
        return stream.read()


def test_a_file_is_found_by_its_content(store, file):
    sha256, size = store.put(file)
    assert (sha256, size) == (sha256_of(file.read_bytes()), 5000)
    assert read(store, sha256) == store.path(sha256).read_bytes() == file.read_bytes()
    assert store.size(sha256) == store.usage_bytes() == 5000


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_files_of_every_size(store, tmp_path, size):
    path = tmp_path / "file"
    path.write_bytes(os.urandom(size))
    sha256, found = store.put(path)
    assert found == size
    assert read(store, sha256) == path.read_bytes()


def test_what_is_stored_stays_when_the_source_changes(store, file):
    sha256, _ = store.put(file)
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
    for call in (store.open, store.path, store.size):
        with pytest.raises(ArtifactNotFoundError) as caught:
            call(name)
        assert caught.value.sha256 == name
    if name == NOT_THERE:
        store.delete(name)
    else:
        with pytest.raises(ArtifactNotFoundError):
            store.delete(name)


def test_a_deleted_file_is_gone_but_for_those_who_read_it(store, file):
    sha256, _ = store.put(file)
    with store.open(sha256) as stream:
        stream.read(10)
        store.delete(sha256)
        assert len(stream.read()) == 4990
    with pytest.raises(ArtifactNotFoundError):
        store.open(sha256)
    assert store.usage_bytes() == 0
    store.put(file)
    assert store.size(sha256) == 5000


def test_what_cannot_be_put(store, tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(ArtifactError) as caught:
            store.put(path)
        assert not isinstance(caught.value, ArtifactNotFoundError)
    assert store.usage_bytes() == 0


def test_free_room(store):
    assert store.free_bytes() > 0


def test_a_full_memory_store_refuses(file, tmp_path):
    store = MemoryArtifactStore(capacity_bytes=6000)
    store.put(file)
    store.put(file)
    assert store.free_bytes() == 1000
    other = tmp_path / "other"
    other.write_bytes(b"x" * 1001)
    with pytest.raises(ArtifactError, match="no space"):
        store.put(other)


# Sweeping


def put(store, tmp_path, content):
    path = tmp_path / "source"
    path.write_bytes(content)
    return store.put(path)[0]


def test_a_sweep_takes_what_is_old_and_nobodys(store, tmp_path, clock):
    kept, old = put(store, tmp_path, b"kept"), put(store, tmp_path, b"old")
    clock.time += 2 * HOUR
    young = put(store, tmp_path, b"young")
    assert store.sweep({kept}) == {old}
    assert store.size(kept) == 4
    assert store.size(young) == 5
    with pytest.raises(ArtifactNotFoundError):
        store.size(old)
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


# On disk


def on_disk(root):
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_where_files_lie(tmp_path, file):
    store = FilesystemArtifactStore(tmp_path / "a")
    sha256, _ = store.put(file)
    assert on_disk(tmp_path / "a") == {f"{sha256[:2]}/{sha256}"}
    assert store.path(sha256).stat().st_mode & 0o777 == 0o444


def test_a_disk_that_is_full_leaves_nothing(tmp_path, file, monkeypatch):
    store = FilesystemArtifactStore(tmp_path / "a")

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(filesystem.os, "fsync", full)
    with pytest.raises(ArtifactError, match="No space left"):
        store.put(file)
    assert on_disk(tmp_path / "a") == set()


def test_a_spoiled_file_is_made_good_by_the_next_put(tmp_path, file):
    store = FilesystemArtifactStore(tmp_path / "a")
    sha256, _ = store.put(file)
    place = store.path(sha256)
    place.chmod(0o644)
    place.write_bytes(b"")
    store.put(file)
    assert sha256_of(read(store, sha256)) == sha256


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
    (left,) = on_disk(root)
    assert left.startswith("partial/")
    clock.time = (root / left).stat().st_mtime + 2 * HOUR
    store.sweep(set())
    assert on_disk(root) == set()


def test_a_sweep_meets_puts(tmp_path):
    """What was put is there afterwards, however a sweep came between."""
    root = tmp_path / "a"
    sweeper_clock = Clock()
    store, *sweepers = (
        FilesystemArtifactStore(root, clock) for clock in (time.time, sweeper_clock, sweeper_clock)
    )
    source = tmp_path / "source"
    source.write_bytes(b"x" * 1000)
    sha256, _ = store.put(source)
    place = store.path(sha256)
    sweeper_clock.time = place.stat().st_mtime + HOUR / 2
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
                os.utime(place, times=(0, 0))  # an hour passes, and somebody needs it again
            store.put(source)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert broken == []
    assert read(store, sha256) == source.read_bytes()
    assert on_disk(root) == {f"{sha256[:2]}/{sha256}"}


def test_a_put_between_a_sweeps_look_and_its_removal(tmp_path, file, clock, monkeypatch):
    store = FilesystemArtifactStore(tmp_path / "a", clock)
    sha256, _ = store.put(file)
    clock.time += 2 * HOUR
    look, looks = filesystem._changed, []

    def look_then_put(path):
        found = look(path)
        if not looks:
            looks.append(path)
            store.put(file)
        return found

    monkeypatch.setattr(filesystem, "_changed", look_then_put)
    assert store.sweep(set()) == set()
    assert looks
    assert store.size(sha256) == 5000
