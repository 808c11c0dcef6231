"""Holders of attempts: who is dead is known at once, and who lives is left alone."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from quickml.errors import StoreError
from quickml.executors.local import holder as holders
from quickml.executors.local.holder import Holder, boot_id
from quickml.files.lock import Lock

PROCESS = """
import sys
from pathlib import Path
from quickml.executors.local.holder import Holder
holder = Holder(Path(sys.argv[1]))
holder.open()
(holder.folder / "job_1").mkdir()
print(holder.id, flush=True)
sys.stdin.readline()
"""


def test_a_holder_that_lives_is_not_dead_and_one_that_was_killed_is(tmp_path):
    arguments = [sys.executable, "-c", PROCESS, str(tmp_path)]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        other = process.stdout.readline().strip()
        mine = Holder(tmp_path)
        mine.open()
        assert other not in mine.dead()
        assert mine.id not in mine.dead()
        assert (tmp_path / other / "job_1").exists(), "what a living one writes stays"
    finally:
        process.kill()
        process.communicate()
    assert mine.dead() == {other}
    late = Holder(tmp_path)
    late.open()
    assert late.dead() == {other}, "whoever else has found out, until it is forgotten"
    late.forget({other, mine.id})
    assert not (tmp_path / other).exists()
    assert mine.dead() == set()
    assert mine.folder.exists(), "it lives"
    mine.close()
    late.close()
    assert list(tmp_path.iterdir()) == []


def test_a_holder_that_was_looked_at_while_it_locked_its_file_is_not_dead_for_ever(tmp_path):
    """It made the file, another process found it unlocked, and it locked it then."""
    mine, path = Holder(tmp_path), tmp_path / "host_starting.lock"
    mine.open()
    path.touch()
    assert mine.dead() == {"host_starting"}
    theirs = Lock(path)
    assert theirs.take()
    assert mine.dead() == set()
    mine.forget({"host_starting"})
    assert path.exists()
    theirs.release()
    mine.close()


def test_a_holder_whose_file_cannot_be_opened_is_not_known_to_be_dead(tmp_path):
    """One such file must not keep the leases of all others from being looked at, nor a server from starting."""
    mine = Holder(tmp_path)
    (tmp_path / "host_1.lock").mkdir()
    mine.open()
    assert mine.dead() == set()
    mine.close()


def test_a_holder_of_another_machine_is_not_known_to_be_dead(tmp_path):
    holder = Holder(tmp_path / "scratch")
    holder.open()
    assert holder.dead() == set()
    holder.close()


def test_what_older_servers_left_is_removed(tmp_path):
    (tmp_path / "job_1" / "result").mkdir(parents=True)
    (tmp_path / "host_1" / "job_1").mkdir(parents=True)
    (tmp_path / "host_1.lock").touch()
    holder = Holder(tmp_path)
    holder.open()
    holder.forget(holder.dead())
    assert {path.name for path in tmp_path.iterdir()} == {holder.id, f"{holder.id}.lock"}
    holder.close()


def test_a_file_by_which_another_process_tests_the_disk_is_left_alone(tmp_path):
    for name, age_s in (("probe-new", 0), ("probe-old", 3600)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    holder = Holder(tmp_path)
    holder.open()
    assert {path.name for path in tmp_path.glob("probe-*")} == {"probe-new"}
    holder.close()


def test_an_id_that_another_process_has_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(holders, "PATIENCE_S", 0.05)
    one, other = Holder(tmp_path, "host_1"), Holder(tmp_path, "host_1")
    one.open()
    with pytest.raises(StoreError, match="host_1: expected a host id of its own"):
        other.open()
    one.close()


def test_a_server_killed_before_it_released_what_a_dead_one_held_leaves_that_to_the_next(tmp_path):
    """Otherwise the lease would have to run out."""
    (tmp_path / "host_1.lock").touch()
    for _ in range(2):  # each finds out, and goes before it has released anything
        holder = Holder(tmp_path)
        holder.open()
        assert holder.dead() == {"host_1"}
        holder.close()


STRAYS = {
    "file": lambda scratch: (scratch / "notes.txt").write_text("x"),
    "file of the system": lambda scratch: (scratch / ".DS_Store").write_text("x"),
    "long name": lambda scratch: (scratch / ("n" * 255)).write_text("x"),
    "folder with a long name": lambda scratch: (scratch / ("n" * 255)).mkdir(),
    "lock with a long name": lambda scratch: (scratch / f"{'n' * 250}.lock").write_text("x"),
    "lock without a name": lambda scratch: (scratch / ".lock").write_text("x"),
    "folder for a lock": lambda scratch: (scratch / "notes.lock").mkdir(),
    "link": lambda scratch: (scratch / "notes").symlink_to("nowhere"),
    "link for a lock": lambda scratch: (scratch / "notes.lock").symlink_to("nowhere"),
}


@pytest.mark.parametrize("stray", STRAYS.values(), ids=STRAYS)
def test_files_of_others_in_the_folder_are_no_trouble(tmp_path, stray):
    stray(tmp_path)
    holder = Holder(tmp_path)
    holder.open()
    assert holder.folder.is_dir()
    holder.forget(holder.dead())
    holder.close()


def test_a_holder_of_the_machine_that_this_disk_was_copied_from_is_not_taken_for_dead(tmp_path):
    original, copied = Holder(tmp_path, "host_1", boot="one"), tmp_path / "copied"
    original.open()
    shutil.copytree(tmp_path, copied)
    original.close()
    mine = Holder(copied, boot="another")
    mine.open()
    assert mine.dead() == set()
    assert {path.name for path in copied.iterdir()} == {mine.id, f"{mine.id}.lock"}, "it has no use here"
    mine.close()


def test_a_holder_that_died_in_this_run_of_the_machine_is_dead(tmp_path):
    """Also one whose file an older release has made, where all holders are on this machine."""
    for name in ("host_1", "host_2"):
        (tmp_path / f"{name}.lock").touch()
        (tmp_path / name).mkdir()
    (tmp_path / "host_1" / "boot").write_text("this run")
    mine = Holder(tmp_path, boot="this run")
    mine.open()
    assert mine.dead() == {"host_1"}
    mine.close()
    (tmp_path / "host_3.lock").touch()
    alone = Holder(tmp_path)
    alone.open()
    assert alone.dead() == {"host_1", "host_3"}
    alone.close()


def test_a_run_of_this_machine_has_one_id():
    assert 0 < len(boot_id()) < holders.MAX_BOOT
    if sys.platform in ("linux", "darwin"):
        assert boot_id() == boot_id()
