"""Recordings of one's own, from files to a delivered file that is given an array for each sensor by name."""

import json

import numpy as np
import pytest

import recordings
from commands import quickml
from quickml.datasets.encoding import by_column
from quickml.document import understand
from quickml.export.runtime import Runtime
from quickml.recordings import LocalRecordings

KINDS = ("model.mlmodel", "model.mlpackage")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    recordings.folder(folder / "moves", each=4)
    recordings.archive(folder / "moves.zip", folder / "moves")
    (folder / "weather.csv").write_text(recordings.forecast())
    return folder


def trained(folder, file, name, *options):
    """The result folder of a document that `quickml init` wrote and `quickml run` trained."""
    done = quickml("init", file, *options, "-o", f"{name}.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    document["training"]["epochs"] = 3
    document["dataset"]["steps"] = 24
    document["dataset"]["stride"] = 4
    document["export"] = {"formats": ["mlmodel", "mlpackage", "onnx"]}
    (folder / f"{name}.json").write_text(json.dumps(document))
    done = quickml("run", f"{name}.json", "--out", name, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / name


@pytest.fixture(scope="module")
def results(folder):
    return {
        "motion": trained(folder, "moves.zip", "motion"),
        "weather": trained(folder, "weather.csv", "weather", "--kind", "recordings", "--target", "temp"),
    }


def by_keras(result, windows):
    import keras

    return keras.models.load_model(result / "model.keras", compile=False).predict(windows, verbose=0)


def raw(result, folder):
    """At least 256 windows of raw values, and their columns."""
    written = json.loads((result / "spec.json").read_text(encoding="utf-8"))
    files = LocalRecordings(folder)
    plan = understand(written, files)
    assert plan.notices == ()
    data = files.load(plan.document.dataset)
    windows = np.concatenate([data.x_train, data.x_test])
    windows = np.concatenate([windows, 1.3 * windows - 2, -windows])[:300]
    assert len(windows) >= 256
    return plan.info.columns, windows


@pytest.mark.parametrize("name", ["motion", "weather"])
@pytest.mark.parametrize("file", KINDS)
def test_delivered_files_answer_raw_windows_as_the_trained_model(name, file, results, folder):
    columns, windows = raw(results[name], folder)
    expected = by_keras(results[name], windows)
    found = Runtime.load(results[name] / file).rows(by_column(columns, windows))
    np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("file", KINDS)
def test_the_interface_has_an_array_for_each_sensor_and_one_answer(file, results):
    motion, weather = (Runtime.load(results[name] / file).description for name in ("motion", "weather"))
    assert [(one.name, one.kind, one.shape, one.data_type) for one in motion.inputs] == [
        ("acc_x", "multiarray", (24,), "float32"),
        ("acc_y", "multiarray", (24,), "float32"),
    ]
    assert motion.inputs[1].column == "acc y"
    assert motion.inputs[1].description == (
        "acc y: 24 numbers, one for each step, the oldest first; 50 per second"
    )
    assert (motion.predicted_feature, motion.labels) == ("label", ("rest", "run", "walk"))
    assert [(one.name, one.kind) for one in weather.outputs] == [("prediction", "double")]
    assert (weather.type, motion.type.removesuffix("Classifier")) == (
        "pipeline",
        "neuralNetwork" if file.endswith("mlmodel") else "mlProgram",
    )


def test_predict_takes_a_file_and_arrays_by_name(results, folder, tmp_path):
    model = results["motion"] / "model.mlmodel"
    window = recordings.signals("run", 24, 9).round(4)
    (tmp_path / "run.csv").write_text(recordings.table("run", 60, 9))
    done = quickml("predict", model, tmp_path / "run.csv", "--json")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["input"].rpartition(" lines ")[2] for answer in answers] == ["2 to 25", "26 to 49"]
    assert "12 rows at the end are left out: a window has 24" in done.stderr
    expected = by_keras(results["motion"], recordings.signals("run", 60, 9).round(4)[None, :24])
    assert list(answers[0]["probabilities"].values()) == pytest.approx(expected[0].tolist(), abs=1e-4)

    (tmp_path / "y.txt").write_text("\n".join(map(str, window[:, 1])))
    x = ",".join(map(str, window[:, 0]))
    done = quickml("predict", model, f"acc_x={x}", f"acc y=@{tmp_path / 'y.txt'}", "--json")
    assert done.returncode == 0, done.stderr
    expected = by_keras(results["motion"], window[None])
    assert list(json.loads(done.stdout)["probabilities"].values()) == pytest.approx(
        expected[0].tolist(), abs=1e-4
    )


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["acc_x=1,2", "acc_y=1"], "acc_x: expected 24 numbers, one for each step, found 2"),
        (["acc_x=" + "1," * 23 + "one"], "acc_x: expected numbers such as 0.1,0.2, found '1,1,"),
        (["acc_z=1"], "The model has no input 'acc_z'; its inputs are 'acc_x', 'acc_y'"),
        (["acc_x=[" + "1," * 23 + "1]"], "The input 'acc_y' is missing"),
        (["short.csv"], "short.csv: expected 24 rows, one for each step, found 9"),
        (["other.csv"], "other.csv: expected a column 'acc_x', found a, b"),
        (["gap.csv"], "gap.csv line 5: acc_x: expected a number, found ''"),
    ],
)
def test_predict_says_what_is_wrong(texts, message, results, tmp_path):
    (tmp_path / "short.csv").write_text(recordings.table("run", 9))
    (tmp_path / "other.csv").write_text("a,b\n" + "1,2\n" * 30)
    lines = recordings.table("run", 30).splitlines()
    lines[4] = "0.06,,9.8"
    (tmp_path / "gap.csv").write_text("\n".join(lines))
    done = quickml("predict", results["motion"] / "model.mlpackage", *texts, cwd=tmp_path)
    assert done.returncode != 0
    assert message in done.stderr.replace("\n", " ")


def test_the_same_document_and_files_give_the_same_bytes(results, folder):
    done = quickml("run", results["motion"] / "spec.json", "--out", "again", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stdout + done.stderr
    for name in ("model.mlmodel", "spec.json"):
        assert (folder / "again" / name).read_bytes() == (results["motion"] / name).read_bytes()


@pytest.mark.parametrize("name", ["motion", "weather"])
def test_delivered_files_do_not_say_where_they_were_learned(name, results):
    delivered = [path for path in results[name].rglob("*") if path.suffix in (".mlmodel", ".keras", ".onnx")]
    delivered += [path for path in (results[name] / "model.mlpackage").rglob("*") if path.is_file()]
    written = json.loads((results[name] / "spec.json").read_text(encoding="utf-8"))["dataset"]
    for path in delivered:
        for private in (written["file"], written["sha256"], "time_s", "rest/"):
            assert private.encode() not in path.read_bytes(), path


def test_the_report_names_the_sensors_and_shows_no_window(results):
    report = json.loads((results["motion"] / "report.json").read_text(encoding="utf-8"))
    assert report["dataset"]["feature_names"] == ["acc_x", "acc y"]
    assert report["dataset"]["kind"] == "sequence"
    page = (results["motion"] / "report.html").read_text(encoding="utf-8")
    assert "own data" in page
    assert '<svg class="sequence"' not in page
