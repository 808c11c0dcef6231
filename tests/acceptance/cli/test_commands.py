"""The commands beside `run`: clear about what is wrong, and quick, because they load no TensorFlow."""

import json
from pathlib import Path

import pytest

import commands
from commands import quickml_without
from hostile import HOSTILE, is_clean

ROOT = Path(__file__).parents[3]
HEAVY = {"tensorflow", "keras", "coremltools", "sklearn", "torch"}


def quickml(*arguments, **options):
    """Paths of documents are those of the repository."""
    return commands.quickml(*arguments, **{"cwd": ROOT, **options})


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A model of pictures, with random weights."""
    from quickml.export.coreml.package import write
    from untrained import plan_of, untrained

    layers = ({"type": "Flatten"}, {"type": "Dense", "units": 10, "activation": "softmax"})
    folder = tmp_path_factory.mktemp("digits")
    return write(untrained(plan_of(*layers, dataset="digits")), "mlmodel", folder)


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    from PIL import Image

    path = tmp_path_factory.mktemp("picture") / "gray.png"
    Image.new("L", (8, 8), 200).save(path)
    return path


@pytest.fixture(scope="module")
def diabetes(tmp_path_factory):
    """A regression, with random weights."""
    from quickml.export.coreml.package import write
    from untrained import plan_of, untrained

    return write(
        untrained(plan_of({"type": "Dense", "units": 1}, dataset="diabetes")),
        "mlpackage",
        tmp_path_factory.mktemp("d"),
    )


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["validate", "mnist_cnn.json"], 0),
        (["validate", "/nowhere/spec.json"], 2),
        (["run", "/nowhere/spec.json"], 2),
        (["inspect", "{digits}"], 0),
        (["predict", "{diabetes}", "1,2,3,4,5,6,7,8,9,10"], 0),
        (["predict", "{diabetes}", "1,2,3"], 2),
        (["predict", "{digits}", "{picture}"], 0),
        (["predict", "{digits}", "docs"], 2),
        (["schema"], 0),
        (["--version"], 0),
        (["serve", "--help"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_command_loads_nothing_heavy(command, code, digits, diabetes, picture):
    """In a process of its own, with the exit code and the streams that it has there."""
    named = [word.format(digits=digits, diabetes=diabetes, picture=picture) for word in command]
    done = quickml_without(HEAVY, *named, cwd=ROOT)
    assert done.returncode == code, done.stderr
    assert bool(done.stderr) == (code != 0)
    assert bool(done.stdout) == (code == 0)
    assert "Traceback" not in done.stderr


def test_validate_does_not_wait_for_what_it_does_not_need():
    """Settings, the types of the HTTP API, Rich and TOML: a third of the time of a command that takes 0.3 s."""
    unneeded = {
        "quickml.settings",
        "quickml.service",
        "quickml.client",
        "rich",
        "tomllib",
        "fastapi",
        "sqlalchemy",
    }
    done = quickml_without(unneeded, "validate", "iris_spec.json", cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_validate_prints_the_layers():
    done = quickml("validate", "mnist_cnn.json")
    assert done.returncode == 0, done.stderr
    assert "conv2d_1       Conv2D        (24, 24, 64)      18,496" in done.stdout
    assert "1,199,882 parameters" in done.stdout


def test_validate_as_json():
    answer = json.loads(quickml("validate", "iris_spec.json", "--json").stdout)
    assert answer["valid"]
    assert [layer["name"] for layer in answer["layers"]] == ["normalization", "dense", "dense_1"]


def test_validate_reads_standard_input():
    assert quickml("validate", "-", input=(ROOT / "iris_spec.json").read_text()).returncode == 0


WRONG = {
    "no JSON": ("{", "expected JSON"),
    "nothing": ("", "an empty document"),
    "an unknown dataset": (
        '{"name": "a", "dataset": "irs", "model": {"layers": [{"type": "Flatten"}]}}', "did you mean 'iris'?",
    ),
    "an absurd size": (
        '{"name": "a", "dataset": "iris", "model": {"layers": [{"type": "Dense", "units": 1000000},'
        '{"type": "Dense", "units": 1000000}, {"type": "Dense", "units": 3, "activation": "softmax"}]}}',
        "1,000,009,000,003",
    ),
}  # fmt: skip


@pytest.mark.parametrize("command", ["validate", "run"])
@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_one_clear_message(command, name, tmp_path):
    text, expected = WRONG[name]
    path = tmp_path / "spec.json"
    path.write_text(text)
    done = quickml(command, path)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("command", ["validate", "run", "inspect", "predict"])
def test_a_missing_file(command):
    done = quickml(command, "/nowhere/spec.json", *(["1"] if command == "predict" else []))
    assert done.returncode == 2
    assert "no such file" in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_predict_pictures_of_any_size_and_kind(digits, tmp_path):
    from PIL import Image

    Image.new("RGB", (100, 30), "red").save(tmp_path / "a.png")
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "b.png")
    Image.new("L", (8, 8), 200).save(tmp_path / "c.jpg")
    done = quickml("predict", digits, *[tmp_path / name for name in ("a.png", "b.png", "c.jpg")], "--json")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(set(answer) == {"input", "label", "probabilities"} for answer in answers)
    assert all(len(answer["probabilities"]) == 10 for answer in answers)


def test_predict_a_number(diabetes, tmp_path):
    (tmp_path / "rows.csv").write_text(
        "a,b,c,d,e,f,g,h,i,j\n" + ",".join("1" * 10) + "\n" + ",".join("2" * 10) + "\n"
    )
    done = quickml("predict", diabetes, tmp_path / "rows.csv", "-1,-2,-3,4,5,6,7,8,9,10", "--json")
    assert done.returncode == 0, done.stderr
    assert [type(json.loads(line)["prediction"]) for line in done.stdout.splitlines()] == [float] * 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["1,2,3"], "expected 10 numbers, found 3"),
        (["1,2,x"], "expected numbers"),
        (["nan,1,2,3,4,5,6,7,8,9"], "expected numbers"),
        (["none.csv"], "cannot be read"),
        (["1,,2,3,4,5,6,7,8,9,10"], "expected numbers"),
        (["1e300,1,1,1,1,1,1,1,1,1"], "expected numbers"),
    ],
)
def test_numbers_that_do_not_fit(diabetes, given, message):
    done = quickml("predict", diabetes, *given)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2,3,4,5,6,7,8,9,O\n1,2,3,4,5,6,7,8,9,0\n", "row 1: expected a number, found 'O'"),
        ("", "found none"),
        ("a,b,c\n", "found none"),
        ('"' + "1" * 200_000 + '",2', "comma-separated numbers"),
    ],
    ids=["a letter for a digit", "empty", "names alone", "a huge cell"],
)
def test_rows_that_do_not_fit(diabetes, content, message, tmp_path):
    (tmp_path / "rows.csv").write_text(content)
    done = quickml("predict", diabetes, tmp_path / "rows.csv")
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_sixteen_bits_mean_the_same_as_eight(digits, tmp_path):
    import numpy as np
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (8, 8))
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "8.png")
    Image.fromarray((pixels * 257).astype(np.uint16)).save(tmp_path / "16.png")
    done = quickml("predict", digits, tmp_path / "8.png", tmp_path / "16.png", "--json")
    first, second = (json.loads(line)["probabilities"] for line in done.stdout.splitlines())
    assert first == second


def test_a_file_does_not_command_the_terminal(tmp_path):
    from quickml.export.coreml.package import write
    from untrained import plan_of, untrained

    end = {"type": "Dense", "units": 3, "activation": "softmax"}
    path = write(untrained(plan_of(end, export={"license": "a\u001b[31mb"})), "mlmodel", tmp_path)
    assert "\x1b" not in quickml("inspect", path).stdout


def test_pictures_that_are_none(digits, tmp_path):
    (tmp_path / "a.png").write_text("not a picture")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    for name in ("a.png", "b.png", "c.png", "."):
        done = quickml("predict", digits, tmp_path / name)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr


def test_what_is_no_core_ml_file(tmp_path):
    (tmp_path / "a.mlmodel").write_bytes(b"hello there")
    (tmp_path / "b.mlpackage").mkdir()
    for name in ("a.mlmodel", "b.mlpackage"):
        for command in (["inspect", tmp_path / name], ["predict", tmp_path / name, "1"]):
            done = quickml(*command)
            assert done.returncode == 2, done.stderr
            assert name in done.stderr
            assert "Traceback" not in done.stderr


def test_a_tree_is_described_and_not_run(tmp_path):
    from quickml.export.coreml.library import coremltools

    ct = coremltools()
    builder = ct.models.tree_ensemble.TreeEnsembleRegressor([("x", ct.models.datatypes.Double())], "y")
    builder.set_default_prediction_value(0.0)
    builder.add_branch_node(0, 0, 0, 0.5, "BranchOnValueLessThanEqual", 1, 2)
    builder.add_leaf_node(0, 1, 1.0)
    builder.add_leaf_node(0, 2, 2.0)
    ct.models.utils.save_spec(builder.spec, str(tmp_path / "tree.mlmodel"))
    assert "treeEnsembleRegressor" in quickml("inspect", tmp_path / "tree.mlmodel").stdout
    done = quickml("predict", tmp_path / "tree.mlmodel", "1")
    assert done.returncode == 2
    assert "tree" in done.stderr


def test_help_helps():
    for command in ("run", "validate", "inspect", "predict", "schema"):
        done = quickml(command, "--help")
        assert done.returncode == 0
        assert len(done.stdout.splitlines()) > 5
    assert quickml("--version").stdout.startswith("quickml ")


def test_the_schema_is_json():
    assert json.loads(quickml("schema").stdout)["title"] == "QuickML document"


@pytest.fixture
def model_file(tmp_path):
    """A classifier whose names, labels and metadata are hostile."""
    from quickml.export.coreml.reading.proto import new_model

    model = new_model()
    model.specificationVersion = 4
    source = model.description.input.add(name=HOSTILE, shortDescription=HOSTILE)
    source.type.multiArrayType.shape.append(2)
    source.type.multiArrayType.dataType = 65568  # float32
    label = model.description.output.add(name="label")
    label.type.stringType.SetInParent()
    answer = model.description.output.add(name=f"{HOSTILE}2")
    answer.type.dictionaryType.stringKeyType.SetInParent()
    model.description.predictedFeatureName = "label"
    model.description.predictedProbabilitiesName = answer.name
    model.description.metadata.author = HOSTILE
    model.description.metadata.userDefined[HOSTILE] = HOSTILE
    network = model.neuralNetworkClassifier
    network.arrayInputShapeMapping = 1
    network.stringClassLabels.vector.extend([HOSTILE, "other"])
    layer = network.layers.add(name=HOSTILE, input=[source.name], output=[answer.name])
    layer.activation.sigmoid.SetInParent()
    path = tmp_path / "model.mlmodel"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("command", ["inspect", "predict"])
def test_what_a_model_file_contains_is_printable(command, model_file):
    inputs = ["1,2"] if command == "predict" else []
    done = commands.quickml(command, model_file, *inputs)
    assert done.returncode == 0, done
    assert is_clean(done.stdout)
    answered = commands.quickml(command, model_file, *inputs, "--json")
    assert answered.stdout.removesuffix("\n").isprintable()
    assert json.dumps(HOSTILE)[1:-1] in json.dumps(json.loads(answered.stdout)), "programs get it as it is"
