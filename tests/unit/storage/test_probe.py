"""Whether the storage works: what can be read only is found out, and so is what works again."""

import threading

import pytest

from job_examples import opened
from quickml.errors import ArtifactError
from quickml.storage import probe as probes
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.storage.backends import Backends
from quickml.storage.probe import ELSEWHERE_EVERY_S, EVERY_S, LATE_S, StorageProbe, StorageState
from quickml.storage.room import Room
from waiting import until


class Place:
    def __init__(self, folder):
        self.folder, self.time = folder, 1000.0
        self.database = opened(folder / "quickml.db")
        self.artifacts = FilesystemArtifactStore(folder / "artifacts")
        backends = Backends(database=self.database, artifacts=self.artifacts)
        self.room = Room(self.artifacts, folder / "data")
        self.probe = StorageProbe(backends, folder / "scratch", self.room, clock=lambda: self.time)

    def state(self):
        """What is found by another probe."""
        self.time += EVERY_S
        return self.probe.state()


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def files(folder):
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_a_storage_that_works_has_no_trouble_and_keeps_nothing_of_the_probe(place):
    before = files(place.folder)
    assert place.state() == StorageState()
    assert files(place.folder) <= before | {"quickml.db-wal", "quickml.db-shm"}


def test_folders_that_were_removed_are_made_again(place):
    (place.folder / "artifacts" / "partial").rmdir()
    assert place.state() == StorageState()
    for path in sorted((place.folder / "artifacts").rglob("*"), reverse=True):
        path.rmdir()
    (place.folder / "artifacts").rmdir()
    (place.folder / "scratch").rmdir()
    assert place.state() == StorageState()


@pytest.mark.parametrize("name", ["artifacts", "scratch"])
def test_a_folder_that_cannot_be_written_is_found_out_and_so_is_its_return(place, name, caplog):
    place.state()
    folder, aside = place.folder / name, place.folder / "aside"
    folder.rename(aside)
    folder.write_text("in its place")
    found = place.state()
    assert (found.database, bool(found.files)) == ("", True)
    assert place.state().trouble == found.files
    folder.unlink()
    aside.rename(folder)
    assert place.state() == StorageState()
    messages = [record.getMessage() for record in caplog.records if "storage.probe" in record.name]
    assert messages == [
        f"no jobs are started: {found.files}",
        "jobs are started again: the storage can be written",
    ]


def test_a_database_that_can_only_be_read_is_found_out(place):
    with place.database.write() as connection:
        connection.exec_driver_sql("PRAGMA query_only = 1")  # of the connection, which the pool gives again
    assert "readonly" in place.state().database


def test_tables_that_another_release_has_changed_are_found_out(place):
    assert place.state().tables == ""
    with place.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    found = place.state()
    assert (found.database, found.files) == ("", "")
    assert "found '9999'; another release has changed them: install that one" in found.tables
    assert found.trouble == found.tables


def test_too_little_room_is_trouble(place, monkeypatch):
    place.room.needed_bytes = 1000
    monkeypatch.setattr(place.artifacts, "free_bytes", lambda: 999)
    assert "at least 1,000 free bytes, found fewer" in place.state().room
    monkeypatch.setattr(place.artifacts, "free_bytes", lambda: None)  # in a bucket
    assert place.state() == StorageState()
    place.room.needed_bytes = 1 << 60
    assert "1,152,921,504,606,846,976 free bytes" in place.state().room, "this machine's disk counts, too"


def test_it_is_written_once_in_a_while_however_often_it_is_asked(place, monkeypatch):
    calls = []
    monkeypatch.setattr(place.database, "check_writable", lambda: calls.append(1))
    place.state()
    for _ in range(10):
        place.probe.state()
    assert len(calls) == 1


def test_a_bucket_that_works_is_written_less_often_than_one_that_fails(place, monkeypatch):
    puts, fails = [], False
    put = place.artifacts.put

    def counted(path):
        puts.append(place.time)
        if fails:
            raise ArtifactError("it is away")
        return put(path)

    monkeypatch.setattr(place.artifacts, "put", counted)
    monkeypatch.setattr(place.artifacts, "free_bytes", lambda: None)
    for _ in range(round(ELSEWHERE_EVERY_S / EVERY_S)):
        assert place.state() == StorageState()
    assert len(puts) == 1
    fails = True
    for _ in range(3):
        assert place.state().files == "it is away"
    assert len(puts) == 4
    fails = False
    assert place.state() == StorageState()
    assert place.state() == StorageState()
    assert len(puts) == 5


class Hanging:
    """A store of files that does not answer before it `goes_on`."""

    def __init__(self, place, monkeypatch):
        self.puts, self.goes_on = 0, threading.Event()
        monkeypatch.setattr(place.artifacts, "put", self.put)
        monkeypatch.setattr(probes, "WAIT_S", 0.01)

    def put(self, path):
        self.puts += 1
        self.goes_on.wait(60)
        raise ArtifactError("it timed out")


def test_whoever_asks_while_a_volume_hangs_gets_what_was_known_before_and_after_a_while_that_it_hangs(
    place, monkeypatch, caplog
):
    assert place.state() == StorageState()
    hanging = Hanging(place, monkeypatch)
    assert place.state() == StorageState()
    until(lambda: hanging.puts)
    place.time += LATE_S
    assert [place.probe.state().trouble for _ in range(3)] == ["the file store did not answer for 10 s"] * 3
    assert hanging.puts == 1, "no second thread hangs there"
    hanging.goes_on.set()
    until(lambda: place.probe.state().files == "it timed out")
    monkeypatch.undo()
    place.time += EVERY_S
    until(lambda: place.probe.state() == StorageState())
    said = [record.getMessage() for record in caplog.records if "storage.probe" in record.name]
    assert len(said) == 2, "when it began, and when it was over"


def test_a_bug_of_a_store_is_trouble_and_does_not_end_the_probes(place, monkeypatch, caplog):
    monkeypatch.setattr(place.database, "check_writable", lambda: 1 / 0)
    assert place.state().database == "unexpected error, see the log"
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.undo()
    assert place.state() == StorageState()


def test_a_probe_whose_thread_cannot_be_started_is_made_again(place, monkeypatch):
    def fails(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fails)
    with pytest.raises(RuntimeError):
        place.state()
    monkeypatch.undo()
    place.time += LATE_S
    assert place.state() == StorageState()
