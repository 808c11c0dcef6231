"""The files of tables: one raw value per column goes in, whatever is missing or was never seen."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import numpy_pipeline
import tables
from commands import quickml
from networks import load
from quickml import pipeline
from quickml.datasets.encoding import encode
from quickml.document import understand
from quickml.errors import InputError
from quickml.estimate.files import files
from quickml.export.coreml.device import is_here
from quickml.export.coreml.input_names import input_names
from quickml.export.coreml.reading.describe import describe
from quickml.export.coreml.reading.files import read
from quickml.export.verify import answers

KINDS = ("mlmodel", "mlpackage")
FORMS = ("float32", "float16", "int8", "palettized-4")


def run(folder: Path, dataset: str, **export: Any) -> Path:
    """The result folder of a short training. A wide layer, so that its weights are worth compressing."""
    document = tables.document(dataset, **export)
    if export.get("weights", "float32") not in ("float32", "float16"):
        document["model"]["layers"][1]["units"] = 256
        document["model"]["layers"].insert(2, {"type": "Dense", "units": 64, "activation": "relu"})
    with tables.registered():
        list(pipeline.run(understand(document), folder / "result"))
    return folder / "result"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    formats = ["mlmodel", "mlpackage", "onnx"]
    return {
        dataset: run(tmp_path_factory.mktemp(dataset), dataset, formats=formats, weights="float32")
        for dataset in ("flats", "offers", "costs")
    }


def given(row: dict[str, Any]) -> dict[str, Any]:
    """A row as an app passes it: every input, in its type; for what is missing, what the file says of it."""
    missing: dict[str, Any] = {"number": math.nan, "floor": 12345, "district": ""}
    values = {}
    for name, column in zip(tables.INPUTS, tables.COLUMNS, strict=True):
        value = row[column.name]
        is_missing = value in (None, "") or value != value
        values[name] = missing["number" if column.type == "number" else column.name] if is_missing else value
    return values


def by_keras(folder: Path, rows: list[dict[str, Any]]) -> np.ndarray:
    import keras

    model = keras.models.load_model(folder / "model.keras", compile=False)
    return np.asarray(model(encode(tables.COLUMNS, rows)))


# --- what the files answer --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_regression_gives_one_number_for_raw_values(made: dict[str, Path], kind: str) -> None:
    rows = tables.raw_rows(256, seed=5)
    expected = by_keras(made["flats"], rows)
    path = made["flats"] / f"model.{kind}"
    found = load(path).rows(rows)
    assert found.shape == (256, 1)
    scale = np.abs(expected).max()
    assert np.abs(found - expected).max() / scale < 1e-5
    second = [answer["prediction"] for answer in numpy_pipeline.execute(path, [given(row) for row in rows])]
    assert np.abs(np.asarray(second) - found[:, 0]).max() / scale < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_several_numbers_are_outputs_of_their_own(made: dict[str, Path], kind: str) -> None:
    rows = tables.raw_rows(256, seed=5)
    expected = by_keras(made["costs"], rows)
    path = made["costs"] / f"model.{kind}"
    runtime = load(path)
    assert runtime.targets == ("rent (EUR)", "heating")
    found = runtime.rows(rows)
    scale = np.abs(expected).max(axis=0)
    assert (np.abs(found - expected) / scale).max() < 1e-5
    answers = numpy_pipeline.execute(path, [given(row) for row in rows])
    second = [[answer["rent_EUR"], answer["heating"]] for answer in answers]
    assert (np.abs(np.asarray(second) - found) / scale).max() < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_a_classifier_gives_labels_and_probabilities(made: dict[str, Path], kind: str) -> None:
    rows = tables.raw_rows(256, seed=6)
    expected = by_keras(made["offers"], rows)
    path = made["offers"] / f"model.{kind}"
    runtime = load(path)
    assert runtime.labels == ("cheap", "fair", "dear")
    found = runtime.rows(rows)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    for answer, shares in zip(numpy_pipeline.execute(path, [given(row) for row in rows]), found, strict=True):
        np.testing.assert_allclose(list(answer["probabilities"].values()), shares, atol=1e-5)
        assert list(answer["probabilities"]) == list(runtime.labels)
        assert answer["label"] == runtime.labels[shares.argmax()] or np.sort(shares)[-2:].ptp() < 1e-5


def test_the_rows_of_the_tests_have_what_is_hard() -> None:
    rows = tables.raw_rows(256, seed=5)
    assert {"Nord", "", "Süd"} <= {row["district"] for row in rows}
    assert {99, None, -1} <= {row["floor"] for row in rows}
    assert any(math.isnan(row["Größe (m²)"]) for row in rows)
    assert None in {row["class"] for row in rows}


@pytest.mark.parametrize("weights", FORMS)
@pytest.mark.parametrize("dataset", ["flats", "offers"])
def test_weights_of_every_form_are_wrapped(dataset: str, weights: str, tmp_path: Path) -> None:
    folder = run(tmp_path, dataset, weights=weights, minimum_ios=16)
    rows = tables.raw_rows(64, seed=7)
    expected = by_keras(folder, rows)
    kinds = {"flats": "pipeline", "offers": "pipelineClassifier"}
    report = json.loads((folder / "report.json").read_text())
    assert [one["file"] for one in report["parity"]] == ["model.mlmodel", "model.mlpackage"]
    for kind in KINDS:
        about = describe(read(folder / f"model.{kind}"))
        assert about.type == kinds[dataset]
        found = load(folder / f"model.{kind}").rows(rows)
        scale = np.abs(expected).max()
        assert np.abs(found - expected).max() / scale < (
            0.2 if weights not in ("float32", "float16") else 2e-3
        )
        if weights not in ("float32", "float16"):
            assert set(about.weight_types) > {"float32"}


def test_the_sizes_of_the_files_are_estimated(made: dict[str, Path]) -> None:
    formats = ["mlmodel", "mlpackage", "onnx"]
    for dataset, folder in made.items():
        with tables.registered():
            plan = understand(tables.document(dataset, formats=formats, weights="float32"))
        for one in files(plan):
            path = folder / one.name
            parts = [path] if path.is_file() else [part for part in path.rglob("*") if part.is_file()]
            found = sum(part.stat().st_size for part in parts)
            assert found / 2 < one.size_bytes < found * 1.5, (one, found)


def test_the_same_document_gives_the_same_bytes(made: dict[str, Path], tmp_path: Path) -> None:
    again = run(tmp_path, "offers", formats=["mlmodel", "mlpackage", "onnx"], weights="float32")
    for name in ("model.mlmodel", "model.mlpackage/Data/com.apple.CoreML/model.mlmodel", "model.onnx"):
        assert (again / name).read_bytes() == (made["offers"] / name).read_bytes()


def test_an_updatable_file_takes_the_encoded_row(tmp_path: Path) -> None:
    document = tables.document("offers", formats=["mlmodel"], updatable={})
    with tables.registered():
        list(pipeline.run(understand(document), tmp_path / "result"))
    rows = tables.raw_rows(20)
    updatable = load(tmp_path / "result" / "model.updatable.mlmodel")
    encoded = updatable.outputs(encode(tables.COLUMNS, rows))
    np.testing.assert_allclose(encoded, load(tmp_path / "result" / "model.mlmodel").rows(rows), atol=1e-5)


def test_the_onnx_file_has_an_input_for_each_column(made: dict[str, Path]) -> None:
    import onnx

    model = onnx.load(made["flats"] / "model.onnx")
    assert [one.name for one in model.graph.input] == list(tables.INPUTS)
    facts = {one.key: one.value for one in model.metadata_props}
    assert json.loads(facts["inputs"])["district"].startswith("district: a text, one of Mitte")


def test_normalization_passes_over_categories(made: dict[str, Path]) -> None:
    import keras

    model = keras.models.load_model(made["flats"] / "model.keras", compile=False)
    layer = next(one for one in model.layers if type(one).__name__ == "Normalization")
    mean, variance = np.asarray(layer.mean).reshape(-1), np.asarray(layer.variance).reshape(-1)
    is_category = np.repeat(
        [one.is_category for one in tables.COLUMNS], [one.width for one in tables.COLUMNS]
    )
    assert (mean[is_category] == 0).all()
    assert (variance[is_category] == 1).all()
    assert (mean[~is_category] != 0).all()
    assert (variance[~is_category] != 1).all()


# --- Apple's rules ----------------------------------------------------------------------------------------

ACCEPTED = {
    "imputer": ({"doubleType"}, {"doubleType"}),
    "oneHotEncoder": ({"int64Type", "stringType"}, {"multiArrayType"}),
    "featureVectorizer": ({"doubleType", "int64Type", "multiArrayType"}, {"multiArrayType"}),
    "arrayFeatureExtractor": ({"multiArrayType"}, {"doubleType"}),
}
"""Types of inputs and outputs that Core ML's validator accepts, as far as our files use them. The rules are those
of `PipelineValidator.cpp`, `InterfaceValidators.cpp`, `ImputerValidator.cpp` and so on in coremltools' source."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dataset", ["flats", "offers", "costs"])
def test_the_pipeline_follows_apples_rules(made: dict[str, Path], dataset: str, kind: str) -> None:
    model = read(made[dataset] / f"model.{kind}").model
    parts = numpy_pipeline.parts_of(model)
    assert len(parts.names) == len(parts.models) == len(set(parts.names))
    known = {feature.name: feature.type for feature in model.description.input}
    assert all(not one.isOptional for one in known.values())
    for part in parts.models:
        assert 1 <= part.specificationVersion <= model.specificationVersion
        assert not part.description.metadata.userDefined
        of = part.WhichOneof("Type")
        for feature in part.description.input:  # computed before, of exactly this type
            assert known[feature.name] == feature.type, feature.name
            if feature.type.WhichOneof("Type") == "multiArrayType":
                assert len(feature.type.multiArrayType.shape) == 1
        for feature in part.description.output:
            assert feature.name not in known
            known[feature.name] = feature.type
        if of in ACCEPTED:
            inputs, outputs = ACCEPTED[of]
            assert {one.type.WhichOneof("Type") for one in part.description.input} <= inputs
            assert {one.type.WhichOneof("Type") for one in part.description.output} <= outputs
            assert of == "featureVectorizer" or len(part.description.input) == 1
            assert len(part.description.output) == 1
    for feature in model.description.output:
        assert known[feature.name] == feature.type
    last = parts.models[-1].WhichOneof("Type")
    networks = {"mlmodel": "neuralNetworkClassifier", "mlpackage": "mlProgram"}
    assert last == (networks[kind] if dataset == "offers" else "arrayFeatureExtractor")
    lowest = {"mlmodel": 4, "mlpackage": 6}[kind]
    assert model.specificationVersion == max(part.specificationVersion for part in parts.models) == lowest


