"""The process that reads a file: it ends with its server, and what it leaves does not disturb the next one."""

import hashlib
import json
import subprocess
import sys

from pictures import fruit, zipped
from quickml.imports.places import (
    PictureFolders,
    file_folder,
    remove_abandoned,
    remove_unowned,
    temporary_folder,
)

COMMAND = [sys.executable, "-P", "-m", "quickml.imports"]


def asked(path, sha256, root):
    folders = {"root": str(root), "owner": "ada", "most_bytes": None, "spare_bytes": 0}
    work = {"work": "profile", "file": "fruit.zip", "options": {}, "paths": {sha256: str(path)}}
    work |= {"memory_bytes": 2 << 30, "folders": folders, "temporary": str(path.parent)}
    return json.dumps(work) + "\n"


def started():
    return subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def answer(process, line):
    process.stdin.write(line)
    process.stdin.flush()
    return next(told["answer"] for told in map(json.loads, process.stdout) if "answer" in told)


def test_a_process_ends_with_its_server_and_the_next_one_begins_again(tmp_path):
    path = zipped(tmp_path / "stored", fruit(100))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    line = asked(path, sha256, tmp_path / "imports")
    with started() as first:
        first.stdin.write(line)
        first.stdin.flush()
        assert "progress" in json.loads(first.stdout.readline())
        first.stdin.close()  # as when a server is killed
        first.stdout.read()
        assert first.wait() in (0, 1)
    remove_abandoned(tmp_path / "imports")
    assert not list(tmp_path.glob("imports/*/*/.*"))
    with started() as second:
        found = answer(second, line)
        assert (found["profile"]["pictures"], found["profile"]["problems"]) == (200, [])
        second.stdin.close()
    assert PictureFolders(root=tmp_path / "imports", owner="ada").cache(sha256).about(found["samples"]["key"])
    assert file_folder(tmp_path / "imports", "ben", sha256).exists() is False


def test_nothing_is_left_of_temporary_files_and_the_sweep_leaves_those_in_use_alone(tmp_path):
    with temporary_folder(tmp_path / "imports") as folder:
        (folder / "unpacked").mkdir()
        (folder / "unpacked" / "walk.csv").write_text("x\n1\n")
        remove_unowned(tmp_path / "imports", set())
        assert (folder / "unpacked" / "walk.csv").exists()
    assert list((tmp_path / "imports").iterdir()) == []
