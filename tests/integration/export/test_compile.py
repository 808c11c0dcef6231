"""A really trained network in every format and form, from the document to the folder."""

import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from quickml import datasets, events, pipeline, results
from quickml.answers import Answers
from quickml.document import understand
from quickml.errors import CompileError, CoreMLFileError, VerificationError
from quickml.export import compile as compiling
from quickml.export.formats.mlmodel import MLModel
from untrained import plan_of, untrained

ROOT = Path(__file__).parents[3]
LAYERS = [
    {"type": "Conv2D", "filters": 16, "kernel_size": 3, "activation": "relu"},
    {"type": "Conv2D", "filters": 24, "kernel_size": 3, "activation": "relu"},
    {"type": "Flatten"},
    {"type": "Dense", "units": 32, "activation": "relu"},
    {"type": "Dense", "units": 10, "activation": "softmax"},
]


def document(**export):
    return {
        "name": "digits",
        "dataset": "digits",
        "model": {"layers": LAYERS},
        "training": {"epochs": 6, "optimizer": {"type": "Adam", "learning_rate": 0.003}},
        "export": export,
    }


def run(spec, folder):
    """All events, and the report."""
    told = list(pipeline.run(understand(spec), folder))
    return told, json.loads((folder / "report.json").read_text())


@pytest.fixture(scope="module")
def int8(tmp_path_factory):
    folder = tmp_path_factory.mktemp("int8") / "result"
    formats = ["onnx", "mlmodel", "mlpackage"]
    return folder, *run(document(weights="int8", formats=formats, updatable={}), folder)


def said(file: Path, inputs) -> np.ndarray:
    """The labels that a delivered file gives, one sample at a time."""
    from quickml.export.runtime import Runtime

    runtime = Runtime.load(file)
    answers = (runtime.run({runtime.inputs[0].name: sample})["probabilities"] for sample in inputs)
    return np.asarray([int(runtime.labels[answer.argmax()]) for answer in answers])


def test_every_file_is_delivered_proven_and_told(int8):
    folder, told, report = int8
    core_ml = ["model.mlmodel", "model.mlpackage", "model.mlpackage.zip"]
    names = ["model.onnx", *core_ml, "model.updatable.mlmodel"]
    (compiled,) = (event for event in told if event.type == "compiled")
    assert [file.name for file in compiled.files] == names
    assert {path.name for path in folder.iterdir()} == {
        *names, "model.keras", "spec.json", "report.json", "report.html", "answers.bin", "film.bin", "variants",
    }  # fmt: skip
    for file in compiled.files:
        row = results.described(folder / file.name, kind=file.kind, media_type=file.media_type)
        assert row == file, "as it was when it was told"
    references = {row["file"]: row["reference"] for row in report["parity"]}
    assert references == {
        "model.onnx": "translated", "model.mlmodel": "decompressed", "model.mlpackage": "decompressed",
        "model.updatable.mlmodel": "trained",
    }  # fmt: skip
    assert all(row["largest_difference"] <= row["tolerance"] <= 1e-4 for row in report["parity"])


def test_figures_are_those_of_the_delivered_file(int8):
    folder, told, report = int8
    data = datasets.load(understand(document()).document.dataset)
    trained = next(event for event in told if event.type == "trained").metrics["accuracy"]
    uncompressed = said(folder / "model.updatable.mlmodel", data.x_test)
    assert np.mean(uncompressed == data.y_test) == pytest.approx(trained, abs=1e-6)
    for row in report["compression"]:
        labels = said(folder / row["file"], data.x_test)
        assert row["accuracy"] == np.mean(labels == data.y_test)
        assert row["label_agreement"] == np.mean(labels == uncompressed)
        assert row["drop"] == pytest.approx(trained - row["accuracy"], abs=1e-6)
        assert row["size_bytes"] == results.described(folder / row["file"]).size_bytes
        assert row["size_bytes"] < 0.4 * row["float32_bytes"]


def test_the_page_shows_what_was_saved_and_lost(int8):
    folder, _, report = int8
    page = (folder / "report.html").read_text()
    assert "Compressed weights: size, and accuracy on all 360 test samples" in page
    assert page.count("its decompressed weights") == 2
    assert len(report["compression"]) == 2


def test_formats_follow_the_weights(tmp_path):
    told, _ = run(document(weights="pruned"), tmp_path / "result")
    compiled = next(event for event in told if event.type == "compiled")
    assert [file.name for file in compiled.files] == ["model.mlpackage", "model.mlpackage.zip"]
    assert json.loads((tmp_path / "result" / "spec.json").read_text())["export"]["formats"] == ["mlpackage"]


def test_an_onnx_alone_holds_the_weights_asked_for(tmp_path):
    told, report = run(document(weights="palettized-4", formats=["onnx"]), tmp_path / "result")
    assert [row["file"] for row in report["parity"]] == ["model.onnx"]
    assert not {"model.mlpackage", "variants"} & {path.name for path in (tmp_path / "result").iterdir()}
    assert report["variants"] == []
    assert [row["artifact"] for row in report["compression"]] == [None]
    import onnx
    from onnx.numpy_helper import to_array

    graph = onnx.load(tmp_path / "result" / "model.onnx").graph
    largest = max((to_array(one) for one in graph.initializer), key=np.size)
    assert len(np.unique(largest)) <= 16
    assert not [event for event in told if event.type == "compiled" and event.skipped]


@pytest.fixture(scope="module")
def lossless(tmp_path_factory):
    """A run that tries several forms: the folder, all events, and the report."""
    folder = tmp_path_factory.mktemp("lossless") / "result"
    return folder, *run(document(weights="auto", max_accuracy_drop=0), folder)


