"""`quickml validate --fix`: what it shows, what it writes, and that no file is lost."""

import json
import os
import pty
import stat
import subprocess

import pytest

from commands import QUICKML, quickml
from quickml.cli.commands import fix as fix_command

WRONG = """{
  "name": "iris", "dataset": "irs",
  "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
  "training": {"optimizer": {"type": "Adam", "lr": 1e-3}}
}
"""
RIGHT = WRONG.replace("irs", "iris").replace('"lr"', '"learning_rate"')


@pytest.fixture
def wrong(tmp_path):
    path = tmp_path / "spec.json"
    path.write_bytes(WRONG.encode())
    return path


def test_the_file_is_corrected_and_keeps_its_form(wrong):
    wrong.chmod(0o640)
    done = quickml("validate", "--fix", "--yes", wrong)
    assert done.returncode == 0, done.stderr
    assert wrong.read_text() == RIGHT
    assert stat.S_IMODE(wrong.stat().st_mode) == 0o640
    assert f"{wrong}: 2 fixes" in done.stdout
    assert '    /dataset: "irs" → "iris"\n' in done.stdout
    assert "    /training/optimizer/lr → /training/optimizer/learning_rate\n" in done.stdout
    assert "iris: input (4,)" in done.stdout
    assert [path.name for path in wrong.parent.iterdir()] == ["spec.json"]
    again = quickml("validate", "--fix", wrong)
    assert (again.returncode, again.stdout) == (0, quickml("validate", wrong).stdout)


def test_without_a_terminal_nothing_is_written_but_with_yes(wrong):
    done = quickml("validate", "--fix", wrong, input="y\n")
    assert done.returncode == 2
    assert "not written; --yes writes without a question" in done.stdout
    assert "with these fixes, it would be:" in done.stdout
    assert wrong.read_text() == WRONG


def test_what_remains_is_told(wrong):
    wrong.write_text(WRONG.replace('"name": "iris"', '"name": "iris", "zzz": 1'))
    done = quickml("validate", "--fix", "-y", wrong)
    assert done.returncode == 2
    assert "error: 1 problem in the document\n  /zzz: expected a known key" in done.stderr
    assert wrong.read_text() == RIGHT.replace('"name": "iris"', '"name": "iris", "zzz": 1')


def test_a_link_still_points_to_the_file(wrong, tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to("spec.json")
    assert quickml("validate", "--fix", "--yes", link).returncode == 0
    assert link.is_symlink()
    assert wrong.read_text() == RIGHT


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32-le"])
def test_the_encoding_is_kept(wrong, encoding):
    wrong.write_bytes(WRONG.encode(encoding))
    assert quickml("validate", "--fix", "--yes", wrong).returncode == 0
    assert wrong.read_bytes() == RIGHT.encode(encoding)


def test_json_has_the_fixes_and_the_result(wrong, tmp_path):
    other = tmp_path / "other.json"
    other.write_text("{")
    done = quickml("validate", "--fix", "--yes", "--json", wrong, other)
    assert done.returncode == 2
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["file"], first["valid"], first["written"]) == (str(wrong), True, True)
    assert [(one["code"], one["pointer"]) for one in first["fixes"]] == [
        ("unknown-dataset", "/dataset/name"), ("unknown-key", "/training/optimizer/lr"),
    ]  # fmt: skip
    assert first["fixes"][0]["fix"] == [{"op": "replace", "path": "/dataset", "value": "iris"}]
    assert (second["valid"], second["written"], second["fixes"]) == (False, False, [])
    assert second["problems"][0]["code"] == "json-unclosed"
    asked = json.loads(quickml("validate", "--fix", "--json", other).stdout)
    assert not asked["written"]


def test_problems_in_json_have_code_values_and_fix(wrong):
    told = json.loads(quickml("validate", "--json", wrong).stdout)
    assert (told["valid"], told["layers"]) == (False, [])
    assert [(one["code"], bool(one["fix"]), one["values"]["suggestions" if index == 0 else "key"])
            for index, one in enumerate(told["problems"])] == [
        ("unknown-dataset", True, ["iris"]), ("unknown-key", True, "lr")]  # fmt: skip


def test_layers_up_to_the_first_problem_are_shown(wrong):
    dense = {"type": "Dense", "units": 4}
    layers = [dense, {"type": "Conv2D", "filters": 2, "kernel_size": 3}, dense]
    wrong.write_text(json.dumps({"name": "a", "dataset": "iris", "model": {"layers": layers}}))
    done = quickml("validate", wrong)
    assert done.returncode == 2
    told = [line.split()[0] for line in done.stderr.splitlines() if line]
    assert told[:4] == ["layer", "-" * 38, "dense", "error:"]
    assert not done.stdout


@pytest.mark.parametrize("change", ["changed", "unwritable", "full"])
def test_a_file_that_cannot_be_replaced_stays(wrong, monkeypatch, change):
    kept = WRONG
    agrees = fix_command._agrees

    def meanwhile(*args, **options):
        nonlocal kept
        if change == "changed":
            kept = WRONG + "\n"
            wrong.write_text(kept)
        return agrees(*args, **options)

    def refuses(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fix_command, "_agrees", meanwhile)
    if change == "unwritable":
        monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)
    if change == "full":
        monkeypatch.setattr("quickml.files.atomic.sync_tree", refuses)
    done = quickml("validate", "--fix", "--yes", wrong)
    assert done.returncode == 2
    expected = {"changed": "another content", "unwritable": "permission denied", "full": "no space left"}
    assert expected[change] in done.stderr
    assert wrong.read_text() == kept
    assert [path.name for path in wrong.parent.iterdir()] == ["spec.json"]


@pytest.mark.parametrize(
    ("arguments", "said"), [(["--fix", "-"], "standard input"), (["--yes", "x.json"], "--fix")]
)
def test_what_makes_no_sense_is_refused(arguments, said):
    done = quickml("validate", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(("answer", "content"), [("y", RIGHT), ("", WRONG)])
def test_a_terminal_shows_the_diff_and_asks(wrong, answer, content):
    parent, child = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen([*QUICKML, "validate", "--fix", str(wrong)], stdin=child, stdout=child, stderr=child,
                               env=environment)  # fmt: skip
    os.close(child)
    os.write(parent, f"{answer}\n".encode())
    said = b""
    while True:
        try:
            piece = os.read(parent, 4096)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        said += piece
    os.close(parent)
    assert process.wait() == (0 if content == RIGHT else 2)
    assert b'\x1b[31m-  "name": "iris", "dataset": "irs",\x1b[0m' in said
    assert b'\x1b[32m+  "name": "iris", "dataset": "iris",\x1b[0m' in said
    assert b"[y/N]" in said
    assert wrong.read_text() == content
