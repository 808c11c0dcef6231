"""Core AI files: written through Keras' torch back end, executed by Apple's own runtime."""

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from layer_examples import VARIANTS, layers_of
from quickml.document.layers import LAYERS
from quickml.document.layers.layer import Activation_
from quickml.document.shapes import walk
from quickml.errors import CompileError, CoreMLFileError, VerificationError
from quickml.export import coreai
from quickml.export.coreai import process
from quickml.export.coreai.verification import answers
from untrained import plan_of, randomise, untrained

needs_the_extra = pytest.mark.skipif(coreai.missing() is not None, reason=str(coreai.missing()))
NETWORKS = {
    "digits": (
        {"type": "Conv2D", "filters": 4, "kernel_size": 3, "activation": "relu"},
        {"type": "BatchNormalization"},
        {"type": "MaxPooling2D"},
        {"type": "Flatten"},
        {"type": "Dense", "units": 64, "activation": "elu"},
        {"type": "Dense", "units": 64, "activation": "tanh"},
        {"type": "Dense", "units": 10, "activation": "softmax"},
    ),
    "circles": (
        {"type": "Dense", "units": 8, "activation": "relu"},
        {"type": "Dense", "units": 1, "activation": "sigmoid"},
    ),
    "diabetes": ({"type": "Dense", "units": 4, "activation": "silu"}, {"type": "Dense", "units": 1}),
}


class Written:
    """A model as it is after training, its `.keras` file, and a `.aimodel`."""

    def __init__(self, dataset, folder):
        from quickml.training.build import build

        self.trained = untrained(plan_of(*NETWORKS[dataset], dataset=dataset))
        self.labels = self.trained.plan.info.labels
        self.keras_file = folder / "model.keras"
        model = build(self.trained.plan, "float32")
        randomise(model, 0)
        model.save(self.keras_file)
        self.path = coreai.write(self.trained, self.keras_file, folder)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Each network is converted once, which takes seconds."""
    made = {}

    def written_once(dataset):
        if dataset not in made:
            made[dataset] = Written(dataset, tmp_path_factory.mktemp(dataset))
        return made[dataset]

    return written_once


@pytest.fixture
def copy(written, tmp_path):
    """A file to damage."""
    folder = tmp_path / "model.aimodel"
    folder.mkdir()
    for file in written("digits").path.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@needs_the_extra
@pytest.mark.parametrize("dataset", NETWORKS)
def test_apples_runtime_computes_what_was_trained(written, dataset):
    one = written(dataset)
    parity = coreai.verify(one.path, one.trained.probe, one.labels)
    assert parity.file == "model.aimodel"
    assert parity.largest_difference < 1e-5
    assert parity.samples == len(one.trained.probe.inputs)
    assert parity.label_agreement == (1.0 if one.labels else None)


@needs_the_extra
@pytest.mark.parametrize("dataset", NETWORKS)
def test_two_runtimes_agree_on_the_same_network(written, dataset, tmp_path):
    """Apple's, on a file made by way of torch, and ours, on one made from MIL: they share nothing."""
    from quickml.export.coreml.package import write
    from quickml.export.runtime import Runtime

    one = written(dataset)
    ours = Runtime.load(write(one.trained, "mlpackage", tmp_path))
    theirs, labels = answers(one.path, one.trained.probe.inputs)
    assert labels == (ours.labels or ())
    np.testing.assert_allclose(theirs, ours.outputs(one.trained.probe.inputs), rtol=1e-4, atol=1e-4)


