"""Errors of the system, as the command line tells them."""

import errno
import os
import shutil

import pytest

from quickml.cli import command_line
from quickml.errors import DocumentError, Problem, ServiceError

FULL = os.strerror(errno.ENOSPC)


def broken(error):
    """Parses a command line and fails in its command."""

    def parse(_):
        raise error

    return parse


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, FULL, "runs/a/model.keras"), f"error: runs/a/model.keras: {FULL}"),
        (
            shutil.Error([("tmp/weight.bin", "runs/a/weight.bin", f"[Errno 28] {FULL}"), ("b", "c", "d")]),
            f"error: runs/a/weight.bin: [Errno 28] {FULL}",
        ),
        (shutil.Error("two of a name"), "error: two of a name"),
    ],
    ids=["a file", "files of a package", "words"],
)
def test_a_full_disk_is_one_sentence(error, sentence, monkeypatch, capsys):
    monkeypatch.setattr(command_line, "_parse", broken(error))
    with pytest.raises(SystemExit) as left:
        command_line.run_command_line(["run", "a.json"])
    assert left.value.code == 1
    assert capsys.readouterr().err.strip() == sentence


def failed(error, monkeypatch, capsys):
    """What a command says that fails with an error."""
    monkeypatch.setattr(command_line, "_parse", broken(error))
    with pytest.raises(SystemExit):
        command_line.run_command_line(["run", "a.json"])
    return capsys.readouterr().err.strip()


def test_a_deleted_working_directory_is_named(tmp_path, monkeypatch, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    error = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    assert failed(error, monkeypatch, capsys) == "error: the working directory does not exist any more"


def test_problems_are_counted(monkeypatch, capsys):
    problem = Problem(pointer="/name", expected="a string", found="5")
    for error, start in [
        (DocumentError([problem]), "error: 1 problem in the document\n"),
        (DocumentError([problem] * 2), "error: 2 problems in the document\n"),
        (
            DocumentError([problem] * 2, more=True),
            "error: more than 2 problems in the document, of which these are the first\n",
        ),
    ]:
        assert failed(error, monkeypatch, capsys).startswith(start)


def test_a_message_from_a_server_cannot_control_the_terminal(monkeypatch, capsys):
    refused = ServiceError("no\x1b]0;title\x07 room\x9b2J", status=503)
    monkeypatch.setattr(command_line, "_parse", broken(refused))
    with pytest.raises(SystemExit) as left:
        command_line.run_command_line(["submit", "a.json"])
    assert left.value.code == 1
    assert capsys.readouterr().err == "error: no\\u001b]0;title\\u0007 room\\u009b2J\n"
