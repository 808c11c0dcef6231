"""Several targets of a table: what is predicted, what the network needs, and what is refused."""

import json

import numpy as np
import pytest

import several_targets
from quickml.document import read, understand
from quickml.document.correct import corrected
from quickml.document.plan import Plan
from quickml.errors import DocumentError
from quickml.tables import LocalTables
from quickml.tables.profile import profile


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    several_targets.write(folder)
    return folder


@pytest.fixture
def folder(tables, tmp_path):
    for path in tables.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def planned(folder, kind, last=None, **options):
    document = several_targets.document(kind, **options)
    if last is not None:
        document["model"]["layers"][-1] = last
    return understand(document, LocalTables(folder))


def problems(folder, kind, last=None, training=None, **options):
    document = several_targets.document(kind, **options)
    document["training"] = training or {}
    if last is not None:
        document["model"]["layers"][-1] = last
    with pytest.raises(DocumentError) as caught:
        understand(document, LocalTables(folder))
    return caught.value.problems


def test_numbers_are_a_regression_that_learns_them_alike(folder):
    plan = planned(folder, "flats")
    assert plan.info.task == "regression"
    assert plan.info.target_names == ("price (EUR)", "area")
    assert plan.info.outputs == 2
    assert [layer.type for layer in plan.document.model.layers] == [
        "Normalization",
        "Dense",
        "Dense",
        "Normalization",
    ]
    assert plan.document.training.loss == "mean_squared_error"
    assert plan.document.training.metrics == ("mean_absolute_error",)
    messages = [notice.message for notice in plan.notices]
    assert any(message.startswith("a regression of 2 numbers: 'price (EUR)' from ") for message in messages)
    assert any("metrics over all targets say most about 'price (EUR)'" in message for message in messages)
    data = LocalTables(folder).load(plan.document.dataset)
    assert data.y_train.shape == (192, 2)
    assert data.y_train.dtype == np.float32
    assert data.y_test[:, 0].min() > 1000 > data.y_test[:, 1].max()


@pytest.mark.parametrize(("kind", "names"), [("tags", ("loud", "happy song")), ("lists", ("happy", "loud"))])
def test_labels_are_told_apart_each_by_itself(folder, kind, names):
    options = {"separator": ";"} if kind == "lists" else {}
    plan = planned(folder, kind, **options)
    assert plan.info.task == "multi_label"
    assert plan.info.target_names == names
    assert plan.info.labels == ()
    assert plan.document.training.loss == "binary_crossentropy"
    assert plan.document.training.metrics == ("accuracy",)
    messages = [notice.message for notice in plan.notices]
    assert any(message.startswith("2 labels, of which a row can have any number: ") for message in messages)
    assert any(message.endswith("rows with none of the labels") for message in messages)
    data = LocalTables(folder).load(plan.document.dataset)
    assert set(np.unique(data.y_train)) == {0, 1}
    shares = [y.mean(axis=0) for y in (data.y_train, data.y_test)]
    np.testing.assert_allclose(*shares, atol=0.06)  # combinations of labels are stratified


def test_both_ways_to_write_labels_are_the_same(folder):
    files = LocalTables(folder)
    tags, lists = (
        planned(folder, kind, **options) for kind, options in (("tags", {}), ("lists", {"separator": ";"}))
    )
    ours, theirs = (files.load(plan.document.dataset) for plan in (tags, lists))
    assert sorted(map(tuple, ours.y_train[:, ::-1].tolist())) == sorted(map(tuple, theirs.y_train.tolist()))


@pytest.mark.parametrize("kind", ["flats", "tags", "lists"])
def test_what_is_written_out_is_the_same_again(folder, kind):
    options = {"separator": ";"} if kind == "lists" else {}
    plan = planned(folder, kind, **options)
    document = several_targets.document(kind) | {"dataset": plan.document.dataset.model_dump(mode="json")}
    again = understand(document, LocalTables(folder))
    assert again.info == plan.info
    told = {notice.pointer for notice in again.notices}
    assert not told
    stored = Plan.from_json(plan.to_json())
    assert stored.info == plan.info
    assert stored.document == plan.document


DENSE = {"type": "Dense", "units": 2}