@needs_the_extra
@pytest.mark.parametrize(
    ("dataset", "takes", "gives"),
    [
        (
            "digits",
            ("image", "NDArray (Float32, 1 x 8 x 8 x 1)"),
            ("probabilities", "NDArray (Float32, 1 x 10)"),
        ),
        ("circles", ("features", "NDArray (Float32, 1 x 2)"), ("probabilities", "NDArray (Float32, 1 x 2)")),
        ("diabetes", ("features", "NDArray (Float32, 1 x 10)"), ("prediction", "NDArray (Float32, 1 x 1)")),
    ],
)
def test_an_app_meets_the_names_of_the_core_ml_files(written, dataset, takes, gives):
    from coreai.authoring import AIModelAsset

    about = AIModelAsset.load(written(dataset).path).summary(include_statistics=False)
    assert about.function_names == ["main"]
    assert [plain(one) for one in about.function_inputs("main")] == [takes]
    assert [plain(one) for one in about.function_outputs("main")] == [gives]


def plain(described):
    """A name and a type, whose sizes have a multiplication sign between them."""
    return tuple(text.replace("\N{MULTIPLICATION SIGN}", "x") for text in described)


@needs_the_extra
def test_what_the_file_says_about_itself(written):
    from coreai.authoring import AIModelAsset

    one = written("digits")
    about = AIModelAsset.load(one.path).metadata
    facts = about.creator_defined_metadata
    assert about.author == "QuickML"
    assert "Accuracy on 256 test samples: 100.00%" in about.model_description
    assert tuple(facts["labels"]) == one.labels
    assert facts["inputs"] == {"image": "A grey picture of 8 x 8 raw pixels, 0 to 255"}
    assert facts["outputs"] == {"probabilities": "The probability of each class"}
    assert json.loads(facts["quickml.document"])["dataset"]["name"] == "digits"
    assert facts["quickml.training"]["epochs"] == 1


@needs_the_extra
def test_the_same_model_gives_the_same_bytes(written, tmp_path):
    one = written("digits")
    again = coreai.write(one.trained, one.keras_file, tmp_path)
    content = contents(one.path)
    assert contents(again) == content
    assert b"weights_1" in content["main.mlirb"], "there are several weights, whose names could differ"
    assert str(Path.home()).encode() not in b"".join(content.values())


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@needs_the_extra
def test_another_network_is_caught(written):
    one, other = written("circles"), untrained(plan_of(*NETWORKS["circles"], dataset="circles"), seed=1)
    with pytest.raises(VerificationError, match="expected the outputs of the trained model"):
        coreai.verify(one.path, other.probe, one.labels)


@needs_the_extra
def test_other_labels_are_caught(written):
    one = written("circles")
    with pytest.raises(VerificationError, match="labels"):
        coreai.verify(one.path, one.trained.probe, ("left", "right"))


def cut(folder):
    file = folder / "main.mlirb"
    file.write_bytes(file.read_bytes()[:-100])


def cut_and_signed(folder):
    cut(folder)
    (folder / "main.hash").write_bytes(hashlib.sha256((folder / "main.mlirb").read_bytes()).digest())


def without(name):
    return lambda folder: (folder / name).unlink()


def with_odd_metadata(folder):
    (folder / "metadata.json").write_text("{")


@needs_the_extra
@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (cut, "main.hash"),
        (cut_and_signed, "the process was killed by"),
        (with_odd_metadata, "cannot be run"),
        (without("main.mlirb"), "not a Core AI model"),
        (without("main.hash"), "not a Core AI model"),
        (without("metadata.json"), "not a Core AI model"),
    ],
)
def test_a_damaged_file_is_an_error_and_not_the_end_of_the_process(written, copy, damage, complaint):
    damage(copy)
    with pytest.raises(CoreMLFileError, match=complaint):
        coreai.verify(copy, written("digits").trained.probe, written("digits").labels)


@needs_the_extra
def test_a_changed_weight_is_caught_even_when_signed(written, copy):
    one, file = written("digits"), copy / "main.mlirb"
    kernel = one.trained.weights["dense_1"]["kernel"].tobytes()
    content = file.read_bytes()
    assert content.count(kernel) == 1
    changed = one.trained.weights["dense_1"]["kernel"].copy()
    changed[3, 5] += 1
    content = content.replace(kernel, changed.tobytes())
    file.write_bytes(content)
    (copy / "main.hash").write_bytes(hashlib.sha256(content).digest())
    with pytest.raises(VerificationError):
        coreai.verify(copy, one.trained.probe, one.labels)


