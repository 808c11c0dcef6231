"""What runs a file: ONNX Runtime or Core ML itself, one sample or many, with inner values or without."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from networks import BGR, GRAYSCALE, RGB, Maker, normal
from programs import convert, ct, mb
from quickml.errors import CoreMLFileError, InputError, UnsupportedModelError
from quickml.export.coreml import device, package
from quickml.export.runtime import Runtime
from untrained import plan_of, untrained

WEIGHT = normal(3, 6)


def network(*labels: Any) -> Maker:
    maker = Maker("neuralNetworkClassifier").array("x", 6)
    maker.layer("innerProduct", "x", "scores", inputChannels=6, outputChannels=3, weights=WEIGHT)
    maker.layer("activation", "scores", "bent", tanh={})
    maker.layer("softmax", "bent", "probs")
    return maker.labels("probs", *labels)


def program(folder: Path) -> Path:
    def body(x: Any) -> Any:
        scores = mb.linear(x=x, weight=WEIGHT, bias=np.zeros(3, np.float32), name="scores")
        return mb.softmax(x=mb.tanh(x=scores, name="bent"), axis=-1, name="probs")

    return convert(body, (1, 6), folder, classifier_config=ct.ClassifierConfig(["a", "b", "c"]))


@pytest.mark.parametrize("fmt", ["mlmodel", "mlpackage"])
def test_every_inner_value_has_a_name_and_can_be_kept(fmt: str, tmp_path: Path) -> None:
    path = network("a", "b", "c").save(tmp_path) if fmt == "mlmodel" else program(tmp_path)
    layers = Runtime.load(path, engine="onnx").layers
    assert layers[:2] == ("scores", "bent")
    runtime = Runtime.load(path, keep=layers)
    x = normal(6)
    found = runtime.run({"x": x})
    assert set(layers) <= set(found)
    scores = WEIGHT @ x
    np.testing.assert_allclose(found["scores"].reshape(-1), scores, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["bent"].reshape(-1), np.tanh(scores), rtol=1e-4, atol=1e-5)
    shares = np.exp(np.tanh(scores))
    np.testing.assert_allclose(runtime.outputs(x[None])[0], shares / shares.sum(), rtol=1e-4)
    with pytest.raises(InputError, match="no intermediate value 'x'"):
        Runtime.load(path, keep=["x"])


@pytest.mark.parametrize("threads", [None, 1, 2, 5])
def test_the_number_of_threads_changes_no_bit(threads: int | None, tmp_path: Path) -> None:
    path = network("a", "b", "c").save(tmp_path)
    x = normal(33, 6)
    one_by_one = Runtime.load(path, engine="onnx")
    expected = np.stack([one_by_one.run({"x": row})["probs"] for row in x])
    found = Runtime.load(path, threads=threads, engine="onnx").outputs(x)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_a_sample_that_does_not_fit_is_reported_from_a_thread_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expects an array of shape \(6,\), found \(7,\)"):
        Runtime.load(network("a", "b", "c").save(tmp_path), threads=2).outputs(normal(8, 7))


# --- Core ML itself -------------------------------------------------------------------------------------


class Phone:
    """Stands in for coremltools' `MLModel`: remembers what it is given, answers what it is told to."""

    answer: Any = None

    def __init__(self, path: str, compute_units: str) -> None:
        self.path, self.units, self.given = path, compute_units, []
        Phone.last = self
        if isinstance(Phone.answer, Exception) and "load" in str(Phone.answer):
            raise Phone.answer

    def predict(self, given: dict[str, Any]) -> Any:
        self.given.append(given)
        if isinstance(Phone.answer, Exception):
            raise Phone.answer
        return Phone.answer


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> type[Phone]:
    units = SimpleNamespace(CPU_ONLY="cpu")
    library = SimpleNamespace(models=SimpleNamespace(MLModel=Phone), ComputeUnit=units)
    monkeypatch.setattr(device, "is_here", lambda: True)
    monkeypatch.setattr(device, "coremltools", lambda: library)
    Phone.answer = None
    return Phone


