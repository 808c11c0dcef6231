"""Free disk space: the files' disk and the one of what is temporary."""

from types import SimpleNamespace

import pytest

from quickml.errors import ArtifactError, DiskFullError
from quickml.storage import room as module
from quickml.storage.artifacts.cache import PartCache
from quickml.storage.room import Room


class Files:
    def __init__(self, free):
        self.free = free

    def free_bytes(self):
        return self.free


@pytest.mark.parametrize(("stored", "free"), [(None, 500), (400, 400), (600, 500)])
def test_the_disk_with_the_least_room_counts(tmp_path, monkeypatch, stored, free):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: SimpleNamespace(free=500))
    room = Room(Files(stored), tmp_path / "data", needed_bytes=free)
    assert room.free_bytes() == free
    assert room.lack() is None
    found = room.lack(1)
    assert isinstance(found, DiskFullError)
    assert (found.needed_bytes, found.free_bytes) == (free + 1, free)


def test_a_disk_that_cannot_be_asked_is_an_error(tmp_path):
    (tmp_path / "data").write_text("in its place")
    with pytest.raises(ArtifactError, match="cannot be used"):
        Room(Files(None), tmp_path / "data").free_bytes()


def test_copies_of_a_bucket_s_files_leave_as_much_free_as_they_need(tmp_path, monkeypatch):
    cache = PartCache(tmp_path / "cache", most_bytes=1 << 20)
    for number in range(10):
        cache.keep("ab" * 32, number, bytes(100))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=200))
    cache.make_room()
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) == 600
    cache.reader("ab" * 32, 9, 0).close()