@needs_the_extra
def test_what_cannot_be_converted_is_told_in_one_line(written, tmp_path, capfd):
    (tmp_path / "model.keras").write_bytes(b"no model")
    with pytest.raises(CompileError, match="could not write the model") as caught:
        coreai.write(written("circles").trained, tmp_path / "model.keras", tmp_path)
    assert "\n" not in str(caught.value)
    assert "ValueError" in str(caught.value)
    assert capfd.readouterr() == ("", "")


@needs_the_extra
def test_nothing_is_printed_and_tensorflow_is_not_loaded_a_second_time(written, tmp_path, capfd, monkeypatch):
    (tmp_path / "tensorflow.py").write_text(f"open({str(tmp_path / 'loaded')!r}, 'w')")
    one = written("digits")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    path = coreai.write(one.trained, one.keras_file, tmp_path)
    coreai.verify(path, one.trained.probe, one.labels)
    assert capfd.readouterr() == ("", "")
    assert not (tmp_path / "loaded").exists()


SIZE = 800
DIFFERENT = {"AveragePooling1D", "AveragePooling2D", "LayerNormalization", "MultiHeadAttention"}


@needs_the_extra
def test_every_layer_computes_what_keras_computes(tmp_path):
    """One network with a branch for each: loading torch takes longer than all of them."""
    from quickml.training.backend import keras

    source = keras.Input((SIZE,))
    ends, names = [], []
    for name, shape, parts in branches():
        first = keras.layers.Reshape(shape)(source[:, : int(np.prod(shape))])
        if parts[0]["type"] == "Embedding":
            first = keras.ops.clip(first, 0, parts[0]["input_dim"] - 1)  # tokens
        branch = layer_model(parts, shape)
        branch.name = f"branch_{len(ends)}"  # unique, as saving demands
        ends.append(keras.layers.Flatten()(branch(first)))
        names += [name] * ends[-1].shape[-1]
    assert {name.split()[0] for name in names} >= set(LAYERS)
    model = keras.Model(source, keras.layers.Concatenate()(ends))
    inputs = np.random.default_rng(5).normal(0.2, 2.0, (3, SIZE)).astype(np.float32)
    inputs[:, :4] = [0.0, 0.5, -0.5, 6.0]  # where functions bend
    model.save(tmp_path / "model.keras")
    order = {
        "keras_file": str(tmp_path / "model.keras"), "path": str(tmp_path / "model.aimodel"),
        "input": "x", "output": "y", "both": False, "author": "", "license": "", "description": "", "facts": {},
    }  # fmt: skip
    (tmp_path / "work").mkdir()
    assert process.run("quickml.export.coreai.convert", order, tmp_path / "work") is None
    found, _ = answers(tmp_path / "model.aimodel", inputs)
    expected = np.asarray(model(inputs, training=False))
    wrong = ~np.isclose(found, expected, rtol=1e-4, atol=1e-5).all(axis=0)
    assert {name for name, is_wrong in zip(names, wrong, strict=True) if is_wrong} == set()


def branches():
    """A name, an input shape and layers: the smallest example of each layer, and all where Keras differs on torch."""
    for kind, layer in sorted(LAYERS.items()):
        examples = sorted([layer.example, *VARIANTS.get(kind, [])], key=lambda example: np.prod(example[0]))
        for number, (shape, arguments) in enumerate(examples if kind in DIFFERENT else examples[:1]):
            if np.prod(shape) <= SIZE:
                yield f"{kind} {number}", shape, layers_of(kind, arguments)
    for activation in Activation_.__args__:
        yield activation, (40,), layers_of("Activation", {"activation": activation})


def layer_model(parts, shape):
    from quickml.training.build import connect

    graph, problems = walk([LAYERS[part["type"]].model_validate(part) for part in parts], shape)
    assert problems == []
    model = connect(graph, "input", "float32")
    randomise(model, 3)
    return model


