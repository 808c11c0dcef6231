"""Pictures are decoded in one pass or two, by processes or threads, and are always the same."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

import pictures
from pictures import fruit, photo, prepared, saved, written, zipped
from quickml.errors import DatasetError, DocumentError
from quickml.pictures import cache, decode, decoders

ALL = {"size": (20, 24), "channels": 3}


@pytest.fixture
def folder(tmp_path):
    """Pictures of all kinds, and some that are damaged."""
    exif = Image.Exif()
    exif[0x0112] = 6
    special = {
        "Kiwi/turned.jpg": saved(photo(20, (300, 200)), "JPEG", exif=exif),
        "Kiwi/print.jpg": saved(photo(21, mode="CMYK"), "JPEG"),
        "Kiwi/copy.png": saved(photo(100)),
        "Kiwi/large.png": saved(Image.new("RGB", (4000, 2200), "green")),
        "Kiwi/steps.jpg": saved(photo(22), "JPEG", progressive=True),
        "Apple/cut.png": saved(photo(23))[:-60],
        "Apple/text.jpg": b"no picture",
        "Apple/empty.webp": b"",
    }
    written(tmp_path / "fruit", fruit() | special)
    return tmp_path


@pytest.fixture
def by_processes(monkeypatch):
    """Decode even few pictures by processes; has the processes of each time."""
    monkeypatch.setattr(decode, "MANY", 1)
    times = []

    @contextmanager
    def started(order):
        others = set(psutil.Process().children())
        with decoders.started(order) as found:
            times.append([child.pid for child in psutil.Process().children() if child not in others])
            assert found is not None
            yield found

    monkeypatch.setattr(decode, "started", started)
    return times


def content(found):
    about = json.loads((found.pixels.parent / cache.ABOUT).read_text())
    return found.pixels.read_bytes(), about, found.reference, found.notices


def test_processes_and_threads_one_pass_and_two_give_the_same(folder, monkeypatch, by_processes):
    options = {"damaged": "skip", "channels": 3}
    first = content(prepared(folder / "fruit", folder / "1", size=(96, 96), **options))
    assert len(by_processes) == 1
    assert not any(psutil.pid_exists(child) for child in by_processes[0])
    monkeypatch.setattr(decode, "MANY", 9999)
    assert content(prepared(folder / "fruit", folder / "2", size=(96, 96), **options)) == first
    pixels, about, reference, notices = content(prepared(folder / "fruit", folder / "3", **options))
    assert (pixels, about, reference) == first[:3]
    assert {notice.pointer for notice in notices} - {notice.pointer for notice in first[3]} == {
        "/dataset/size"
    }
    monkeypatch.setattr("quickml.pictures.prepare.certain", lambda *_: (None, None))
    assert content(prepared(folder / "fruit", folder / "4", **options))[:3] == first[:3]
    assert len(by_processes) == 1


@pytest.mark.usefixtures("by_processes")
def test_processes_say_what_is_wrong_as_threads_do(folder, monkeypatch):
    told = []
    for many in (1, 9999):
        monkeypatch.setattr(decode, "MANY", many)
        with pytest.raises(DocumentError) as caught:
            prepared(folder / "fruit", folder / "cache", **ALL)
        told.append([str(problem) for problem in caught.value.problems])
    assert told[0] == told[1]
    places = ("fruit: Apple/cut.png", "fruit: Apple/empty.webp", "fruit: Apple/text.jpg")
    assert all(place in text for place, text in zip(places, told[0], strict=True))
    assert not [path for path in (folder / "cache").iterdir() if path.is_dir()]


def test_archives_are_not_decoded_by_processes(folder, by_processes):
    names = fruit()
    prepared(zipped(folder / "fruit.zip", names), folder / "cache", **ALL)
    assert not by_processes
    assert prepared(written(folder / "same", names), folder / "cache", **ALL).pixels.is_file()
    assert len(by_processes) == 1


def test_a_process_that_is_killed_ends_the_import(folder, by_processes):
    def kill(what, done, total):
        for child in by_processes[-1] if done == 1 else ():
            os.kill(child, signal.SIGKILL)

    written(folder / "many", fruit(300))
    with pytest.raises(
        DatasetError, match=r"expected processes that decode them, found that one .* memory\?"
    ):
        prepared(folder / "many", folder / "cache", kill, **ALL)
    assert not [path for path in (folder / "cache").iterdir() if path.is_dir()]


@pytest.mark.parametrize("command", [("/nowhere",), (sys.executable, "-c", "")])
def test_without_processes_it_goes_on(folder, monkeypatch, command):
    monkeypatch.setattr(decode, "MANY", 1)
    monkeypatch.setattr(decoders, "COMMAND", command)
    found = prepared(folder / "fruit", folder / "cache", damaged="skip", **ALL)
    assert sum(found.info.sizes) == 17


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from pictures import prepared
from quickml.pictures import decode
decode.MANY = 1
def progress(what, done, total):
    import psutil
    print(*[child.pid for child in psutil.Process().children()], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
prepared(Path(sys.argv[2]), Path(sys.argv[3]), progress, size=(20, 24), channels=3)
"""


def test_processes_end_when_the_one_that_asks_is_killed(folder):
    written(folder / "many", fruit(100))
    support = str(Path(pictures.__file__).parent)
    command = [sys.executable, "-c", KILLED, support, str(folder / "many"), str(folder / "cache")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    children = [int(child) for child in done.stdout.split()]
    assert done.returncode == -signal.SIGKILL
    assert children, done.stderr
    while any(psutil.pid_exists(child) and _runs(child) for child in children):
        time.sleep(0.05)


def _runs(child):
    try:
        return psutil.Process(child).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_one_pass_is_enough_where_a_few_pictures_decide(folder):
    written(
        folder / "photos",
        {
            f"{label}/{n}.png": saved(photo(10 * ord(label) + n, (200, 150)))
            for label in "ab"
            for n in range(3)
        },
    )
    seen = []
    found = prepared(folder / "photos", folder / "cache", lambda *now: seen.append(now))
    assert seen == [("decoded", done, 6) for done in range(1, 7)]
    assert found.reference.size == (96, 96)
    seen.clear()
    pinned = prepared(
        folder / "photos", folder / "cache", lambda *now: seen.append(now), sha256=found.reference.sha256
    )
    assert pinned.pixels == found.pixels
    assert {what for what, *_ in seen} <= {"looked at"}
    with pytest.raises(DocumentError, match="another than the document was written for"):
        prepared(folder / "photos", folder / "cache", sha256="0" * 64)
    again = prepared(folder / "photos", folder / "cache")
    assert again.pixels == found.pixels
    assert len([path for path in (folder / "cache").iterdir() if path.is_dir()]) == 1
    np.testing.assert_array_equal(again.data().x_train, found.data().x_train)
