"""The contract of stores of unfinished uploads, and what the one in a folder does about a disk that refuses."""

import errno
import os
import stat

import pytest

import s3_process
from quickml.errors import (
    ArtifactError,
    ArtifactNotFoundError,
    DiskFullError,
    StoreError,
    UploadNotFoundError,
)
from quickml.files.digest import PART_BYTES
from quickml.storage.addresses import partial_stores
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.storage.partials import filesystem
from quickml.storage.partials.filesystem import FilesystemPartialStore

ID = "upl_01KGA0M5R00000000000000001"


@pytest.fixture
def store(tmp_path):
    return partial_stores.open("file:///artifacts", tmp_path / "uploads")


@pytest.fixture(params=["file", pytest.param("s3", marks=s3_process.needs_s3)])
def any_store(request, tmp_path):
    address = "file:///artifacts" if request.param == "file" else s3_process.shared().new()
    return partial_stores.open(address, tmp_path / "uploads")


def test_a_file_grows_by_what_is_appended(any_store):
    any_store.create(ID)
    assert any_store.size(ID) == 0
    with any_store.writer(ID) as writer:
        writer.append(b"one")
        writer.append(bytearray(b"two"))
        writer.sync()
        assert writer.size_bytes == 6
    with any_store.writer(ID) as writer:
        assert writer.size_bytes == 6
        writer.append(memoryview(b"three"))
    assert any_store.size(ID) == 11
    assert any_store.digest(ID).size_bytes == 11
    assert any_store.ids() == {ID}


def test_a_finished_file_moves_to_the_artifacts(any_store, tmp_path):
    artifacts = FilesystemArtifactStore(tmp_path / "artifacts")
    content = os.urandom(2 * PART_BYTES + 5)
    any_store.create(ID)
    with any_store.writer(ID) as writer:
        writer.append(content)
    found = any_store.digest(ID)
    any_store.move(ID, found, artifacts)
    assert any_store.ids() == set()
    assert artifacts.open(found.sha256).read(len(content) + 1) == content
    assert artifacts.checksums(found.sha256) == found
    path = tmp_path / "artifacts" / artifacts.relative_path(found.sha256)
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_it_moves_to_another_disk_by_copying(store, tmp_path, monkeypatch):
    monkeypatch.setattr(filesystem, "_same_device", lambda *_: False)
    artifacts = FilesystemArtifactStore(tmp_path / "artifacts")
    store.create(ID)
    with store.writer(ID) as writer:
        writer.append(b"content")
    found = store.digest(ID)
    store.move(ID, found, artifacts)
    assert (store.ids(), artifacts.stat(found.sha256).size_bytes) == (set(), 7)


def test_what_is_not_there_is_told(any_store, tmp_path):
    artifacts = FilesystemArtifactStore(tmp_path / "artifacts")
    for call in (
        lambda: any_store.size(ID),
        lambda: any_store.digest(ID),
        lambda: any_store.writer(ID).__enter__(),
        lambda: any_store.move(ID, None, artifacts),
    ):
        with pytest.raises(UploadNotFoundError):
            call()
    any_store.remove(ID)
    with pytest.raises(ArtifactNotFoundError):
        artifacts.stat("0" * 64)


@pytest.mark.parametrize("wrong", ["../x", "upl_/../x", "/etc/passwd", "", "x"])
def test_an_id_is_not_a_path(any_store, wrong):
    for call in (any_store.size, any_store.create, any_store.remove):
        with pytest.raises(UploadNotFoundError):
            call(wrong)


def test_an_id_is_used_once(any_store):
    any_store.create(ID)
    with pytest.raises(ArtifactError):
        any_store.create(ID)


def test_what_others_put_there_is_left_alone(store, tmp_path):
    (tmp_path / "uploads" / "notes.txt").write_text("mine")
    assert store.ids() == set()


def test_a_full_disk_keeps_what_had_room(store, monkeypatch):
    store.create(ID)
    write = os.write
    calls = []

    def few(descriptor, content):
        calls.append(len(content))
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, content[:3])

    with store.writer(ID) as writer:
        monkeypatch.setattr(filesystem.os, "write", few)
        with pytest.raises(DiskFullError):
            writer.append(b"abcdef")
        monkeypatch.undo()
        assert writer.size_bytes == 3
    assert store.size(ID) == 3


def test_a_folder_that_is_no_folder_is_an_error_of_the_storage(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError):
        FilesystemPartialStore(tmp_path / "file")
    with pytest.raises(StoreError):
        partial_stores.open("ftp://x", None)


def test_a_folder_that_was_removed_is_made_again(store, tmp_path):
    (tmp_path / "uploads").rmdir()
    assert store.ids() == set()
    store.create(ID)
    assert store.size(ID) == 0


def test_only_the_servers_user_can_read_uploads(store, tmp_path):
    store.create(ID)
    assert stat.S_IMODE((tmp_path / "uploads").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "uploads" / ID).stat().st_mode) == 0o600
