"""model.onnx: sound, self-describing, the same bytes, and run by ONNX Runtime without any of ours."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from quickml.errors import CoreMLFileError, VerificationError
from quickml.export.coreml import package
from quickml.export.onnx import onnx_file
from quickml.export.runtime import Runtime
from untrained import plan_of, untrained

CONV = {"type": "Conv2D", "filters": 4, "kernel_size": 3, "activation": "relu"}
CLASSES = {"type": "Dense", "units": 10, "activation": "softmax"}
DIGITS = (CONV, {"type": "BatchNormalization"}, {"type": "MaxPooling2D"}, {"type": "Flatten"}, CLASSES)
NETWORKS = {
    "pictures": ("digits", DIGITS),
    "features": ("iris", ({"type": "Dense", "units": 8, "activation": "gelu"}, {**CLASSES, "units": 3})),
    "two classes": ("moons", ({"type": "Dense", "units": 1, "activation": "sigmoid"},)),
    "a number": ("diabetes", ({"type": "Dense", "units": 1},)),
}
ALONE = """
import json, sys
import numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
(feed,) = session.get_inputs()
samples = numpy.load(sys.argv[2]).astype("float32")
answers = [session.run(None, {feed.name: sample.reshape(feed.shape)})[0][0].tolist() for sample in samples]
meta = session.get_modelmeta()
print(json.dumps({"answers": answers, "name": meta.custom_metadata_map["name"], "labels": json.loads(meta.custom_metadata_map["labels"]),
                  "loaded": [name for name in sys.modules if name.partition(".")[0] in ("quickml", "coremltools")]}))
