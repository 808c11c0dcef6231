"""How TensorFlow is loaded: its public names on use, and its library beside other imports."""

import json
import subprocess
import sys

import pytest

NAMES = """
import importlib, json, os, random, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
if sys.argv[1] == "late":
    from quickml.training.backend import tf
else:
    import tensorflow as tf

def known(value):
    if isinstance(value, type(os)):
        return ["a package"]  # those of `compat.v1` warn of what is deprecated, if they are loaded as a whole
    return [type(value).__name__, getattr(value, "__module__", None), getattr(value, "__qualname__", repr(type(value)))]

PARTS = ["audio", "bitwise", "config", "config.experimental", "data", "data.experimental", "distribute", "dtypes",
    "errors", "experimental", "image", "io", "linalg", "lite", "lookup", "math", "nest", "nn", "random", "ragged",
    "raw_ops", "saved_model", "sets", "signal", "sparse", "strings", "summary", "test", "train", "types", "version",
    "__internal__", "autograph", "compat", "compat.v1"]
names = [f"{part}.{name}" for part in PARTS for name in json.loads(sys.argv[2]).get(part, [])]
random.Random(int(sys.argv[3])).shuffle(names)
found = {}
if not names:
    for part in PARTS:
        owner = tf
        for step in part.split("."):
            owner = getattr(owner, step)
        found[part] = [name for name in dir(owner) if not name.startswith("_")]
for name in names:
    value = tf
    for step in name.split("."):
        value = getattr(value, step)
    found[name] = known(value)
print(json.dumps(found))
"""


def python(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def names(how, asked=None, seed=0):
    return json.loads(python(NAMES, how, json.dumps(asked or {}), seed).stdout)


@pytest.fixture(scope="module")
def public():
    """The names of TensorFlow's public packages, as an ordinary import shows them."""
    return names("at once")


def test_every_public_name_is_what_it_is(public):
    some = {part: found if part != "raw_ops" else found[::20] for part, found in public.items()}
    assert names("late", some, seed=1) == names("at once", some)


def test_packages_list_their_names(public):
    assert names("late") == public


def test_what_is_not_used_is_not_loaded():
    code = (
        "import sys, quickml.training.stages\n"
        "unused = {'tensorflow.python.keras', 'tensorflow.lite.python', 'tensorflow.python.feature_column',"
        " 'tensorflow.python.debug', 'tensorflow.python.tpu.tpu', 'scipy', 'requests', 'sklearn'}\n"
        "print(sorted(unused & set(sys.modules)))"
    )
    assert python(code).stdout == "[]\n"


def test_threads_find_the_same_names():
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from quickml.training.backend import tf\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    found = list(pool.map(lambda n: [tf.linalg.expm, tf.signal.dct, tf.lite.Interpreter][n % 3], range(48)))\n"
        "print(len(set(map(id, found))))"
    )
    assert python(code).stdout == "3\n"


def test_the_library_is_loaded_before_it_is_imported():
    code = (
        "import sys\n"
        "from quickml.training.preload import library_loading\n"
        "with library_loading(): pass\n"
        "print('tensorflow' in sys.modules, 'libtensorflow_cc' in open('/proc/self/maps').read())\n"
        "import quickml.training.backend\n"
    )
    done = python(code)
    assert done.stdout == "False True\n"
    assert done.stderr == ""  # messages of the library are hidden, at both moments


def test_without_the_library_nothing_happens(monkeypatch, tmp_path):
    from quickml.training import preload

    monkeypatch.setattr(preload, "_library", lambda: None)
    with preload.library_loading():
        pass
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    del sys.modules["tensorflow"]
    monkeypatch.setattr(preload, "_library", lambda: tmp_path / "libtensorflow_cc.so.2")
    with preload.library_loading():  # that it cannot be opened is said by the import
        pass


def test_after_a_training_nothing_refers_to_its_graphs():
    """Also tells whether TensorFlow still keeps gradients where they are forgotten."""
    from quickml.training import backend
    from quickml.training.train import train
    from small_training import make_plan, out, sequences

    @backend.tf.custom_gradient
    def of_others(value):
        return value, lambda gradient: gradient

    backend.tf.function(of_others)(1.0)
    before = set(backend._registry())
    assert any(name.startswith(backend.CUSTOM_GRADIENT) for name in before)
    waves = {"name": "waves", "num_samples": 100, "steps": 16}
    plan = make_plan(waves, [{"type": "LSTM", "units": 4}, out(4)], epochs=1)
    events = [event.type for event in train(plan, sequences())]
    assert "epoch" in events
    assert set(backend._registry()) == before