@pytest.mark.parametrize(
    ("kind", "last", "message", "fixed"),
    [
        ("flats", {"type": "Dense", "units": 1}, "table (regression of 2 numbers) expects an output of (2,), found (1,)", DENSE),
        ("flats", {"type": "Dense", "units": 3, "activation": "softmax"}, "expects an output of (2,), found (3,)", {**DENSE, "activation": "linear"}),
        ("flats", {"type": "Dense"}, "units", DENSE),
        ("tags", {"type": "Dense", "units": 3, "activation": "sigmoid"}, "table (2 labels) expects an output of (2,)", {**DENSE, "activation": "sigmoid"}),
        ("tags", {"type": "Dense", "units": 1, "activation": "sigmoid"}, "table (2 labels) expects an output of (2,)", {**DENSE, "activation": "sigmoid"}),
        ("tags", {**DENSE, "activation": "softmax"}, 'multi_label expects a probability for each label: the activation "sigmoid" on the last layer, found the activation "softmax"', {**DENSE, "activation": "sigmoid"}),
        ("tags", DENSE, 'found the activation "linear"', {**DENSE, "activation": "sigmoid"}),
        ("tags", {"type": "Softmax"}, 'found the activation "softmax"', {"type": "Activation", "activation": "sigmoid"}),
    ],
)  # fmt: skip
def test_the_last_layer_has_a_unit_for_each_target(folder, kind, last, message, fixed):
    document = several_targets.document(kind)
    document["model"]["layers"][-1] = last
    if last["type"] == "Softmax":
        document["model"]["layers"].insert(1, DENSE)
    with pytest.raises(DocumentError) as caught:
        understand(document, LocalTables(folder))
    assert message in str(caught.value)
    plan = corrected(json.dumps(document), lambda text: read(text, LocalTables(folder))).plan
    layers = [layer for layer in plan.document.model.layers if layer.type != "Normalization"]
    assert {key: getattr(layers[-1], key) for key in fixed} == fixed


def test_a_sigmoid_for_classes_is_told_what_it_is_for(folder):
    last = {"type": "Dense", "units": 3, "activation": "sigmoid"}
    (problem,) = problems(folder, "tags", last, target="district")
    assert "for several labels of one sample, name several columns of a table as target" in problem.hint


def test_losses_metrics_and_weights_that_labels_do_not_have_are_refused(folder):
    training = {
        "loss": "categorical_crossentropy",
        "metrics": ["top_k_categorical_accuracy"],
        "class_weight": "balanced",
    }
    found = {problem.pointer: str(problem) for problem in problems(folder, "tags", training=training)}
    assert "expects one of binary_crossentropy, mean_squared_error" in found["/training/loss"]
    assert "expects one of accuracy" in found["/training/metrics/0"]
    assert "because a sample can have several labels" in found["/training/class_weight"]


@pytest.mark.parametrize(
    ("kind", "options", "pointer", "part"),
    [
        ("flats", {"target": ["price (EUR)", "aera"]}, "/dataset/target/1", "did you mean 'area'?"),
        ("flats", {"target": ["price (EUR)", "district"]}, "/dataset/target/1", "expected numbers, found 'Nord' (flats.csv, line 2, column 'district'); leave it out of"),
        ("flats", {"target": ["area", "area"]}, "/dataset/target", "a list of up to 100 different ones"),
        ("flats", {"target": []}, "/dataset/target", "expected the name of a column, or a list"),
        ("flats", {"task": "multi_label"}, "/dataset/target/0", "expected 0 or 1, true or false, yes or no, found '"),
        ("flats", {"task": "classification"}, "/dataset/target/0", "expected one target of a classification, found several targets"),
        ("tags", {"target": "loud", "task": "multi_label"}, "/dataset/target", "expected several labels, found one column"),
        ("tags", {"columns": {"loud": "category"}}, "/dataset/columns/loud", "expected a column other than the target"),
        ("tags", {"separator": ";"}, "/dataset/target/0", "expected one target with a separator, found several"),
        ("lists", {"separator": ";", "labels": ["loud", "slow"]}, "/dataset/target", "expected labels among 'loud', 'slow', found 'happy'"),
        ("lists", {"separator": ";", "labels": ["loud", "happy", "slow"]}, "/dataset/target", "'slow': 0 in all rows"),
    ],
)  # fmt: skip
def test_targets_that_do_not_fit_are_refused(folder, kind, options, pointer, part):
    found, *_ = problems(folder, kind, **options)
    assert found.pointer == pointer
    assert part in str(found)


def test_labels_that_differ_by_case_only_are_refused(folder):
    text = (folder / "lists.csv").read_text(encoding="utf-8").replace("happy", "Happy", 1)
    (folder / "lists.csv").write_text(text, encoding="utf-8")
    (found,) = problems(folder, "lists", separator=";")
    assert "'Happy' and 'happy'" in str(found)