"""


def written(folder, *layers, dataset="digits", kind="mlpackage", half=False, **others):
    trained = untrained(plan_of(*layers, dataset=dataset, **others))
    source = package.write(trained, kind, folder, half=half)
    return trained, source, onnx_file.write(source, folder)


@pytest.mark.parametrize("kind", ["mlmodel", "mlpackage"])
@pytest.mark.parametrize(("dataset", "layers"), NETWORKS.values(), ids=NETWORKS)
def test_it_is_sound_and_answers_as_trained(dataset, layers, kind, tmp_path):
    trained, _, path = written(tmp_path, *layers, dataset=dataset, kind=kind)
    parity = onnx_file.verify(path, trained.probe, trained.plan.info.labels)
    assert (parity.file, parity.samples, parity.tolerance) == ("model.onnx", 256, 1e-4)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    assert not [tensor for tensor in onnx.load(path).graph.initializer if tensor.external_data]


@pytest.mark.parametrize("type", ["GRU", "SimpleRNN"])
def test_the_steps_of_a_recurrent_layer_share_their_weights(type, tmp_path):
    rows = {"name": "waves", "num_samples": 100, "steps": 16}
    layers = ({"type": type, "units": 64}, {**CLASSES, "units": 4})
    trained, source, path = written(tmp_path, *layers, dataset=rows, half=False)
    onnx_file.verify(path, trained.probe, trained.plan.info.labels)
    weights = 4 * trained.plan.graph.parameters.total
    assert path.stat().st_size < weights + 16_000
    (stored,) = source.rglob("weight.bin")
    assert stored.stat().st_size < weights + 2000  # the bias of the recurrent kernel, too, is there once


def test_it_runs_where_there_is_nothing_but_onnx_runtime(tmp_path):
    trained, _, path = written(tmp_path, *DIGITS)
    np.save(tmp_path / "samples.npy", trained.probe.inputs[:20])
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, str(path), str(tmp_path / "samples.npy")],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    np.testing.assert_allclose(found["answers"], trained.probe.expected[:20], atol=1e-4)
    assert found["name"] == "test"
    assert found["labels"] == list("0123456789")
    assert found["loaded"] == []


def test_it_says_what_goes_in_and_what_comes_out(tmp_path):
    _, _, path = written(tmp_path, *NETWORKS["features"][1], dataset="iris", export={"author": "A. Person"})
    model = onnx.load(path)
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert facts["author"] == "A. Person"
    assert facts["input"].startswith("Raw values of: sepal length")
    assert json.loads(facts["labels"]) == ["setosa", "versicolor", "virginica"]
    assert model.graph.input[0].doc_string == facts["input"]
    assert [(value.name, value.doc_string) for value in model.graph.output] == [
        ("probabilities", "The probability of each class")
    ]
    assert "test: learned from" in model.doc_string


def test_a_regression_has_no_labels(tmp_path):
    _, _, path = written(tmp_path, {"type": "Dense", "units": 1}, dataset="diabetes")
    model = onnx.load(path)
    assert "labels" not in {entry.key for entry in model.metadata_props}
    assert [value.name for value in model.graph.output] == ["prediction"]


@pytest.mark.parametrize("kind", ["mlmodel", "mlpackage"])
def test_the_same_model_gives_the_same_bytes(kind, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    _, _, first = written(tmp_path / "one", *DIGITS, kind=kind)
    _, _, second = written(tmp_path / "two", *DIGITS, kind=kind)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("kind", ["mlmodel", "mlpackage"])
def test_half_precision_answers_as_the_file_that_it_translates(kind, tmp_path):
    trained, source, path = written(tmp_path, *DIGITS, kind=kind, half=True)
    expected = Runtime.load(source).outputs(trained.probe.inputs)
    probe = replace(trained.probe, expected=expected)
    assert onnx_file.verify(path, probe, trained.plan.info.labels).largest_difference <= 1e-4


def changed(path, change):
    model = onnx.load(path)
    change(model)
    path.write_bytes(model.SerializeToString())


def test_a_changed_weight_is_noticed(tmp_path):
    trained, _, path = written(tmp_path, *DIGITS)

    def shake(model):
        largest = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
        values = onnx.numpy_helper.to_array(largest).copy()
        values[..., 0] += 0.05  # of one class; of all alike it would change nothing
        largest.CopyFrom(onnx.numpy_helper.from_array(values, largest.name))

    changed(path, shake)
    with pytest.raises(VerificationError, match=r"model\.onnx: expected the outputs of the trained model"):
        onnx_file.verify(path, trained.probe, trained.plan.info.labels)
    with pytest.raises(VerificationError, match=r"model\.onnx: expected the outputs of its Core ML file"):
        onnx_file.verify(path, trained.probe, trained.plan.info.labels, reference="translated")


def test_swapped_labels_are_noticed(tmp_path):
    trained, _, path = written(tmp_path, *DIGITS)

    def swap(model):
        (entry,) = [entry for entry in model.metadata_props if entry.key == "labels"]
        entry.value = json.dumps(list("1023456789"))

    changed(path, swap)
    with pytest.raises(VerificationError):
        onnx_file.verify(path, trained.probe, trained.plan.info.labels)


def test_a_damaged_file_is_noticed(tmp_path):
    trained, _, path = written(tmp_path, *DIGITS)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CoreMLFileError, match=r"model\.onnx cannot be run"):
        onnx_file.verify(path, trained.probe, trained.plan.info.labels)


def test_the_how_to_runs_as_printed(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "run-with-onnx.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    folder = tmp_path / "runs" / "digits"
    folder.mkdir(parents=True)
    written(folder, *DIGITS)
    command = [sys.executable, "-I", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == "test takes image [1, 8, 8, 1] A grey picture of 8 x 8 raw pixels, 0 to 255"
    assert second.split()[0] in "0123456789"


def test_onnx_runtime_tells_nobody_that_it_runs(tmp_path):
    """By itself it reports to its makers, and keeps a number for this machine in the user's folder."""
    code = "from quickml.export.onnx.session import options; options()"
    environment = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    environment = {
        name: value for name, value in environment.items() if name not in ("ORT_DISABLE_TELEMETRY", "CI")
    }
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert list(tmp_path.iterdir()) == []