def test_without_the_extra_the_reason_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "quickml.export.coreai.asset.find_spec", lambda name: None if name == "torch" else name
    )
    reason = coreai.missing()
    assert "torch" in reason
    assert "pip install 'quickml-coreml[coreai]'" in reason
    trained = untrained(plan_of(*NETWORKS["circles"], dataset="circles"))
    with pytest.raises(CompileError, match="pip install"):
        coreai.write(trained, tmp_path / "model.keras", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_asking_what_is_missing_loads_nothing_heavy():
    heavy = {"torch", "coreai", "coreai_torch", "keras", "tensorflow", "coremltools"}
    ask = f"import sys; from quickml.export import coreai; coreai.missing(); print({heavy!r} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


CHILD = """
import fcntl, time
from quickml.export.coreai.process import serve

def work(folder, order):
    with open(order["lock"], "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        open(order["started"], "w").close()
        time.sleep(300)
        open(order["finished"], "w").close()

serve(work)
"""
PARENT = """
import json, sys
from pathlib import Path
from quickml.export.coreai.process import run

run("long_work", json.loads(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals and locks of POSIX")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_whatever_ends_us_ends_the_second_process(tmp_path, number):
    (tmp_path / "long_work.py").write_text(CHILD)
    order = {name: str(tmp_path / name) for name in ("lock", "started", "finished")}
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, json.dumps(order), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.DEVNULL,
    )
    while not (tmp_path / "started").exists():
        assert parent.poll() is None, "it ended before its work began"
        time.sleep(0.05)
    parent.send_signal(number)
    parent.wait()
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # free once the second process is gone
    assert not (tmp_path / "finished").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_at_the_terminal_is_decided_by_us_alone(tmp_path, monkeypatch):
    """A terminal sends it to all of a session: the second process has one of its own."""
    (tmp_path / "which_session.py").write_text(
        "import os; from quickml.export.coreai.process import serve\n"
        "serve(lambda folder, order: (folder / 'session').write_text(str(os.getsid(0))))"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert process.run("which_session", {}, tmp_path) is None
    assert int((tmp_path / "session").read_text()) != os.getsid(0)


@pytest.mark.parametrize(
    ("work", "complaint"),
    [
        ("raise ValueError('\\n  first\\nsecond')", "ValueError: first"),
        ("raise KeyError", "KeyError:"),
        (
            "raise TypeError('Exception encountered when calling Dense.call().\\n\\n\\x1b[1mso\\x1b[0m\\n\\nArguments')",
            "TypeError: Exception encountered when calling Dense.call(). so",
        ),
        ("print('chatter'); os.kill(os.getpid(), 11)", "the process was killed by SIGSEGV"),
        ("os._exit(3)", "exit status 3"),
        ("import atexit; atexit.register(os.abort)", None),
        ("import atexit; atexit.register(os.abort); raise ValueError('first')", "ValueError: first"),
    ],
)
def test_a_failure_leaves_as_one_line(tmp_path, monkeypatch, capfd, work, complaint):
    (tmp_path / "failing.py").write_text(
        f"import os\nfrom quickml.export.coreai.process import serve\ndef work(folder, order):\n    {work}\nserve(work)"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert process.run("failing", {}, tmp_path) == complaint
    assert capfd.readouterr() == ("", "")


def test_the_second_process_sees_nothing_that_changes_what_torch_or_keras_do(tmp_path, monkeypatch):
    (tmp_path / "surroundings.py").write_text(
        "import os, json; from quickml.export.coreai.process import serve\n"
        "serve(lambda folder, order: (folder / 'seen').write_text(json.dumps(dict(os.environ))))"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("KERAS_BACKEND", "TORCH_LOGS", "PYTHONWARNINGS", "USE_OS_COREAI"):
        monkeypatch.setenv(name, "tensorflow")
    assert process.run("surroundings", {}, tmp_path) is None
    assert "tensorflow" not in json.loads((tmp_path / "seen").read_text()).values()
