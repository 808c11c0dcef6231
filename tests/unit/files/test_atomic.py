"""Complete under its own name, or not there."""

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from quickml.files import atomic, durable


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def refusing(number):
    def refuse(*args, **keywords):
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.fixture
def synced(monkeypatch):
    """Names of what was synced, in order; a renamed file has the name that it had then."""
    names, fsync = [], os.fsync

    def note(descriptor):
        names.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    return names


# Files


def test_a_file_appears_when_it_is_complete(tmp_path, synced):
    path = tmp_path / "model"
    with atomic.new_file(path, temporary=tmp_path / "aside") as stream:
        stream.write(b"content")
        assert not path.exists()
        assert synced == []
    assert path.read_bytes() == b"content"
    assert synced == ["aside", tmp_path.name]
    assert left(tmp_path) == ["model"]


def test_a_file_replaces_a_file(tmp_path):
    (tmp_path / "model").write_bytes(b"old")
    with atomic.new_file(tmp_path / "model") as stream:
        stream.write(b"new")
        stream.flush()
        assert (tmp_path / "model").read_bytes() == b"old"
    assert (tmp_path / "model").read_bytes() == b"new"


def test_of_a_write_that_fails_nothing_is_left(tmp_path):
    (tmp_path / "model").write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), atomic.new_file(tmp_path / "model") as stream:
        stream.write(b"new")
        1 / 0  # noqa: B018
    assert (tmp_path / "model").read_bytes() == b"old"
    assert left(tmp_path) == ["model"]


FULL = """
import resource, signal, sys
from pathlib import Path
from quickml.files import atomic
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    if sys.argv[2] == "file":
        with atomic.new_file(Path(sys.argv[1])) as stream:
            stream.write(bytes(200_000))
    else:
        with atomic.new_folder(Path(sys.argv[1])) as folder:
            (folder / "inner").write_bytes(bytes(200_000))
except OSError as error:
    print(error.errno)
"""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_of_a_disk_that_is_full_nothing_is_left(tmp_path, kind):
    """The kernel refuses the write, as a full disk does, by a limit on the size of files."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "model"), kind],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == (f"{errno.EFBIG}\n", "")
    assert left(tmp_path) == []


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_of_a_disk_that_fails_late_nothing_is_left(tmp_path, monkeypatch, failing):
    (tmp_path / "model").write_bytes(b"old")
    if failing == "fsync":
        monkeypatch.setattr(os, "fsync", refusing(errno.EIO))
    else:
        monkeypatch.setattr("pathlib.Path.replace", refusing(errno.EIO))
    with pytest.raises(OSError), atomic.new_file(tmp_path / "model") as stream:
        stream.write(b"new")
    assert (tmp_path / "model").read_bytes() == b"old"
    assert left(tmp_path) == ["model"]


KILLED = """
import os, signal, sys
from pathlib import Path
from quickml.files import atomic
path = Path(sys.argv[1])
with atomic.new_file(path, temporary=path.with_name("aside")) as stream:
    stream.write(b"half")
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_overwritten(tmp_path):
    path = tmp_path / "model"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert left(tmp_path) == ["aside"]
    with atomic.new_file(path, temporary=tmp_path / "aside") as stream:
        stream.write(b"w")
    assert path.read_bytes() == b"w"
    assert left(tmp_path) == ["model"]


def test_a_link_under_the_temporary_name_is_not_followed(tmp_path):
    (tmp_path / "victim").write_bytes(b"victim")
    (tmp_path / "aside").symlink_to(tmp_path / "victim")
    with atomic.new_file(tmp_path / "model", temporary=tmp_path / "aside") as stream:
        stream.write(b"content")
    assert (tmp_path / "victim").read_bytes() == b"victim"
    assert not (tmp_path / "model").is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o444, 0o666])