def test_the_inputs_are_named_and_described(made: dict[str, Path]) -> None:
    about = describe(read(made["flats"] / "model.mlmodel"))
    assert (
        tuple(one.name for one in about.inputs)
        == tables.INPUTS
        == input_names([c.name for c in tables.COLUMNS])
    )
    assert [one.kind for one in about.inputs] == ["double", "string", "double", "int64", "double"]
    assert [one.column for one in about.inputs] == ["Größe (m²)", "", "class", "", "features"]
    assert about.inputs[0].description == (
        "Größe (m²): a number; pass NaN if it is missing, and the model takes 71.25"
    )
    assert (about.inputs[0].replacement, about.inputs[4].replacement) == (71.25, None)
    assert about.inputs[1].categories == ("Mitte", "Süd", "Prenzlauer Berg")
    assert not about.inputs[1].refuses_unknown
    assert [(one.name, one.kind) for one in about.outputs] == [("prediction", "double")]
    assert about.outputs[0].description == "rent (EUR)"
    assert about.author == "QuickML"
    assert Counter(layer.type for layer in about.layers)["imputer"] == 2


# --- the command line -------------------------------------------------------------------------------------


def predicted(*arguments: object, code: int = 0) -> Any:
    done = quickml("predict", *arguments)
    assert done.returncode == code, done.stderr
    return done.stderr if code else done.stdout


