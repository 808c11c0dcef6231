"""Several targets, from a table to delivered files that give each of them by name."""

import json
import math
import re

import numpy as np
import pytest

import numpy_pipeline
import several_targets
from commands import quickml
from quickml.answers import Answers
from quickml.datasets.encoding import encode
from quickml.document import understand
from quickml.errors import AnswersError
from quickml.export.coreml.input_names import input_names
from quickml.export.coreml.reading.describe import describe
from quickml.export.coreml.reading.files import read
from quickml.export.runtime import Runtime
from quickml.tables import LocalTables

OUTPUTS = {"flats": ("price_EUR", "area"), "tags": ("loud", "happy_song"), "lists": ("happy", "loud")}
KINDS = ("mlmodel", "mlpackage")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("several")
    several_targets.write(folder)
    documents = {
        "flats": several_targets.document("flats", order="day"),
        "tags": several_targets.document("tags"),
        "lists": several_targets.document("lists", separator=";"),
    }
    documents["flats"]["training"]["metrics"] = [
        "mean_absolute_error", "root_mean_squared_error", "mean_squared_error", "r2_score",
    ]  # fmt: skip
    documents["tags"]["export"]["weights"] = "float16"
    documents["lists"]["export"] = {"formats": ["mlmodel"]}
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
        done = quickml("run", f"{name}.json", "--out", f"runs/{name}", cwd=folder)
        assert done.returncode == 0, done.stderr + done.stdout
    return folder


def report(folder, name):
    return json.loads((folder / "runs" / name / "report.json").read_text(encoding="utf-8"))


def loaded(folder, name):
    files = LocalTables(folder)
    plan = understand(json.loads((folder / "runs" / name / "spec.json").read_text(encoding="utf-8")), files)
    return plan, files.load(plan.document.dataset)


def by_keras(folder, name, encoded):
    import keras

    return keras.models.load_model(folder / "runs" / name / "model.keras").predict(encoded, verbose=0)


def raw_rows(columns, count=256):
    """Rows with missing values and categories that were never seen."""
    random = np.random.default_rng(4)
    rows = []
    for _ in range(count):
        numbers = {
            one.name: random.choice([random.normal(2, 3), math.nan]) for one in columns if not one.is_category
        }
        texts = {
            one.name: random.choice([*one.values, "elsewhere", ""]) for one in columns if one.is_category
        }
        rows.append(
            {
                name: value.item() if hasattr(value, "item") else value
                for name, value in (numbers | texts).items()
            }
        )
    return rows


@pytest.mark.parametrize("name", ["flats", "tags"])
@pytest.mark.parametrize("kind", KINDS)
def test_files_give_each_target_by_name_as_the_trained_model(folder, name, kind):
    plan, _ = loaded(folder, name)
    rows = raw_rows(plan.info.columns)
    path = folder / "runs" / name / f"model.{kind}"
    runtime = Runtime.load(path)
    assert runtime.targets == plan.info.target_names
    found = runtime.rows(rows)
    expected = by_keras(folder, name, encode(plan.info.columns, rows))
    scale = np.maximum(1, np.abs(expected).max(axis=0))
    assert found.shape == (256, 2)
    tolerance = 1e-4 if name == "flats" else 2e-2  # float16
    assert (np.abs(found - expected) / scale).max() < tolerance
    one = runtime.run(rows[0])
    assert tuple(one) == OUTPUTS[name]
    assert [value.shape for value in one.values()] == [(1,), (1,)]
    names = input_names([column.name for column in plan.info.columns])
    given = [dict(zip(names, row.values(), strict=True)) for row in rows]
    if name == "flats":  # the second execution knows float32 only
        second = [
            [answer[output] for output in OUTPUTS[name]] for answer in numpy_pipeline.execute(path, given)
        ]
        assert (np.abs(np.asarray(second) - found) / scale).max() < 1e-5


def test_labels_are_computed_the_same_by_another_program(folder):
    plan, _ = loaded(folder, "lists")
    rows = raw_rows(plan.info.columns)
    path = folder / "runs" / "lists" / "model.mlmodel"
    found = Runtime.load(path).rows(rows)
    np.testing.assert_allclose(found, by_keras(folder, "lists", encode(plan.info.columns, rows)), atol=1e-5)
    names = input_names([column.name for column in plan.info.columns])
    answers = numpy_pipeline.execute(path, [dict(zip(names, row.values(), strict=True)) for row in rows])
    np.testing.assert_allclose([[one["happy"], one["loud"]] for one in answers], found, atol=1e-5)