def test_permissions_are_exact_whatever_the_umask(tmp_path, mode):
    before = os.umask(0o077)
    try:
        with atomic.new_file(tmp_path / "key", mode=mode) as stream:
            stream.write(b"secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == mode


def test_a_secret_can_be_read_by_nobody_else_while_it_is_written(tmp_path):
    with atomic.new_file(tmp_path / "key", temporary=tmp_path / "aside", mode=0o600) as stream:
        assert stat.S_IMODE(os.fstat(stream.fileno()).st_mode) == 0o600


def test_syncing_can_be_left_out(tmp_path, synced):
    with atomic.new_file(tmp_path / "file", durable=False) as stream:
        stream.write(b"content")
    with atomic.new_folder(tmp_path / "folder", durable=False) as folder:
        (folder / "inner").write_bytes(b"content")
    assert synced == []


# Folders


def test_a_folder_appears_when_it_is_complete(tmp_path, synced):
    path = tmp_path / "result"
    with atomic.new_folder(path, temporary=tmp_path / "aside") as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_bytes(b"content")
        assert not path.exists()
    assert (path / "inner" / "file").read_bytes() == b"content"
    assert synced == ["file", "inner", "aside", tmp_path.name]
    assert left(tmp_path) == ["result"]


def test_a_folder_takes_the_place_of_an_empty_one_only(tmp_path):
    (tmp_path / "empty").mkdir()
    with atomic.new_folder(tmp_path / "empty") as folder:
        (folder / "file").write_bytes(b"content")
    with pytest.raises(FileExistsError), atomic.new_folder(tmp_path / "empty") as folder:
        (folder / "other").write_bytes(b"content")
    assert left(tmp_path) == ["empty"]
    assert left(tmp_path / "empty") == ["file"]


def test_folders_above_are_created(tmp_path):
    with atomic.new_folder(tmp_path / "scratch" / "model", durable=False) as folder:
        (folder / "file").write_bytes(b"content")
    assert left(tmp_path / "scratch" / "model") == ["file"]


def test_what_is_left_in_a_temporary_folder_is_not_published(tmp_path):
    (tmp_path / "aside").mkdir()
    (tmp_path / "aside" / "old").write_bytes(b"old")
    with atomic.new_folder(tmp_path / "result", temporary=tmp_path / "aside") as folder:
        (folder / "new").write_bytes(b"new")
    assert left(tmp_path / "result") == ["new"]


# Publishing


@pytest.mark.parametrize("there", ["file", "folder", "link"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_exclusively_nothing_is_replaced(tmp_path, kind, there):
    target, written = tmp_path / "model", tmp_path / "aside"
    written.write_bytes(b"new") if kind == "file" else written.mkdir()
    if there == "file":
        target.write_bytes(b"old")
    elif there == "folder":
        target.mkdir()
    else:
        target.symlink_to("nowhere")
    with pytest.raises(FileExistsError):
        atomic.publish(written, target, exclusive=True)
    assert written.exists()
    assert (target.is_file(), target.is_dir(), target.is_symlink()) == (
        there == "file", there == "folder", there == "link"
    )  # fmt: skip


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_exclusively_a_free_name_is_taken(tmp_path, monkeypatch, kind, links):
    """Also where the file system has no hard links."""
    if not links:
        monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    target, written = tmp_path / "model", tmp_path / "aside"
    written.write_bytes(b"new") if kind == "file" else written.mkdir()
    atomic.publish(written, target, exclusive=True)
    assert left(tmp_path) == ["model"]
    if kind == "file" and not links:
        written.write_bytes(b"other")
        with pytest.raises(FileExistsError):
            atomic.publish(written, target, exclusive=True)


# Disks that sync no folders


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EBADF])
def test_a_file_system_that_syncs_no_folders_is_trusted(tmp_path, monkeypatch, number):
    fsync = os.fsync

    def folders_refused(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", folders_refused)
    with atomic.new_file(tmp_path / "file") as stream:
        stream.write(b"content")
    with atomic.new_folder(tmp_path / "folder") as folder:
        (folder / "file").write_bytes(b"content")
    assert left(tmp_path) == ["file", "folder"]


def test_a_file_that_cannot_be_synced_is_an_error_always(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"content")
    monkeypatch.setattr(os, "fsync", refusing(errno.EINVAL))
    with pytest.raises(OSError):
        durable.sync(tmp_path / "file")


def test_an_error_of_the_disk_is_an_error_for_folders_too(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", refusing(errno.EIO))
    with pytest.raises(OSError):
        durable.sync(tmp_path)


def test_a_link_in_a_folder_is_not_followed_when_it_is_synced(tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    durable.sync_tree(tmp_path)