def test_predict_takes_values_by_name(made: dict[str, Path], tmp_path: Path) -> None:
    path = made["flats"] / "model.mlpackage"
    row = {"Größe (m²)": 50.5, "district": "Süd", "class": 0.1, "floor": -1, "features": 2.0}
    expected = float(load(path).rows([row])[0, 0])
    for names in (tables.INPUTS, list(row)):
        text = [f"{name}={value}" for name, value in zip(names, row.values(), strict=True)]
        assert json.loads(predicted(path, *text, "--json"))["prediction"] == expected
    table = tmp_path / "rows.csv"
    table.write_text('rent,features,district,"Größe (m²)",class,floor\n1,2,Süd,50.5,0.1,-1\n2,3,,,,\n')
    first, second = predicted(path, table, "--json").splitlines()
    assert json.loads(first) == {"input": f"{table} line 2", "prediction": expected}
    assert json.loads(second)["prediction"] == float(load(path).rows([{"features": 3}])[0, 0])
    listed = tmp_path / "rows.json"
    listed.write_text(json.dumps([row, {"features": 3, "floor": None}]))
    answers = [json.loads(line)["prediction"] for line in predicted(path, listed, "--json").splitlines()]
    assert answers == [expected, json.loads(second)["prediction"]]
    assert predicted(path, json.dumps(row)) == f"JSON: {expected}\n"