def test_a_separator_that_no_text_has_is_refused(folder):
    (found,) = problems(folder, "lists", separator="|")
    assert "expected texts with '|' between their labels, found it in none" in str(found)


def test_a_row_without_one_of_the_targets_is_left_out(folder):
    lines = (folder / "flats.csv").read_text(encoding="utf-8").splitlines()
    lines[7] = lines[7].rpartition(",")[0] + ","
    (folder / "flats.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    plan = planned(folder, "flats")
    assert sum(plan.info.sizes) == several_targets.ROWS - 1
    assert any("1 of 240 rows have no target" in notice.message for notice in plan.notices)
    found, *_ = problems(folder, "flats", missing="refuse")
    assert "line 8, column 'area'" in str(found)


def test_another_file_has_the_same_targets(folder):
    (folder / "test.csv").write_text("speed,mood,tags\n1,2,loud\n0,0,\n2,1,loud;happy\n", encoding="utf-8")
    plan = planned(folder, "lists", separator=";", test_file="test.csv")
    data = LocalTables(folder).load(plan.document.dataset)
    assert data.y_test.tolist() == [[0, 1], [0, 0], [1, 1]]
    (folder / "test.csv").write_text("speed,mood,tags\n1,2,slow\n", encoding="utf-8")
    (found,) = problems(folder, "lists", separator=";", test_file="test.csv")
    assert found.pointer == "/dataset/test_file"
    assert "found 'slow' (test.csv, line 2, column 'tags')" in str(found)


def test_a_document_for_several_targets_is_proposed(folder):
    found = profile(folder / "tags.csv", "tags.csv", ["loud", "happy song"])
    assert found.document["dataset"]["target"] == ["loud", "happy song"]
    assert found.document["dataset"]["task"] == "multi_label"
    assert found.document["model"]["layers"][-1] == {"type": "Dense", "units": 2, "activation": "sigmoid"}
    assert [name for name, _ in found.labels] == ["loud", "happy song"]
    assert understand(found.document, LocalTables(folder)).info.outputs == 2
    found = profile(folder / "flats.csv", "flats.csv", ["price (EUR)", "area"], {"order": "day"})
    assert found.document["model"]["layers"][-1] == {"type": "Dense", "units": 2}
    assert found.document["dataset"]["order"] == "day"
    assert understand(found.document, LocalTables(folder)).info.is_ordered


@pytest.mark.parametrize(("kind", "told"), [("flats", "those with large numbers are learned most"), ("tags", "Core ML knows mean_squared_error only")])  # fmt: skip
def test_how_a_phone_learns_several_targets_is_told(folder, kind, told):
    document = several_targets.document(kind)
    document["export"] = {"formats": ["mlmodel"], "updatable": {}}
    plan = understand(document, LocalTables(folder))
    (message,) = [one.message for one in plan.notices if one.pointer == "/export/updatable"]
    assert told in message


@pytest.mark.parametrize("rows", [40, 300])
def test_masks_as_targets_are_told_not_to_be_offered(tmp_path, rows):
    lines = [f"{n % 7},pictures/{n}.jpg,masks/{n}.PNG" for n in range(rows)]
    (tmp_path / "flats.csv").write_text("\n".join(["x,picture,mask", *lines]) + "\n", encoding="utf-8")
    (found,) = problems(tmp_path, "flats", target="mask")
    assert str(found).startswith(
        "/dataset/target: expected classes or numbers to learn, found pictures, 'masks/0.PNG'"
    )
    assert "networks that answer with pictures (autoencoders, segmentation) are not offered yet" in str(found)


@pytest.mark.parametrize("target", ["mass", ["mass", "price"]])
def test_numbers_whose_squares_do_not_fit_are_refused_before_the_training(tmp_path, target):
    rows = "".join(f"{n},{n + 1}e30,{n * 2}.5\n" for n in range(40))
    (tmp_path / "stars.csv").write_text(f"size,mass,price\n{rows}")
    document = {
        "name": "stars",
        "dataset": {"name": "table", "file": "stars.csv", "target": target, "task": "regression"},
        "model": {"layers": [{"type": "Dense", "units": 1 if target == "mass" else 2}]},
    }
    with pytest.raises(
        DocumentError, match=r"numbers of at most 1e\+18 to learn.* found 4e\+31.*larger unit"
    ):
        understand(document, LocalTables(tmp_path))