def test_auto_without_any_loss_loses_nothing(lossless):
    folder, told, report = lossless
    data = datasets.load(understand(document()).document.dataset)
    trained = next(event for event in told if event.type == "trained").metrics["accuracy"]
    for name in ("model.mlmodel", "model.mlpackage"):
        (taken,) = (row for row in report["compression"] if row["file"] == name and row["taken"])
        assert np.mean(said(folder / name, data.x_test) == data.y_test) >= trained - 1e-6
        assert taken["size_bytes"] < taken["float32_bytes"]


def test_flips_are_those_of_the_files(lossless):
    folder, told, report = lossless
    data = datasets.load(understand(document()).document.dataset)
    answers = Answers.read(folder / results.ANSWERS.name)
    assert answers.confusion().tolist() == report["confusion_matrix"]
    rows = report["compression"]
    assert [event.flips for event in told if event.type == "compressed"] == [row["flips"] for row in rows]
    assert len(rows) == len(answers.flips) >= 2
    for row, flips in zip(rows, answers.flips, strict=True):
        assert (flips.file, flips.weights, flips.taken) == (row["file"], row["weights"], row["taken"])
        labels = said(folder / variant_of(row), data.x_test)
        (flipped,) = np.nonzero(labels != answers.predicted)
        assert flips.samples.tolist() == flipped.tolist()
        assert flips.labels.tolist() == labels[flipped].tolist()
        assert row["flips"] == len(flipped)
        assert row["flipped"] == [
            {
                "sample": sample,
                "truth": answers.labels[data.y_test[sample]],
                "before": answers.labels[answers.predicted[sample]],
                "after": answers.labels[labels[sample]],
            }
            for sample in flipped.tolist()
        ]


def variant_of(row):
    """The path of the file that a row of `compression` is about, in the result folder."""
    return row["artifact"] if row["taken"] else f"{results.VARIANTS}/{row['artifact']}"


def test_every_form_that_was_tried_is_kept_once(lossless):
    folder, _, report = lossless
    tried = [variant_of(row) for row in report["compression"] if not row["taken"]]
    names = {"model.float32.mlmodel", "model.float32.mlpackage", *(Path(path).name for path in tried)}
    zips = {f"{name}.zip" for name in names if name.endswith(".mlpackage")}
    assert {path.name for path in (folder / results.VARIANTS).iterdir()} == names | zips
    assert {row["name"] for row in report["variants"]} == names
    assert [row["weights"] for row in report["variants"] if row["name"] == "model.float32.mlmodel"] == [
        "float32"
    ]
    data = datasets.load(understand(document()).document.dataset)
    predicted = Answers.read(folder / results.ANSWERS.name).predicted
    full = folder / results.VARIANTS / "model.float32.mlmodel"
    assert (said(full, data.x_test) == predicted).mean() > 0.99
    size_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert size_bytes < compiling.room_bytes(understand(document(weights="auto")))


def test_what_cannot_be_written_here_is_said_before_training(tmp_path, monkeypatch):
    from quickml.export import coreai

    monkeypatch.setattr(coreai, "missing", lambda: "install quickml-coreml[coreai]")
    plan = understand(document(formats=["aimodel"]))
    told = []
    with pytest.raises(CompileError, match=r"install quickml-coreml\[coreai\]"):
        told.extend(pipeline.run(plan, tmp_path / "result"))
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(coreai, "missing", lambda: None)
    compiling.check(plan)


def test_a_file_damaged_before_it_is_proven_fails_the_run(tmp_path, monkeypatch):
    write = MLModel.write

    def damaged(self, run):
        path = yield from write(self, run)
        content = bytearray(path.read_bytes())
        for place in range(len(content) // 2, len(content) // 2 + 2000):  # among the weights
            content[place] ^= 0x40
        path.write_bytes(content)
        return path

    monkeypatch.setattr(MLModel, "write", damaged)
    with pytest.raises((VerificationError, CoreMLFileError), match=r"model\.mlmodel"):
        run(document(weights="palettized-8", formats=["mlmodel"]), tmp_path / "result")
    assert list(tmp_path.iterdir()) == []


def test_auto_on_the_command_line(tmp_path):
    (tmp_path / "spec.json").write_text(json.dumps(document(weights="auto")))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, str(ROOT / "main.py"), "spec.json", "--json", "--out", "result"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = [events.from_json(line) for line in done.stdout.splitlines()]
    taken = {event.file: event for event in told if event.type == "compressed" and event.taken}
    assert set(taken) == {"model.mlmodel", "model.mlpackage"}
    for name, event in taken.items():
        assert event.size_bytes < 0.5 * event.float32_bytes
        assert event.drop <= 0.01 + 1e-9
        assert results.described(tmp_path / "result" / name).size_bytes == event.size_bytes
    order = [event.type for event in told]
    assert (
        order.index("trained") < order.index("compressed") < order.index("compiled") < order.index("verified")
    )


def test_a_conversion_does_not_collect_garbage(tmp_path):
    """A full collection takes 0.1 s beside TensorFlow's graphs, and coremltools asks for one after each conversion."""
    from quickml.export.coreml.package import write

    trained = untrained(plan_of(*LAYERS, dataset="digits"), count=4)
    gc.disable()
    try:
        before = gc.get_stats()[2]["collections"]
        write(trained, "mlmodel", tmp_path)
        assert gc.get_stats()[2]["collections"] == before
    finally:
        gc.enable()
