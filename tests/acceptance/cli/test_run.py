"""`python main.py SPEC.json` as its user runs it: a real process, read through a real pipe."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rounds
from commands import quickml
from quickml import Film, events

ROOT = Path(__file__).parents[3]
MAIN = [sys.executable, str(ROOT / "main.py")]
ENDLESS = {
    "name": "endless",
    "dataset": "iris",
    "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
    "training": {"epochs": 100_000},
}


def start(command, cwd, **options):
    return subprocess.Popen(
        [*map(str, command)], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def finish(command, cwd=ROOT, **options):
    return subprocess.run(
        [*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False, timeout=300, **options
    )


def written(folder, document) -> Path:
    path = folder / "spec.json"
    path.write_text(json.dumps(document))
    return path


def read_until(process, word):
    """Lines up to the first that starts with a word."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(word):
            return lines
    raise AssertionError(f"no line starts with {word!r}: {lines} {process.stderr.read()}")


@pytest.fixture(scope="module")
def iris(tmp_path_factory):
    """One run of the example, shared by the tests that look at what it leaves."""
    folder = tmp_path_factory.mktemp("iris")
    done = finish([*MAIN, ROOT / "iris_spec.json", "--json", "--out", folder / "result"], cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "result", [events.from_json(line) for line in done.stdout.splitlines()]


def test_the_events_come_in_order(iris):
    folder, told = iris
    kinds = [event.type for event in told if event.type not in ("progress", "batches", "snapshot")]
    assert kinds == ["started", "built", *["epoch"] * 100, "trained", "compiled", "verified"]
    assert told[-1].folder == str(folder)
    assert [event.time for event in told] == sorted(event.time for event in told)


def test_iris_is_filmed(iris):
    folder, told = iris
    film = Film.read(folder / "film.bin")
    assert [frame.number for frame in film.frames] == list(range(0, 801, 8))
    assert (folder / "film.bin").stat().st_size < 50_000
    probes = film.frames[-1].parts["probes"]
    assert probes.shape == (30, 3)
    snapshot = [event for event in told if event.type == "snapshot"][-1]
    assert (snapshot.frame, snapshot.epoch, snapshot.frames) == (800, 100, 101)
    losses = [loss for event in told if event.type == "batches" for loss in event.losses]
    assert len(losses) == 800
    first = next(event for event in told if event.type == "epoch")
    assert sum(losses[:8]) / 8 == pytest.approx(first.metrics["loss"], rel=0.05), "the last batch is smaller"


def test_iris_is_learned(iris):
    _, told = iris
    trained = next(event for event in told if event.type == "trained")
    assert trained.metrics["accuracy"] >= 0.9
    assert trained.stopped is None


def test_the_folder_holds_everything(iris):
    folder, told = iris
    assert {path.name for path in folder.iterdir()} == {
        "model.mlmodel", "model.mlpackage", "model.mlpackage.zip", "model.keras", "spec.json", "report.json",
        "report.html", "answers.bin", "film.bin",
    }  # fmt: skip
    report = json.loads((folder / "report.json").read_text())
    assert report["metrics"]["accuracy"] == pytest.approx(
        next(event for event in told if event.type == "trained").metrics["accuracy"]
    )
    assert len(report["history"]) == 100
    assert sum(map(sum, report["confusion_matrix"])) == 30
    assert {row["file"] for row in report["parity"]} == {"model.mlmodel", "model.mlpackage"}
    assert all(row["samples"] >= 256 and row["largest_difference"] < 1e-4 for row in report["parity"])
    assert {"load", "build", "train", "evaluate", "compile", "verify", "total"} <= set(report["seconds"])
    assert "iris" in (folder / "report.html").read_text()


def test_nothing_is_left_beside_it(iris):
    folder, _ = iris
    assert [path.name for path in folder.parent.iterdir()] == ["result"]


def test_the_spec_as_understood_runs_again_and_gives_the_same_file(iris, tmp_path):
    """Same seed, same machine, same bytes in float32."""
    folder, told = iris
    done = quickml("run", folder / "spec.json", "--json", "--out", tmp_path / "again")
    assert done.returncode == 0, done.stderr
    again = events.from_json(done.stdout.splitlines()[-1])
    assert {file.name: file.sha256 for file in again.files} == {
        file.name: file.sha256 for file in told[-1].files
    }


def test_predict_and_inspect_what_was_made(iris):
    folder, _ = iris
    for name in ("model.mlmodel", "model.mlpackage"):
        done = quickml("predict", folder / name, "5.1,3.5,1.4,0.2", "6.7, 3.0, 5.2, 2.3", "--json")
        assert done.returncode == 0, done.stderr
        first, second = map(json.loads, done.stdout.splitlines())
        assert (first["label"], second["label"]) == ("setosa", "virginica")
        assert first["input"] == "5.1,3.5,1.4,0.2"
        assert sum(first["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        shown = quickml("inspect", folder / name)
        assert shown.returncode == 0, shown.stderr
        assert "setosa, versicolor, virginica" in shown.stdout
        assert "sepal length" in shown.stdout


def test_the_mnist_document_learns_in_an_epoch_and_its_file_is_shown(tmp_path):
    """With `--full` all 70,000 pictures, as in the README."""
    document = json.loads((ROOT / "mnist_cnn.json").read_text())
    document["dataset"] = {"name": "mnist", "num_samples": rounds.choose(few=6_000, full=70_000)}
    path = written(tmp_path, document)
    done = quickml("run", path, "--epochs", "1", "--out", tmp_path / "mnist")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("verified")
    report = json.loads((tmp_path / "mnist" / "report.json").read_text())
    assert report["metrics"]["accuracy"] >= rounds.choose(few=0.8, full=0.95)
    film = Film.read(tmp_path / "mnist" / "film.bin")
    assert film.frames[-1].parts["filters/conv2d/kernel"].shape == (32, 3, 3)
    assert film.frames[-1].parts["activation/conv2d_1"].shape == (8, 12, 12)
    assert len(film.frames) > 8
    shown = quickml("inspect", tmp_path / "mnist" / "model.mlpackage")
    assert shown.returncode == 0, shown.stderr
    assert "0, 1, 2, 3, 4, 5, 6, 7, 8, 9" in shown.stdout


def test_built_is_told_while_training_still_runs(tmp_path):
    process = start(
        [*MAIN, written(tmp_path, {**ENDLESS, "training": {"epochs": 100_000, "max_seconds": 3}})], tmp_path
    )
    try:
        read_until(process, "built")
        seen = time.monotonic()
        assert process.poll() is None
        read_until(process, "trained")
        assert time.monotonic() - seen > 0.5, "`built` came through the pipe well before training ended"
        rest = process.communicate(timeout=60)[0].splitlines()
        assert [line.split()[0] for line in rest] == ["compiled", "verified"]
        assert process.returncode == 0
    finally:
        process.kill()
    (result,) = (tmp_path / "runs").iterdir()
    assert result.name.startswith("endless-")
    assert json.loads((result / "report.json").read_text())["training"]["stopped"] == "max_seconds"


def test_ctrl_c_once_keeps_compiles_and_verifies(tmp_path):
    process = start([*MAIN, written(tmp_path, ENDLESS), "--out", "kept"], tmp_path)
    try:
        read_until(process, "epoch 3")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert out.splitlines()[-1].startswith("verified")
    assert "Ctrl-C again cancels" in err
    assert json.loads((tmp_path / "kept" / "report.json").read_text())["training"]["stopped"] == "asked"


def test_ctrl_c_twice_gives_up_and_leaves_nothing(tmp_path):
    process = start([*MAIN, written(tmp_path, ENDLESS), "--out", "gone"], tmp_path)
    try:
        read_until(process, "epoch 3")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)  # two signals that arrive together may be taken for one
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["spec.json"]


def test_ctrl_c_before_training_gives_up_and_leaves_nothing(tmp_path):
    process = start([*MAIN, written(tmp_path, ENDLESS), "--out", "gone"], tmp_path)
    try:
        read_until(process, "started")  # TensorFlow is loaded now
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert err == "error: cancelled\n"
    assert "trained" not in out
    assert [path.name for path in tmp_path.iterdir()] == ["spec.json"]


def test_a_closed_terminal_leaves_nothing(tmp_path):
    process = start([*MAIN, written(tmp_path, ENDLESS), "--out", "gone"], tmp_path)
    try:
        read_until(process, "epoch 3")
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130
    assert [path.name for path in tmp_path.iterdir()] == ["spec.json"]


def test_out_may_be_here_or_a_link(tmp_path):
    document = written(tmp_path, {**ENDLESS, "training": {"epochs": 1}})
    for name in ("here", "real"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("real")
    for folder, out in ((tmp_path / "here", "."), (tmp_path, "link")):
        done = quickml("run", document, "--out", out, cwd=folder)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "here" / "report.json").exists()
    assert (tmp_path / "real" / "report.json").exists()
    assert (tmp_path / "link").is_symlink()


def test_any_locale_and_closed_streams(tmp_path):
    author = "\N{SNOWMAN} \N{LATIN SMALL LETTER U WITH DIAERESIS}"
    path = written(tmp_path, {**ENDLESS, "training": {"epochs": 1}, "export": {"author": author}})
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [*MAIN, str(path), "--out"]
    done = finish([*command, "a"], cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert (
        json.loads((tmp_path / "a" / "spec.json").read_text(encoding="utf-8"))["export"]["author"] == author
    )
    closed = finish(["sh", "-c", f"{shlex.join([*command, 'b'])} >&- <&-"], cwd=tmp_path)
    assert closed.returncode == 0, closed.stderr
    assert (tmp_path / "b" / "report.json").exists()


def test_a_killed_run_leaves_nothing_under_the_final_name(tmp_path):
    process = start([*MAIN, written(tmp_path, ENDLESS), "--out", "gone"], tmp_path)
    read_until(process, "epoch 3")
    process.kill()
    process.communicate(timeout=30)
    assert not (tmp_path / "gone").exists()


def test_two_at_once_get_a_folder_each(tmp_path):
    document = {**ENDLESS, "training": {"epochs": 2}}
    path = written(tmp_path, document)
    running = [start([*MAIN, path], tmp_path) for _ in range(2)]
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_a_training_whose_result_cannot_be_written_is_kept_and_exported_later(tmp_path):
    import resource

    def no_large_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    path = written(tmp_path, {**ENDLESS, "training": {"epochs": 1}})
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = finish([*MAIN, path, "--out", "gone"], cwd=tmp_path, preexec_fn=no_large_files, env=environment)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "error:" in done.stderr
    command = shlex.split(done.stderr.splitlines()[-1].partition("export it with: quickml ")[2])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gone.trained", "spec.json"]
    later = quickml(*command, "--out", "here", cwd=tmp_path)
    assert later.returncode == 0, later.stderr
    again = quickml("run", path, "--out", "trained", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    models = [(tmp_path / folder / "model.mlmodel").read_bytes() for folder in ("here", "trained")]
    assert models[0] == models[1]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious").write_text("x")
    done = quickml("run", ROOT / "iris_spec.json", "--out", "mine", cwd=tmp_path)
    assert done.returncode == 2
    assert "found one with files in it" in done.stderr
    assert (tmp_path / "mine" / "precious").read_text() == "x"


def test_a_failed_run_tells_so_in_json(tmp_path):
    document = {
        "name": "explodes",
        "dataset": "diabetes",
        "model": {"layers": [{"type": "Dense", "units": 1}]},
        "training": {"optimizer": {"type": "SGD", "learning_rate": 1e6}},
    }
    path = written(tmp_path, document)
    done = quickml("run", path, "--json", "--out", "gone", cwd=tmp_path)
    assert done.returncode == 1
    last = events.from_json(done.stdout.splitlines()[-1])
    assert (last.type, last.error) == ("failed", "TrainingError")
    assert "learning_rate" in last.message
    assert not (tmp_path / "gone").exists()


def test_epochs_and_seed_from_the_command_line(tmp_path):
    done = quickml("run", ROOT / "iris_spec.json", "--epochs", "2", "--seed", "7", "--out", "x", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    spec = json.loads((tmp_path / "x" / "spec.json").read_text())
    assert (spec["training"]["epochs"], spec["training"]["seed"]) == (2, 7)
