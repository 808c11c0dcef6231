"""Uploads after crashes, and what is swept: each step may be the last one before a server dies."""

import hashlib
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from job_examples import DATABASES, opened
from quickml.errors import (
    BusyUploadError,
    OffsetError,
    UploadCompleteError,
    UploadLengthError,
    UploadNotFoundError,
)
from quickml.service import FileLimits, NewUpload, Uploads
from quickml.service import uploads as uploads_module
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.storage.partials.filesystem import FilesystemPartialStore
from quickml.storage.room import Room
from quickml.uploads.uploads import UploadStore

ADA = "ada"
DATA = b"a,b\n1,2\n" * 500
SHA256 = hashlib.sha256(DATA).hexdigest()
LIMITS = FileLimits(keep_uploads_s=3600.0, keep_unused_files_s=7200.0)


class Site:
    """The parts, and a service that can be started again."""

    def __init__(self, folder, kind="sqlite"):
        self.now = datetime.now(UTC)
        self.store = UploadStore(opened(folder / "quickml.db", kind), LIMITS, lambda: self.now)
        self.partials = FilesystemPartialStore(folder / "uploads")
        self.artifacts = FilesystemArtifactStore(folder / "artifacts")
        self.room = Room(self.artifacts, folder)
        self.again()

    def again(self):
        self.uploads = Uploads(
            self.store, self.partials, self.artifacts, limits=LIMITS, room=self.room, clock=lambda: self.now
        )

    def begin(self, data=DATA, **options):
        new = NewUpload(name="a.csv", size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        return self.uploads.begin(ADA, new, **options).upload

    def append(self, upload, data, offset=0):
        with self.uploads.appending(upload.id, ADA, offset=offset, length=None) as (append, _):
            append.write(data)

    def complete(self, upload):
        size_bytes = self.partials.size(upload.id)
        with self.uploads.appending(upload.id, ADA, offset=size_bytes, length=None) as (append, _):
            return self.uploads.complete(append.upload)

    def put(self, data=DATA):
        upload = self.begin(data)
        self.append(upload, data)
        return self.complete(upload)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_an_upload_goes_on_after_a_crash(site):
    upload = site.begin()
    site.append(upload, DATA[:1000])
    site.again()
    assert site.uploads.state(upload.id, ADA).offset == 1000
    site.append(upload, DATA[1000:], 1000)
    assert site.complete(upload).sha256 == SHA256
    with pytest.raises(UploadCompleteError):
        site.append(upload, b"", len(DATA))


def test_a_crash_after_the_content_was_found_out(site):
    upload = site.begin()
    site.append(upload, DATA)
    site.store.note_content(upload, SHA256)
    site.again()
    assert site.uploads.state(upload.id, ADA).offset == len(DATA)
    assert site.complete(upload).sha256 == SHA256


def test_a_crash_after_the_content_was_moved(site):
    upload = site.begin()
    site.append(upload, DATA)
    site.store.note_content(upload, SHA256)
    site.partials.move(upload.id, site.partials.digest(upload.id), site.artifacts)
    site.again()
    state = site.uploads.state(upload.id, ADA)
    assert (state.offset, site.uploads.file(SHA256, ADA).size_bytes) == (len(DATA), len(DATA))
    assert site.uploads.state(upload.id, ADA).upload.is_complete


def test_the_beginning_of_an_upload_that_becomes_a_file_meanwhile(site, monkeypatch):
    upload = site.begin()
    site.append(upload, DATA)
    assert site.uploads.beginning(upload.id, ADA, 8)[1:] == (DATA[:8], len(DATA))
    beginning = site.partials.beginning

    def late(*arguments):
        monkeypatch.undo()
        site.complete(upload)
        return beginning(*arguments)

    monkeypatch.setattr(site.partials, "beginning", late)
    found, *nothing = site.uploads.beginning(upload.id, ADA, 8)
    assert (found.is_complete, nothing) == (True, [b"", 0])
    site.uploads.cancel(upload.id, ADA)
    with pytest.raises(UploadNotFoundError):
        site.uploads.beginning(upload.id, ADA, 8)


def test_a_crash_before_the_first_byte_has_a_place(site):
    """The row is there, its file is not: the same file begins anew."""
    new = NewUpload(name="a.csv", size_bytes=len(DATA), sha256=SHA256)
    upload = site.store.begin(ADA, new)
    with pytest.raises(UploadNotFoundError):
        site.uploads.state(upload.id, ADA)
    assert site.begin(resumes=True).id == upload.id
    site.append(upload, DATA)
    assert site.complete(upload).sha256 == SHA256


def test_a_file_that_others_put_into_the_folder_is_no_content(site):
    """Only what was found out decides, not whether somebody has such a content."""
    site.put()
    new = NewUpload(name="a.csv", size_bytes=len(DATA), sha256=SHA256)
    other = site.store.begin("ben", new)
    with pytest.raises(UploadNotFoundError):
        site.uploads.state(other.id, "ben")


def test_an_append_that_does_not_fit_changes_nothing(site):
    upload = site.begin()
    site.append(upload, DATA[:10])
    with pytest.raises(OffsetError), ExitStack() as stack:
        stack.enter_context(site.uploads.appending(upload.id, ADA, offset=9, length=None))
    with pytest.raises(UploadLengthError):
        site.append(upload, DATA, 10)
    with pytest.raises(UploadLengthError):
        site.complete(upload)
    with ExitStack() as stack:
        stack.enter_context(site.uploads.appending(upload.id, ADA, offset=10, length=None))
        with pytest.raises(BusyUploadError):
            stack.enter_context(site.uploads.appending(upload.id, ADA, offset=10, length=None))
    assert site.uploads.state(upload.id, ADA).offset == 10


def test_asking_for_the_offset_tells_the_request_that_appends(site, monkeypatch):
    monkeypatch.setattr("quickml.service.appending.INTERRUPT_S", 0.05)
    upload, called = site.begin(), []
    with site.uploads.appending(upload.id, ADA, offset=0, length=None) as (_, active):
        active.on_interrupt(lambda: called.append(1))
        with pytest.raises(BusyUploadError):  # it does not end
            site.uploads.state(upload.id, ADA)
        assert (called, active.is_interrupted) == ([1], True)


def test_old_uploads_are_swept_but_not_while_bytes_arrive(site):
    old, active = site.begin(), site.begin(DATA[::-1])
    site.append(old, DATA[:100])
    site.partials.create("upl_01KGA0M5R00000000000000009")  # of a server that died
    site.uploads.sweep()
    assert site.partials.ids() == {old.id, active.id}
    site.now += timedelta(hours=2)
    with site.uploads.appending(active.id, ADA, offset=0, length=None):
        site.uploads.sweep()
        assert site.partials.ids() == {active.id}
    site.uploads.sweep()
    assert (site.partials.ids(), site.uploads.open_uploads(ADA)) == (set(), [])


def test_unused_files_are_swept_with_their_content(site):
    site.put()
    site.put(DATA[::-1])
    site.now += timedelta(hours=1.5)
    assert site.uploads.known(ADA, NewUpload(name="b", size_bytes=None, sha256=SHA256)) is not None
    site.now += timedelta(hours=1)
    site.uploads.sweep()
    assert [file.sha256 for file in site.uploads.files(ADA, 10)[0]] == [SHA256]
    assert site.artifacts.usage_bytes() == len(DATA)


@pytest.mark.parametrize("kind", DATABASES)
@pytest.mark.parametrize("at_call", [1, 2])
def test_a_deletion_leaves_what_another_server_completes_at_that_moment(tmp_path, monkeypatch, kind, at_call):
    here = Site(tmp_path, kind)
    there = Uploads(here.store, here.partials, here.artifacts, limits=LIMITS, room=here.room)
    here.put()
    new = NewUpload(name="b.csv", size_bytes=len(DATA), sha256=SHA256)
    upload = there.begin("ben", new).upload
    is_referenced, calls = here.store.is_referenced, []

    def asked(sha256):
        answer = is_referenced(sha256)
        calls.append(answer)
        if len(calls) == at_call:
            with there.appending(upload.id, "ben", offset=0, length=None) as (append, _):
                append.write(DATA)
                there.complete(append.upload)
        return answer

    monkeypatch.setattr(here.store, "is_referenced", asked)
    here.uploads.delete(SHA256, ADA)
    assert calls[0] is False
    assert there.file(SHA256, "ben").size_bytes == len(DATA)
    with here.artifacts.open(SHA256) as stream:
        assert stream.read() == DATA


def test_what_a_reader_holds_back_goes_with_the_next_sweep(site, tmp_path, monkeypatch):
    monkeypatch.setattr("quickml.storage.database.sqlite.PURGE_TIMEOUT_S", 0.05)
    site.put()
    with site.store._database.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM files").scalar()
        site.uploads.delete(SHA256, ADA)
        assert b"a.csv" in (tmp_path / "quickml.db-wal").read_bytes()
    site.uploads.sweep()
    assert (tmp_path / "quickml.db-wal").stat().st_size == 0
    assert b"a.csv" not in (tmp_path / "quickml.db").read_bytes()


def test_the_duration_of_a_deletion_tells_nothing(site, monkeypatch):
    """Whether another owner has the content, which then is not removed."""
    monkeypatch.setattr(uploads_module, "DELETION_S", 0.3)
    site.put()
    began = time.monotonic()
    site.uploads.delete(SHA256, ADA)
    assert time.monotonic() - began >= 0.3
