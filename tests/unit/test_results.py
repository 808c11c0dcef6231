"""Room for a result."""

import errno
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from quickml import pipeline, results
from quickml.datasets.builtin.images import FashionMnist
from quickml.errors import CompileError, RoomError
from small_training import make_plan

Usage = namedtuple("Usage", "total used free")


def with_free(monkeypatch, free, total=10**9):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(total, 0, free))


def test_room_is_checked_before_training(monkeypatch, tmp_path):
    with_free(monkeypatch, 10**9)
    pipeline.check_room(make_plan(), tmp_path / "new" / "result")
    with_free(monkeypatch, 10**6)
    expected = (
        r"result: expected at least 1\.1 MB of free disk space for the result, found 1\.0 MB; free some"
    )
    with pytest.raises(RoomError, match=expected):
        pipeline.check_room(make_plan(), tmp_path / "new" / "result")


def test_a_file_system_that_does_not_say_its_size_is_used(monkeypatch, tmp_path):
    with_free(monkeypatch, 0, total=0)
    pipeline.check_room(make_plan(), tmp_path)


@pytest.mark.parametrize(
    ("error", "free"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 0),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), 10**6),
        (shutil.Error([("a", "b", "[Errno 28] No space left on device")]), 4096),
        (CompileError("mlpackage: coremltools could not write the model (Unknown error)"), 0),
    ],
    ids=["a file", "a quota", "copies", "a library"],
)
def test_whatever_a_full_disk_causes_says_what_is_full(monkeypatch, error, free):
    with_free(monkeypatch, free)
    expected = r"a/b: expected at least 7\.0 MB of free disk space"
    with pytest.raises(RoomError, match=expected), results.disk_errors(Path("a/b"), 7 * 10**6):
        raise error


@pytest.mark.parametrize("error", [CompileError("no"), OSError(errno.EIO, "broken")], ids=str)
def test_other_errors_stay_what_they_are(monkeypatch, error):
    with_free(monkeypatch, 10**6)
    with pytest.raises(type(error)) as raised, results.disk_errors(Path("a"), 7):
        raise error
    assert raised.value is error


def test_a_download_is_announced(monkeypatch, tmp_path):
    monkeypatch.setattr(FashionMnist, "is_local", lambda _: False)
    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 10, "activation": "softmax"}]
    run = pipeline.run(make_plan("fashion_mnist", layers), tmp_path / "result")
    assert next(run).type == "started"
    warning = next(run)
    run.close()
    assert warning.message == "fashion_mnist is not on this machine yet; it is downloaded now, once"


DRAFTING = """
import sys, time
from pathlib import Path
from quickml import results
with results.draft(Path(sys.argv[1])) as draft:
    (draft.path / "model.keras").write_bytes(b"half of it")
    print("ready", flush=True)
    time.sleep(1000)
"""


def test_what_a_killed_run_left_is_removed_by_the_next_one(tmp_path):
    """Nothing of a run that goes on, and nothing that only has a similar name."""
    mine = [tmp_path / ".notes.lock", tmp_path / f".old-{'0' * 16}.partial"]
    mine[0].touch()
    mine[1].mkdir()
    command = [sys.executable, "-c", DRAFTING]
    processes = [
        subprocess.Popen([*command, tmp_path / name], stdout=subprocess.PIPE) for name in ("dead", "alive")
    ]
    try:
        for process in processes:
            assert process.stdout.readline() == b"ready\n"
        processes[0].kill()
        processes[0].wait()
        assert len(list(tmp_path.glob(".dead-*"))) == 2
        with results.draft(tmp_path / "next") as draft:
            assert not list(tmp_path.glob(".dead-*"))
            assert len(list(tmp_path.glob(".alive-*.partial"))) == 1
            draft.publish()
        assert [path.name for path in tmp_path.glob("*next*")] == ["next"]
        assert all(path.exists() for path in mine)
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    with results.draft(tmp_path / "last"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["next", *(path.name for path in mine)])
