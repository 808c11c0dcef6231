"""`quickml data` and `quickml init` with pictures."""

import json

import pytest

from commands import quickml
from pictures import fruit, photo, saved, written, zipped
from quickml.cli.display.output import note
from quickml.cli.display.pictures import PictureProgress
from quickml.cli.document_file import read_plan


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    written(tmp_path / "fruit", fruit(12) | {"Kiwi/large.jpg": saved(photo(77, (300, 200)), "JPEG")})
    return tmp_path


def test_data_shows_classes_sizes_notices_and_a_document(folder):
    done = quickml("data", "fruit", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "fruit: 25 pictures, 2 classes (PNG 24, JPEG 1)"
    assert any(line.startswith("Apple        12  █") for line in lines)
    assert "width and height: 24 x 20 (24), 300 x 200 (1)" in lines
    assert "notice: /dataset/labels: 2 classes: Apple (12), Kiwi (13)" in lines
    document = json.loads(done.stdout[done.stdout.index("\n{\n") :])
    assert document["model"]["layers"][-1] == {"type": "Dense", "units": 2, "activation": "softmax"}
    assert document["dataset"] == {
        "name": "pictures", "file": "fruit", "size": [96, 96], "channels": 3, "resize": "crop",
        "labels": ["Apple", "Kiwi"], "test_fraction": 0.2,
    }  # fmt: skip


def test_data_as_json_has_the_same(folder):
    found = json.loads(quickml("data", "fruit", "--json", cwd=folder).stdout)
    assert (found["pictures"], found["formats"]) == (25, {"PNG": 24, "JPEG": 1})
    assert found["classes"] == [{"label": "Apple", "pictures": 12}, {"label": "Kiwi", "pictures": 13}]
    assert found["sizes"][0] == {"height": 20, "width": 24, "pictures": 24}
    done = quickml("init", "fruit", cwd=folder)
    assert done.stdout.splitlines()[0] == "fruit.json: learns 2 classes from 25 pictures"
    assert json.loads((folder / "fruit.json").read_text(encoding="utf-8")) == found["document"]


@pytest.mark.parametrize("size", [(9, 9), (28, 28), (64, 40), (300, 200)])
def test_init_writes_a_document_that_is_valid_and_leaves_nothing_open(size, folder):
    contents = {
        f"x/{label}/{n}.png": saved(photo(n + 50 * (label == "a"), size)) for label in "ab" for n in range(12)
    }
    zipped(folder / "x.zip", contents)
    (folder / "documents").mkdir()
    done = quickml("init", "x.zip", "-o", "documents/x.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    plan = read_plan(folder / "documents" / "x.json")
    assert plan.document.dataset.file == "../x.zip"
    assert [notice.pointer for notice in plan.notices] in ([], ["/dataset/resize"])
    assert plan.info.sizes == (19, 5)


def test_a_list_of_pictures_is_known_from_other_tables(folder):
    (folder / "list.csv").write_text(
        "path,target\n" + "".join(f"fruit/{name},{name[0]}\n" for name in fruit(12))
    )
    assert quickml("data", "list.csv", cwd=folder).stdout.startswith("list.csv: 24 pictures, 2 classes")
    (folder / "table.csv").write_text("path,target\n" + "".join(f"{n / 7:.3f},{n % 2}\n" for n in range(30)))
    assert quickml("data", "table.csv", cwd=folder).stdout.startswith("table.csv: 30 rows, 2 columns")


def test_what_is_wrong_is_one_sentence(folder):
    written(folder / "fruit", {"Kiwi/IMG_0012.HEIC": b"\0\0\0\x24ftypheic\0\0\0\0"})
    done = quickml("data", "fruit", cwd=folder)
    assert done.returncode == 2
    assert (
        'found HEIC (fruit: Kiwi/IMG_0012.HEIC); set the iPhone\'s camera to "Most Compatible"' in done.stderr
    )
    written(folder / "one", {"Apple/1.png": saved(photo(1)), "Apple/2.png": saved(photo(2))})
    for command in ("data", "init"):
        done = quickml(command, "one", cwd=folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("error: one: expected two or more classes, found one, 'Apple'; put the")
    done = quickml("data", "fruit", "--target", "Kiwi", cwd=folder)
    assert done.stderr == "error: --target: expected a table; the classes of pictures are their folders\n"
    done = quickml("fruit.zip", cwd=folder)
    assert "expected a command" in done.stderr or "No such command" in done.stderr


def test_validate_fixes_what_can_be_fixed(folder):
    written(folder / "fruit", {"Kiwi/bad.png": saved(photo(1))[:-60]})
    quickml("init", "fruit", cwd=folder)
    assert not (folder / "fruit.json").exists()
    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 2, "activation": "softmax"}]
    document = {"name": "x", "dataset": {"name": "pictures", "file": "fruit"}, "model": {"layers": layers}}
    (folder / "x.json").write_text(json.dumps(document))
    done = quickml("validate", "--fix", "--yes", "x.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "x.json").read_text())["dataset"]["damaged"] == "skip"


def test_names_cannot_control_the_terminal(folder):
    written(folder / "fruit", {"Kiwi/\x1b[2J.jpg": b"", "Kiwi/\x1b[3J.txt": b""})
    done = quickml("data", "fruit", cwd=folder)
    assert done.returncode == 2
    assert "\x1b" not in done.stdout + done.stderr


def test_progress_is_shown_after_a_while(capsys):
    now = [0.0]
    progress = PictureProgress(clock=lambda: now[0])
    for done in range(1, 41):
        progress.show("decoded", done, 40)
        now[0] += 0.5
    assert capsys.readouterr().err == "decoded 21 of 40 pictures\n"


def test_an_error_replaces_the_progress_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    now = [0.0]
    progress = PictureProgress(clock=lambda: now[0])
    for done in (1, 2):
        progress.show("decoded", done, 40)
        now[0] += 2
    note("error: cancelled")
    note("twice")
    assert capsys.readouterr().err == "\r\x1b[Kdecoded 2 of 40 pictures\r\x1b[Kerror: cancelled\ntwice\n"