@pytest.mark.parametrize("name", ["flats", "tags"])
def test_files_describe_their_targets(folder, name):
    for kind in KINDS:
        about = describe(read(folder / "runs" / name / f"model.{kind}"))
        assert about.labels is None
        assert [(one.name, one.kind) for one in about.outputs] == [(one, "double") for one in OUTPUTS[name]]
    titles = {"flats": ["price (EUR)", ""], "tags": ["", "happy song"]}[name]
    assert [one.column for one in about.outputs] == titles
    assert about.outputs[1].description == {"flats": "area", "tags": "The probability of happy song"}[name]
    done = quickml("inspect", str(folder / "runs" / name / "model.mlmodel"))
    assert all(re.search(rf"out\W+{output}\W+double", done.stdout) for output in OUTPUTS[name])


def test_predictions_name_each_target(folder):
    model = str(folder / "runs" / "flats" / "model.mlmodel")
    done = quickml("predict", model, "rooms=3", "built=2000", "district=Mitte")
    assert done.returncode == 0, done.stderr
    found = re.fullmatch(
        r"rooms=3 built=2000 district=Mitte: price \(EUR\) = ([\d.]+), area = ([\d.]+)\n", done.stdout
    )
    assert found, done.stdout
    assert 250_000 < float(found[1]) < 400_000
    assert 50 < float(found[2]) < 80
    done = quickml("predict", "--json", model, "rooms=3", "built=2000", "district=Mitte")
    assert json.loads(done.stdout)["prediction"] == {"price (EUR)": float(found[1]), "area": float(found[2])}


def test_predictions_give_the_probability_of_each_label(folder):
    plan, _ = loaded(folder, "tags")
    row = [f"{column.name}={column.values[0] if column.is_category else 0}" for column in plan.info.columns]
    for kind in KINDS:
        model = str(folder / "runs" / "tags" / f"model.{kind}")
        done = quickml("predict", "--json", model, *row)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert tuple(answer["probabilities"]) == plan.info.target_names
        assert answer["labels"] == [label for label, p in answer["probabilities"].items() if p > 0.5]
        done = quickml("predict", model, *row)
        ranked = sorted(answer["probabilities"].items(), key=lambda item: -item[1])
        said = ", ".join(answer["labels"]) or "no label"
        shown = ", ".join(f"{label} {p:.1%}" for label, p in ranked)
        assert done.stdout == f"{answer['input']}: {said}  ({shown})\n"


def test_numbers_are_measured_as_keras_measures_them(folder):
    import keras

    _, data = loaded(folder, "flats")
    told = report(folder, "flats")
    answers = by_keras(folder, "flats", data.x_test).astype(np.float64)
    truth = data.y_test.astype(np.float64)
    theirs = {
        "mean_absolute_error": keras.metrics.MeanAbsoluteError(),
        "root_mean_squared_error": keras.metrics.RootMeanSquaredError(),
        "mean_squared_error": keras.metrics.MeanSquaredError(),
        "r2_score": keras.metrics.R2Score(),
    }
    for name, metric in theirs.items():
        metric.update_state(truth, answers)
        assert told["metrics"][name] == pytest.approx(float(metric.result()), rel=1e-4), name
    mean, deviation = data.y_train.mean(axis=0), data.y_train.std(axis=0)
    loss = np.square((truth - mean) / deviation - (answers - mean) / deviation).mean()
    assert told["metrics"]["loss"] == pytest.approx(loss, rel=1e-4)
    for index, one in enumerate(told["targets"]):
        off = answers[:, index] - truth[:, index]
        assert one["target"] == ("price (EUR)", "area")[index]
        assert one["mean_absolute_error"] == pytest.approx(np.abs(off).mean(), rel=1e-5)
        assert one["root_mean_squared_error"] == pytest.approx(np.sqrt(np.square(off).mean()), rel=1e-5)
        assert one["r2_score"] > 0.8
        assert not one["is_no_better"]
        assert one["scatter"] is None  # true values are shown only if asked for
    assert told["baseline"]["metric"] == "mean_absolute_error"
    assert told["baseline"]["value"] == pytest.approx(np.abs(truth - truth.mean(axis=0)).mean())
    page = (folder / "runs" / "flats" / "report.html").read_text(encoding="utf-8")
    assert "Predicted and true values of price (EUR)" in page
    assert "Predicted and true values of area" in page
    assert "mean absolute error over all targets (price (EUR), area)" in page