@pytest.mark.parametrize("labels", [("a", "b", "c"), (30, 10, 20)])
def test_core_ml_is_asked_in_its_own_terms(labels: Any, phone: type[Phone], tmp_path: Path) -> None:
    """It answers with a dictionary by label, in any order."""
    phone.answer = {"probs": {labels[2]: 0.5, labels[0]: 0.2, labels[1]: 0.3}, "label": labels[2]}
    path = network(*labels).save(tmp_path)
    runtime = Runtime.load(path, threads=4)
    assert (phone.last.path, phone.last.units) == (str(path), "cpu")
    assert runtime.labels == tuple(map(str, labels))
    assert [(one.name, one.kind, one.shape) for one in runtime.inputs] == [("x", "multiarray", (6,))]
    assert runtime.layers == ()
    x = normal(3, 6)
    np.testing.assert_allclose(runtime.outputs(x), [[0.2, 0.3, 0.5]] * 3)
    np.testing.assert_array_equal([given["x"] for given in phone.last.given], x)
    assert phone.last.given[0]["x"].dtype == np.float32
    assert set(runtime.run({"x": x[0]})) == {"probs"}
    with pytest.raises(InputError, match=r"expects an array of shape \(6,\)"):
        runtime.run({"x": np.zeros(5)})


@pytest.mark.parametrize(
    ("color", "channels", "mode"), [(GRAYSCALE, 1, "L"), (RGB, 3, "RGB"), (BGR, 3, "RGB")]
)
def test_core_ml_gets_pictures(
    color: int, channels: int, mode: str, phone: type[Phone], tmp_path: Path
) -> None:
    """Colours in the order of the picture: Core ML turns them round by itself where the file says BGR."""
    maker = Maker().image("photo", 4, 5, color).output("y", channels)
    maker.layer("pooling", "photo", "y", type=1, globalPooling=True)
    phone.answer = {"y": np.zeros(channels)}
    picture = np.arange(20 * channels, dtype=np.uint8).reshape(4, 5, channels)
    runtime = Runtime.load(maker.save(tmp_path))
    runtime.run({"photo": picture})
    (image,) = phone.last.given[0].values()
    assert (image.mode, image.size) == (mode, (5, 4))
    np.testing.assert_array_equal(np.asarray(image).reshape(4, 5, channels), picture)
    assert runtime.labels is None
    assert runtime.outputs(picture[None]).shape == (1, channels)


def test_core_mls_errors_become_ours(phone: type[Phone], tmp_path: Path) -> None:
    path = network("a", "b", "c").save(tmp_path)
    phone.answer = RuntimeError("cannot load this")
    with pytest.raises(CoreMLFileError, match=r"made\.mlmodel cannot be prepared: cannot load this"):
        Runtime.load(path)
    phone.answer = RuntimeError("no such luck")
    with pytest.raises(CoreMLFileError, match=r"made\.mlmodel cannot be run: no such luck"):
        Runtime.load(path).run({"x": np.zeros(6)})


def test_onnx_can_be_asked_for_where_core_ml_is(phone: type[Phone], tmp_path: Path) -> None:
    """By name, or by asking for inner values, which Core ML does not show."""
    phone.answer = RuntimeError("cannot load this")
    path, x = network("a", "b", "c").save(tmp_path), normal(6)
    assert Runtime.load(path, engine="onnx").run({"x": x})["probs"].shape == (3,)
    assert "scores" in Runtime.load(path, keep=["scores"]).run({"x": x})
    with pytest.raises(InputError, match="Core ML does not return intermediate values"):
        Runtime.load(path, keep=["scores"], engine="coreml")


@pytest.mark.skipif(sys.platform == "darwin", reason="there is Core ML on macOS")
def test_core_ml_cannot_be_asked_for_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError, match=f"Core ML runs on macOS only; this is {sys.platform}"):
        Runtime.load(network("a", "b", "c").save(tmp_path), engine="coreml")


@pytest.mark.skipif(sys.platform != "darwin", reason="Core ML itself runs on macOS only")
@pytest.mark.parametrize("fmt", ["mlmodel", "mlpackage"])
def test_core_ml_and_onnx_agree(fmt: str, tmp_path: Path) -> None:
    path = network("a", "b", "c").save(tmp_path) if fmt == "mlmodel" else program(tmp_path)
    x = normal(5, 6)
    here, translated = Runtime.load(path), Runtime.load(path, engine="onnx")
    assert here.labels == translated.labels
    np.testing.assert_allclose(here.outputs(x), translated.outputs(x), atol=1e-3)


def test_the_how_to_runs_as_printed(tmp_path):
    page = Path(__file__).parents[3] / "docs" / "how-to" / "run-from-python.md"
    programs = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    folder = tmp_path / "runs" / "digits"
    folder.mkdir(parents=True)
    plan = plan_of(
        {"type": "Flatten"}, {"type": "Dense", "units": 10, "activation": "softmax"}, dataset="digits"
    )
    package.write(untrained(plan), "mlpackage", folder)
    command = [sys.executable, "-c", "".join(programs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second, third = done.stdout.splitlines()
    assert first == f"image image (8, 8, 1) {tuple('0123456789')}"
    assert second.startswith("(100, 10) ")
    assert "'probabilities'" in third
