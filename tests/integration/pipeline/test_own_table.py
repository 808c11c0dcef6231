"""A table of one's own, from the CSV file to a delivered file that is given raw values by name."""

import errno
import json
import random
import re

import numpy as np
import pytest

from commands import quickml
from quickml import pipeline
from quickml.datasets.encoding import encode
from quickml.document import Plan, understand
from quickml.errors import RoomError
from quickml.export.runtime import Runtime
from quickml.film import Film
from quickml.tables import LocalTables

ROWS = 400


def flats():
    """A table as it is met: semicolons, decimal commas, cp1252, ids, dates, missing values, codes."""
    rng = random.Random(3)
    lines = ["id;straße;plz;district;rooms;area;built;price_eur;kind"]
    for number in range(ROWS):
        district = rng.choice(["Mitte", "Nord", "Süd", ""])
        area = rng.uniform(20, 150)
        price = area * {"Mitte": 12, "Nord": 8, "Süd": 9, "": 10}[district] + rng.gauss(0, 20)
        shown = f"{area:.1f}".replace(".", ",") if rng.random() > 0.1 else "NA"
        kind = "groß" if area > 85 else "klein"
        lines.append(
            f"{number + 1};Straße {rng.randrange(120)};{rng.choice(['01067', '10115'])};{district};{rng.randint(1, 4)};{shown};"
            f"2024-01-{1 + number % 28:02d};{f'{price:.2f}'.replace('.', ',')};{kind}"
        )
    return "\n".join(lines).encode("cp1252")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "flats.csv").write_bytes(flats())
    return folder


def trained(folder, name, target, **columns):
    """The result folder of a document that `quickml init` wrote and `quickml run` trained."""
    done = quickml("init", "flats.csv", "--target", target, "-o", f"{name}.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    document["dataset"]["columns"].update(columns)
    document["training"]["epochs"] = 5
    (folder / f"{name}.json").write_text(json.dumps(document))
    done = quickml("run", f"{name}.json", "--out", name, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / name


@pytest.fixture(scope="module")
def results(folder):
    return {
        "price": trained(folder, "price", "price_eur", rooms="category"),
        "kind": trained(folder, "kind", "kind", price_eur="ignore", area="ignore", rooms="category"),
    }


def raw_rows(plan, count=256):
    """Raw rows with values as they are in the file, missing ones and unseen ones."""
    rng = random.Random(5)
    rows = []
    for _ in range(count):
        row = {}
        for column in plan.info.columns:
            if column.is_category:
                unseen = 99 if column.is_integer else "elsewhere"
                row[column.name] = rng.choice([*column.values, unseen])
            else:
                row[column.name] = rng.choice([rng.uniform(0, 200), float("nan")])
        rows.append(row)
    return rows


@pytest.mark.parametrize("name", ["price", "kind"])
@pytest.mark.parametrize("file", ["model.mlmodel", "model.mlpackage"])
def test_delivered_files_answer_raw_rows_as_the_trained_model(name, file, results, folder):
    import keras

    written = json.loads((results[name] / "spec.json").read_text(encoding="utf-8"))
    plan = understand(written, LocalTables(folder))
    assert plan.notices == ()
    assert [column.name for column in plan.info.columns if column.is_integer] == ["rooms"]
    rows = raw_rows(plan)
    expected = keras.models.load_model(results[name] / "model.keras").predict(
        encode(plan.info.columns, rows), verbose=0
    )
    found = Runtime.load(results[name] / file).rows(rows)
    np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["price", "kind"])
def test_delivered_files_do_not_say_where_they_were_learned(name, results):
    delivered = [path for path in results[name].rglob("*") if path.suffix in (".mlmodel", ".keras")]
    delivered += [path for path in (results[name] / "model.mlpackage").rglob("*") if path.is_file()]
    written = json.loads((results[name] / "spec.json").read_text(encoding="utf-8"))["dataset"]
    for path in delivered:
        content = path.read_bytes()
        for private in (written["file"], written["sha256"], "straße", "built"):
            assert private.encode() not in content, path


def test_predict_takes_values_by_name(results, folder):
    import keras

    plan = understand(json.loads((results["price"] / "spec.json").read_text()), LocalTables(folder))
    row = {"plz": "01067", "district": "Mitte", "rooms": 3, "area": 80.0}
    given = [f"{name}={value}" for name, value in row.items()]
    done = quickml("predict", results["price"] / "model.mlmodel", *given, "kind=groß")
    assert done.returncode == 0, done.stderr
    model = keras.models.load_model(results["price"] / "model.keras")
    expected = model.predict(encode(plan.info.columns, [{**row, "kind": "groß"}]), verbose=0)
    assert float(done.stdout.rpartition(": ")[2]) == pytest.approx(expected.item(), rel=1e-4)


def test_the_same_document_and_file_give_the_same_bytes(results, folder):
    done = quickml("run", results["kind"] / "spec.json", "--out", "again", cwd=folder)
    assert done.returncode == 0, done.stderr
    for name in ("model.mlmodel", "spec.json"):
        assert (folder / "again" / name).read_bytes() == (results["kind"] / name).read_bytes()


def test_a_changed_file_is_no_longer_what_was_learned(results, folder):
    other = folder / "elsewhere"
    other.mkdir()
    (other / "flats.csv").write_bytes(flats().replace(b"Mitte", b"Mitta"))
    (other / "spec.json").write_bytes((results["kind"] / "spec.json").read_bytes())
    done = quickml("run", "elsewhere/spec.json", cwd=folder)
    assert done.returncode == 2
    assert "/dataset/sha256: expected" in done.stderr
    assert "the file is another than the document was written for" in done.stderr


def test_a_stored_plan_needs_no_file(results, folder):
    plan = understand(json.loads((results["kind"] / "spec.json").read_text()), LocalTables(folder))
    assert Plan.from_json(plan.to_json()).info == plan.info


def test_a_kept_training_is_exported_from_where_the_table_is(results, folder, monkeypatch, tmp_path):
    document = json.loads((results["kind"] / "spec.json").read_text(encoding="utf-8"))
    document["training"]["epochs"] = 1
    files = LocalTables(folder)
    plan = understand(document, files)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(RoomError):
        patch.setattr(pipeline, "_report", full)
        list(pipeline.run(plan, tmp_path / "result", catalog=files, keep_in=[tmp_path]))
    (kept,) = tmp_path.glob("*.trained")
    done = quickml("export", kept, "--out", tmp_path / "later", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "later" / "model.mlmodel").is_file()


@pytest.mark.parametrize("name", ["price", "kind"])
def test_the_report_shows_no_rows_of_ones_own_data(name, results):
    page = (results[name] / "report.html").read_text(encoding="utf-8")
    tables = re.findall(r'<table class="rows">.*?</table>', page, re.DOTALL)
    mistakes = [table for table in tables if ">Test samples with the" in table]
    assert [len(re.findall(r'<th scope="col"', table)) for table in mistakes] == [4] * (name == "kind")
    assert not re.findall(r'"values": ?\[', page)
    assert "flats.csv" not in page
    parts = {part for frame in Film.read(results[name] / "film.bin").frames for part in frame.parts}
    assert parts
    assert not [part for part in parts if part.startswith("activation/")]