def test_predict_names_the_label(made: dict[str, Path]) -> None:
    text = predicted(made["offers"] / "model.mlmodel", "features=2", "district=Mitte", "floor=")
    assert text.startswith("features=2 district=Mitte floor=: ")
    assert "cheap" in text


def test_predict_tells_of_categories_that_it_does_not_know(made: dict[str, Path]) -> None:
    done = quickml("predict", made["flats"] / "model.mlmodel", "features=2", "district=Mite", "floor=12")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "district: 'Mite' is none of the categories that the model knows, and counts as missing;"
        " did you mean 'Mitte'?",
        "floor: 12 is none of the categories that the model knows, and counts as missing",
    ]
    assert quickml("predict", made["flats"] / "model.mlmodel", "features=2", "district=").stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["distrikt=Mitte"], "has no input 'distrikt'; its inputs are 'Groesse_m2', 'district'"),
        (["distrikt=Mitte"], "did you mean 'district'?"),
        (["features=1", "floor=2.5"], "floor: expected a whole number, found '2.5'"),
        (["features=1,5"], "features: expected a number, found '1,5'; write it with a point"),
        (["features=one"], "features: expected a number, found 'one'"),
        (["district=Mitte"], "The input 'features_' is missing; the model has no value for a missing one."),
        (["features=1", "features_=2"], "features_: expected one value, found two"),
        (["5.1"], "5.1: expected name=value, such as Groesse_m2=..., or a .csv or .json file"),
        (['{"features": 1, "district": 3}'], "The input 'district' expects a text, found 3."),
        (['{"features": true}'], "The input 'features_' expects a number, found True."),
        (['{"features": 1, "floor": "2"}'], "The input 'floor' expects a whole number, found '2'."),
        (['{"features": [1]}'], "The input 'features_' expects a number, found [1]."),
        (["features=inf"], "The input 'features_' expects a number, found inf."),
    ],
)
def test_predict_says_what_is_wrong(made: dict[str, Path], arguments: list[str], message: str) -> None:
    assert message in predicted(made["flats"] / "model.mlmodel", *arguments, code=2)


def test_a_csv_file_needs_a_column_for_each_input(made: dict[str, Path], tmp_path: Path) -> None:
    path = made["flats"] / "model.mlmodel"
    table = tmp_path / "rows.csv"
    table.write_text("features,distrikt,Groesse_m2,class,floor\n1,Mitte,,,\n")
    assert f"{table}: expected a column 'district'" in predicted(path, table, code=2)
    assert "did you mean 'distrikt'?" in predicted(path, table, code=2)
    table.write_text("features,district,Groesse_m2,class,floor\n1,Mitte,,\n")
    assert "rows.csv, line 2, column 'floor': expected 5 fields as in line 1, found 4" in predicted(
        path, table, code=2
    )
    table.write_text("features,district,Groesse_m2,class,floor\n1.5,Mitte,,,2.5\n")
    assert f"{table} line 2: floor: expected a whole number, found '2.5'" in predicted(path, table, code=2)
    table.write_text("features,district,Groesse_m2,class,floor\nmany,Mitte,,,\n")
    assert f"{table} line 2: features: expected a number, found 'many'" in predicted(path, table, code=2)
    table.write_text("features,district,Groesse_m2,class,floor\n")
    assert "expected rows below the header, found none" in predicted(path, table, code=2)