def test_labels_are_measured_as_keras_and_scikit_learn_measure_them(folder):
    import keras

    metrics = pytest.importorskip("sklearn.metrics")
    _, data = loaded(folder, "tags")
    told = report(folder, "tags")
    answers = by_keras(folder, "tags", data.x_test)
    accuracy = keras.metrics.BinaryAccuracy()
    accuracy.update_state(data.y_test, answers)
    assert told["metrics"]["accuracy"] == pytest.approx(float(accuracy.result()))
    loss = keras.losses.binary_crossentropy(data.y_test, answers)
    assert told["metrics"]["loss"] == pytest.approx(float(np.mean(loss)), rel=1e-5)
    said = answers > 0.5
    precision, recall, f1, support = metrics.precision_recall_fscore_support(data.y_test, said)
    for index, one in enumerate(told["classes"]):
        assert one["label"] == ("loud", "happy song")[index]
        assert (one["precision"], one["recall"], one["f1"], one["samples"]) == pytest.approx(
            (precision[index], recall[index], f1[index], support[index])
        )
        area = metrics.roc_auc_score(data.y_test[:, index], answers[:, index])
        assert one["roc_auc"] == pytest.approx(area)
    theirs = metrics.multilabel_confusion_matrix(data.y_test, said)
    assert told["confusion_matrices"] == theirs.tolist()
    assert told["confusion_matrix"] is None
    always = data.y_test.mean(axis=0) > 0.5
    baseline = told["baseline"]
    assert baseline["metric"] == "label_accuracy"
    assert baseline["value"] == pytest.approx((data.y_test == always).mean())
    assert baseline["model"] == pytest.approx(told["metrics"]["accuracy"])
    assert not baseline["is_no_better"]
    page = (folder / "runs" / "tags" / "report.html").read_text(encoding="utf-8")
    assert "Labels given and missed" in page
    assert f"always giving the same labels ({baseline['label']}) would reach" in page


def test_answers_have_all_targets(folder):
    found = Answers.read(folder / "runs" / "flats" / "answers.bin")
    _, data = loaded(folder, "flats")
    assert found.targets == ("price (EUR)", "area")
    np.testing.assert_array_equal(found.truth, data.y_test)
    mine = [vars(one) for one in found.per_target()]
    for one, exact in zip(mine, report(folder, "flats")["targets"], strict=True):
        assert all(exact[key] == pytest.approx(value) for key, value in one.items())
    with pytest.raises(AnswersError, match="found a regression"):
        found.per_class()
    found = Answers.read(folder / "runs" / "tags" / "answers.bin")
    assert found.is_multi_label
    assert [one.label for one in found.per_class()] == ["loud", "happy song"]
    with pytest.raises(AnswersError, match="found labels of which a sample can have several"):
        found.confusion()
    with pytest.raises(AnswersError, match="expected those of a regression of several numbers"):
        found.per_target()


def test_the_last_rows_in_time_are_the_test(folder):
    plan, data = loaded(folder, "flats")
    assert plan.info.is_ordered
    assert plan.info.sizes == (192, 48)
    areas = [float(line.split(",")[-1]) for line in (folder / "flats.csv").read_text().splitlines()[1:]]
    np.testing.assert_allclose(data.y_test[:, 1], areas[192:], rtol=1e-6)  # the rows are in order
    assert "day" not in plan.public_json()


def test_the_same_document_gives_the_same_bytes(folder):
    done = quickml("run", "runs/lists/spec.json", "--out", "again", cwd=folder)
    assert done.returncode == 0, done.stderr
    for file in ("model.mlmodel", "answers.bin", "film.bin"):
        assert (folder / "again" / file).read_bytes() == (folder / "runs" / "lists" / file).read_bytes(), file


def test_a_file_for_validation_is_measured_after_each_epoch_and_never_learned(folder):
    import keras

    lines = (folder / "flats.csv").read_text(encoding="utf-8").splitlines()
    (folder / "learn.csv").write_text("\n".join(lines[:181]) + "\n", encoding="utf-8")
    (folder / "check.csv").write_text("\n".join([lines[0], *lines[181:]]) + "\n", encoding="utf-8")
    document = several_targets.document("flats", file="learn.csv", validation_file="check.csv")
    document["training"] |= {
        "epochs": 2,
        "early_stopping": {"monitor": "val_loss", "restore_best_weights": False},
    }
    document["export"] = {"formats": ["mlmodel"]}
    (folder / "checked.json").write_text(json.dumps(document), encoding="utf-8")
    done = quickml("run", "checked.json", "--out", "runs/checked", cwd=folder)
    assert done.returncode == 0, done.stderr + done.stdout
    told = report(folder, "checked")
    assert (told["dataset"]["train"], told["dataset"]["validation"], told["dataset"]["test"]) == (144, 60, 36)
    _, data = loaded(folder, "checked")
    rows, truth = data.x_train[144:], data.y_train[144:]
    np.testing.assert_allclose(
        sorted(truth[:, 1]), sorted(float(line.split(",")[-1]) for line in lines[181:]), rtol=1e-6
    )
    error = keras.metrics.MeanAbsoluteError()
    error.update_state(truth, by_keras(folder, "checked", rows))
    assert told["history"][-1]["val_mean_absolute_error"] == pytest.approx(float(error.result()), rel=1e-4)
    normalization = keras.models.load_model(folder / "runs" / "checked" / "model.keras").layers[1]
    np.testing.assert_allclose(
        np.asarray(normalization.mean).reshape(-1)[1], data.x_train[:144, 1].mean(), rtol=1e-5
    )
