"""Arrays of one's own, from the file to delivered files that answer like the trained model."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from array_files import drawn, mnist, npz
from commands import quickml
from pictures import written
from quickml import pipeline
from quickml.arrays import LocalArrays
from quickml.arrays.profile import profile
from quickml.document import Plan, understand
from quickml.export.coreml.reading.describe import describe
from quickml.export.coreml.reading.files import read
from quickml.export.runtime import Runtime

SAMPLES = 256
RNG = np.random.default_rng(1)
FLOATS = RNG.normal(size=(SAMPLES, 5)) * 30 + 100
SIGNALS = RNG.normal(size=(SAMPLES, 12, 2)) * 7
TOKENS = RNG.integers(0, 9, (SAMPLES, 6))
IMAGES, LABELS = drawn(SAMPLES)
NAMES = np.array(["kreis", "quadrat", "stern"])


@dataclass
class Trained:
    folder: Path
    plan: Plan
    rows: np.ndarray


CASES = {
    "image": ({"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES, "y_test": LABELS}, None),
    "features": ({"x": FLOATS, "y": NAMES[(FLOATS[:, 0] // 20).astype(int) % 3]}, None),
    "sequence": ({"x": SIGNALS, "y": SIGNALS.mean(axis=(1, 2)) * 10 + 3}, None),
    "numbers": ({"x": FLOATS, "y": FLOATS[:, :2] / 7}, None),
    "labels": ({"x": FLOATS, "y": FLOATS[:, :3] > 100}, None),
    "tokens": ({"x": TOKENS, "y": TOKENS[:, 0] > 4}, "tokens"),
}


@pytest.fixture(scope="module", params=CASES)
def result(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    arrays, kind = CASES[request.param]
    document = profile(npz(folder / "data.npz", **arrays), "data.npz", kind).document
    document["dataset"]["in_report"] = request.param != "image"
    return run(folder, document, "first")


def run(folder, document, out):
    document["training"]["epochs"] = 2
    document["export"] = {"formats": ["mlmodel", "mlpackage"]}
    files = LocalArrays(folder)
    plan = understand(document, files)
    for _ in pipeline.run(plan, folder / out, catalog=files):
        pass
    data = files.load(plan.document.dataset)
    return Trained(folder=folder / out, plan=plan, rows=np.concatenate([data.x_test, data.x_train])[:SAMPLES])


@pytest.mark.parametrize("file", ["model.mlmodel", "model.mlpackage"])
def test_delivered_files_answer_as_the_trained_model(file, result):
    import keras

    assert len(result.rows) == SAMPLES
    model = keras.models.load_model(result.folder / "model.keras")
    dtype = np.int32 if result.plan.info.kind == "tokens" else np.float32
    expected = model.predict(result.rows.astype(dtype), verbose=0)
    found = Runtime.load(result.folder / file).outputs(result.rows)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-4, atol=1e-4)


def test_models_do_not_tell_what_the_file_is_called_and_reports_show_no_images(result):
    report = (result.folder / "report.html").read_text(encoding="utf-8")
    assert report.count("data:image/png;base64") == 0
    assert "own data" in report
    for name in ("model.mlmodel", "model.keras", "film.bin", "answers.bin"):
        assert b"data.npz" not in (result.folder / name).read_bytes()


DESCRIBED = {
    "image": "A grey picture of 8 x 8 raw pixels, 0 to 255",
    "features": "5 raw values",
    "sequence": "2 raw values; for each of 12 steps",
    "tokens": "6 tokens, whole numbers from 0 to 8",
}


def test_the_file_says_what_its_input_is(result):
    described = describe(read(result.folder / "model.mlmodel"))
    assert described.inputs[0].description == DESCRIBED[result.plan.info.kind]


def test_the_same_document_and_file_give_the_same_bytes(tmp_path):
    written(tmp_path / "digits", mnist(gz=True))
    document = profile(tmp_path / "digits", "digits").document
    first = run(tmp_path, document, "first")
    second = run(tmp_path, json.loads((first.folder / "spec.json").read_text(encoding="utf-8")), "second")
    assert second.plan.notices == ()
    for name in ("model.mlmodel", "spec.json"):
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes()


def test_a_newcomer_trains_and_asks(tmp_path):
    npz(tmp_path / "data.npz", x=TOKENS * 1.0, y=NAMES[TOKENS[:, 0] // 3])
    done = quickml("init", "data.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "learns 3 classes from 256 samples" in done.stdout
    done = quickml("run", "data.json", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = quickml("predict", tmp_path / "out" / "model.mlmodel", "8,1,2,3,4,5", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["label"] == "stern"