def test_a_csv_file_is_read_as_those_that_are_learned_from(made: dict[str, Path], tmp_path: Path) -> None:
    """As a German spreadsheet writes it: the same row in two forms has the same answer."""
    path, table = made["flats"] / "model.mlmodel", tmp_path / "rows.csv"
    table.write_text("Größe (m²),district,class,floor,features\n81.5,Süd,NA,2,1500.25\n", encoding="utf-8")
    expected = predicted(path, table).rpartition(": ")[2]
    table.write_bytes(
        "Größe (m²);district;class;floor;features;other\n81,5; Süd;-;2,0;1.500,25;x\n".encode("cp1252")
    )
    assert predicted(path, table).rpartition(": ")[2] == expected


def test_inspect_shows_categories_and_replacements(made: dict[str, Path]) -> None:
    text = " ".join(quickml("inspect", made["flats"] / "model.mlmodel").stdout.split())
    assert "double, 71.25 if missing" in text
    described = json.loads(quickml("inspect", made["flats"] / "model.mlmodel", "--json").stdout)
    assert described["inputs"][3]["categories"] == [0, 1, 2, -1]


@pytest.mark.parametrize("kind", KINDS)
def test_large_numbers_go_into_float16_files(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Means and deviations of raw values may be larger than any float16."""
    before = tables.raw_rows

    def large(count: int, seed: int = 0) -> list[dict[str, Any]]:
        return [{**row, "features": 1e6 + 1e5 * row["features"]} for row in before(count, seed)]

    monkeypatch.setattr(tables, "raw_rows", large)
    monkeypatch.setattr(tables, "prices", lambda encoded: encoded[:, -1] * np.float32(2) + encoded[:, 0])
    folder = run(tmp_path, "flats", weights="float16", formats=[kind])
    rows = large(256, seed=4)
    expected = by_keras(folder, rows)
    found = load(folder / f"model.{kind}").rows(rows)
    assert np.abs(found - expected).max() < 2e-3 * np.ptp(expected)


# --- the runtime ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dataset", ["flats", "offers"])
def test_the_network_alone_takes_encoded_rows(made: dict[str, Path], dataset: str, kind: str) -> None:
    path, rows = made[dataset] / f"model.{kind}", tables.raw_rows(30, seed=9)
    encoded = encode(tables.COLUMNS, rows)
    labels = ("dear", "cheap", "fair") if dataset == "offers" else ()
    expected = answers(path, encoded, labels, tables.COLUMNS)
    for most in (7, 29, 30, 100):
        found = answers(path, encoded, labels, tables.COLUMNS, most_raw=most)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert not load(path, network_only=True).takes_columns


def test_many_threads_give_the_same(made: dict[str, Path]) -> None:
    rows = tables.raw_rows(40)
    path = made["offers"] / "model.mlpackage"
    np.testing.assert_array_equal(load(path, threads=4).rows(rows), load(path, threads=1).rows(rows))


def test_layers_inside_the_pipeline_can_be_kept(made: dict[str, Path]) -> None:
    for kind in KINDS:
        found = load(made["offers"] / f"model.{kind}", keep=["dense"]).run(tables.raw_rows(1)[0])
        assert found["dense"].shape == (1, 16)


def test_an_array_is_refused_with_the_names(made: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="has no input 'features__'"):
        load(made["flats"] / "model.mlmodel").run({"features__": 1})


@pytest.mark.skipif(not is_here(), reason="Core ML runs on macOS only")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dataset", ["flats", "offers"])
def test_core_ml_gives_the_same(made: dict[str, Path], dataset: str, kind: str) -> None:
    from quickml.export.runtime import Runtime

    path, rows = made[dataset] / f"model.{kind}", tables.raw_rows(256, seed=8)
    found = Runtime.load(path, engine="coreml").rows(rows)
    np.testing.assert_allclose(found, load(path).rows(rows), rtol=1e-4, atol=1e-4)
