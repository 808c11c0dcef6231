"""Documents that name a table: what is found out is told and written out; mistakes point into the document."""

import csv
import io
import json
import random
import re

import numpy as np
import pytest

import rounds
from csv_files import NUMBERS, READ, rows
from quickml.cli.document_file import read_plan
from quickml.datasets import REGISTERED, TableReference
from quickml.datasets.encoding import encode
from quickml.document import Plan, read, understand
from quickml.document.correct import corrected
from quickml.errors import DatasetError, DocumentError
from quickml.patch import applied
from quickml.tables import LocalTables
from quickml.tables.read import read as read_table

END = {"type": "Dense", "units": 3, "activation": "softmax"}
NAMES = ("id", "district", "rooms", "area", "built", "kind")
FLATS = ",".join(NAMES) + "\n" + rows(
    60,
    lambda n: f"{n + 1},{['Mitte', 'Nord', '', 'Ost'][n % 4]},{n % 5 + 1},{'' if n % 7 == 0 else n * 1.5},"
    f"2024-01-{n % 28 + 1:02d},{'abc'[n % 3]}\n",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "flats.csv").write_text(FLATS, encoding="utf-8")
    return tmp_path


def doc(*layers, **options):
    given = {"name": "table", "file": "flats.csv", "target": "kind", **options}
    return {"name": "flats", "dataset": given, "model": {"layers": list(layers or (END,))}}


def planned(folder, *layers, **options):
    return understand(doc(*layers, **options), LocalTables(folder))


def problems(folder, *layers, **options):
    with pytest.raises(DocumentError) as caught:
        planned(folder, *layers, **options)
    return caught.value.problems


def write(folder, content):
    (folder / "flats.csv").write_text(content, encoding="utf-8")


def test_what_is_found_out_is_told_and_written_out(folder):
    plan = planned(folder)
    assert [f"{notice.pointer}: {notice.message}" for notice in plan.notices] == [
        "/dataset: flats.csv is read as: UTF-8, fields between commas, numbers with a point,"
        " names of columns in line 1",
        "/dataset/task: a classification of 3 classes: 'a' (20 rows), 'b' (20 rows), 'c' (20 rows)",
        "/dataset/columns: read as numbers: rooms, area",
        "/dataset/columns: read as categories, with so many values: district (3)",
        "/dataset/columns: left out: id (numbers of rows)",
        '/dataset/columns: left out: built (dates); write "order": "built" to test with the latest rows',
        "/dataset/missing: numbers are missing: area (9 rows); the mean of the training rows stands for them",
        "/dataset/missing: categories are missing: district (15 rows); such a row has none of the values",
        "/dataset/test_fraction: 12 of 60 rows are held out for the test",
    ]
    written = plan.document.dataset
    assert written.columns == {
        "id": "ignore", "district": ("Mitte", "Nord", "Ost"), "rooms": "number", "area": "number", "built": "ignore",
    }  # fmt: skip
    assert (written.task, written.labels, written.header, written.test_fraction) == (
        "classification", ("a", "b", "c"), True, 0.2,
    )  # fmt: skip
    info = plan.info
    assert info.feature_names == ("district=Mitte", "district=Nord", "district=Ost", "rooms", "area")
    assert (info.labels, info.sizes, info.title) == (("a", "b", "c"), (48, 12), "a table of 60 rows")
    assert [column.type for column in info.columns] == ["category", "number", "number"]


def test_a_completed_document_says_the_same_and_tells_nothing(folder):
    plan = planned(folder)
    document = json.loads(plan.document.model_dump_json(exclude_none=True))
    again = understand(document, LocalTables(folder))
    assert again.notices == ()
    assert again.document == plan.document
    assert again.info == plan.info
    same = [
        LocalTables(folder).load(one.document.dataset)
        for one in (plan, again, Plan.from_json(plan.to_json()))
    ]
    for data in same[1:]:
        for name, array in vars(data).items():
            np.testing.assert_array_equal(array, getattr(same[0], name))


@pytest.mark.parametrize("name", READ)
def test_a_completed_document_reads_the_same_however_the_file_is_written(name, folder):
    (folder / "flats.csv").write_bytes(READ[name][0])
    target = read_table(folder / "flats.csv", "flats.csv").names[-1]
    first = LocalTables(folder).describe(TableReference(file="flats.csv", target=target))
    again = LocalTables(folder).describe(first.reference)
    assert (again.info, again.reference, again.notices) == (first.info, first.reference, ())


def test_rows_are_encoded_as_the_delivered_file_does_it(folder):
    plan = planned(folder)
    data = LocalTables(folder).load(plan.document.dataset)
    raw = []
    for line in FLATS.splitlines()[1:]:
        row = dict(zip(NAMES, line.split(","), strict=True))
        raw.append(
            {
                "district": row["district"],
                **{key: float(row[key]) if row[key] else None for key in ("rooms", "area")},
            }
        )
    expected = encode(plan.info.columns, raw)
    found = np.concatenate([data.x_train, data.x_test])
    assert sorted(map(tuple, found)) == sorted(map(tuple, expected))
    area = plan.info.columns[2]
    training = data.x_train[:, 4]
    known = training[training != np.float32(area.replacement)]
    assert area.replacement == pytest.approx(known.mean())


def test_the_split_is_stratified_and_its_seed_decides(folder):
    data = [LocalTables(folder).load(planned(folder, seed=seed).document.dataset) for seed in (0, 0, 1)]
    assert np.bincount(data[0].y_test).tolist() == [4, 4, 4]
    np.testing.assert_array_equal(data[0].x_train, data[1].x_train)
    assert not np.array_equal(data[0].x_train, data[2].x_train)


def test_groups_stay_together(folder):
    plan = planned(folder, group="rooms", columns={"rooms": "number"}, test_fraction=0.3)
    data = LocalTables(folder).load(plan.document.dataset)
    assert len(data.x_test) == 12
    place = plan.info.feature_names.index("rooms")
    assert set(data.x_test[:, place]).isdisjoint(data.x_train[:, place])
    assert "rooms" not in planned(folder, group="rooms").info.feature_names
    (wrong,) = problems(folder, group="kind")
    assert (wrong.pointer, wrong.code) == ("/dataset/group", "table-option")
    (wrong,) = problems(folder, group="room")
    assert (wrong.pointer, wrong.hint) == ("/dataset/group", "did you mean 'rooms'?")


@pytest.mark.parametrize("names", [["a", " a", "b", "b "], ["1", "1.0", "2", "2.00"]])
def test_groups_are_the_same_however_they_are_written(names, folder):
    write(folder, "x,who,kind\n" + rows(40, lambda n: f"{n * 1.5},{names[n % 4]},{'abc'[n % 3]}\n"))
    files = LocalTables(folder)
    plan = understand(doc(group="who"), files)
    data = files.load(plan.document.dataset)
    parts = [{int(x / 1.5) % 4 // 2 for x in part[:, 0]} for part in (data.x_train, data.x_test)]
    assert sorted(map(sorted, parts)) == [[0], [1]]


def test_rows_without_a_target_are_left_out_and_told(folder):
    write(folder, "a,kind\n" + rows(20, lambda n: f"{n * 1.5},{'abc'[n % 3] if n % 5 else ''}\n"))
    plan = planned(folder)
    assert sum(plan.info.sizes) == 16
    assert "4 of 20 rows have no target and are left out" in [notice.message for notice in plan.notices]


@pytest.mark.parametrize(("missing", "value"), [("mean", None), (-1, -1.0), (0.5, 0.5)])
def test_a_missing_number_is_replaced(missing, value, folder):
    columns = {column.name: column for column in planned(folder, missing=missing).info.columns}
    assert columns["area"].replacement == (value if value is not None else pytest.approx(45, abs=8))


def test_missing_values_are_refused_if_the_document_says_so(folder):
    (wrong,) = problems(folder, missing="refuse")
    assert wrong.pointer == "/dataset/missing"
    assert wrong.found == "none in 15 of 60 rows (flats.csv, line 4, column 'district')"
    planned(folder, missing="refuse", columns={"district": "ignore", "area": "ignore"})
    fixed = applied(doc(missing="refuse"), wrong.fix)
    assert understand(fixed, LocalTables(folder)).info.columns[2].replacement is not None


def test_categories_of_whole_numbers_are_such(folder):
    plan = planned(folder, columns={"rooms": "category", "id": "ignore", "built": "ignore"})
    rooms = next(column for column in plan.info.columns if column.name == "rooms")
    assert rooms.values == (1, 2, 3, 4, 5)
    plan = planned(folder, columns={"rooms": [1, 2]})
    assert "none of its values, and read as missing: '3', '4', '5'" in " ".join(
        notice.message for notice in plan.notices
    )
    data = LocalTables(folder).load(plan.document.dataset)
    assert set(data.x_train[:, 3:5].sum(axis=1)) == {0, 1}


def test_a_category_may_be_declared_up_to_a_thousand(folder):
    write(folder, "street,kind\n" + rows(2000, lambda n: f"s{n % 900},{'abc'[n % 3]}\n"))
    (wrong,) = problems(folder)
    assert wrong.pointer == "/dataset/columns"
    plan = planned(folder, columns={"street": "category"})
    assert 850 < plan.info.shape[0] <= 900
    write(folder, "street,kind\n" + rows(2002, lambda n: f"s{n % 1001},{'abc'[n % 3]}\n"))
    (wrong,) = problems(folder, columns={"street": "category"})
    assert (wrong.pointer, wrong.expected) == (
        "/dataset/columns/street",
        "at most 1,000 different values of a category",
    )


def test_words_for_missing_values_may_be_values(folder):
    write(folder, "country,kind\n" + rows(30, lambda n: f"{['DE', 'NA', 'FR'][n % 3]},{'abc'[n // 10]}\n"))
    assert planned(folder).info.columns[0].values == ("DE", "FR")
    assert planned(folder, columns={"country": ["DE", "FR", "NA"]}).info.columns[0].values == (
        "DE",
        "FR",
        "NA",
    )


def test_a_regression_has_its_targets_name(folder):
    plan = planned(folder, {"type": "Dense", "units": 1}, target="area")
    assert (plan.info.task, plan.info.target_name, plan.info.labels) == ("regression", "area", ())
    assert any("a regression: 'area' is a number from" in notice.message for notice in plan.notices)
    data = LocalTables(folder).load(plan.document.dataset)
    assert data.y_train.dtype == np.float32


def test_a_test_file_has_the_rows_for_the_test(folder):
    (folder / "test.csv").write_text("kind,area,rooms,district\na,1.5,2,Nord\nb,,3,Elsewhere\n,1.0,3,Nord\n")
    plan = planned(folder, test_file="test.csv")
    assert plan.info.sizes == (60, 2)
    data = LocalTables(folder).load(plan.document.dataset)
    mean = plan.info.columns[2].replacement
    np.testing.assert_allclose(data.x_test, [[0, 1, 0, 2, 1.5], [0, 0, 0, 3, mean]], rtol=1e-6)
    assert data.y_test.tolist() == [0, 1]
    assert (
        understand(json.loads(plan.document.model_dump_json(exclude_none=True)), LocalTables(folder)).info
        == plan.info
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("area,rooms,district\n1,2,Nord\n", "/dataset/test_file: expected a column of test.csv (area, rooms, district), found 'kind'"),
        ("kind,area,rooms,district\na,x,2,Nord\n", "/dataset/test_file: expected numbers, found 'x' (test.csv, line 2, column 'area')"),
        ("kind,area,rooms,district\nd,1,2,Nord\n", "/dataset/test_file: expected one of the labels 'a', 'b', 'c', found 'd' (test.csv, line 2, column 'kind')"),
        ("kind,area,rooms,district\na,1,2\n", "/dataset/test_file: expected 4 fields as in line 1, found 3 (test.csv, line 2, column 'district')"),
        (None, "/dataset/test_file: expected a CSV file to read, found none (no such file or directory) (test.csv)"),
    ],
)  # fmt: skip
def test_a_test_file_that_does_not_fit_is_refused(content, message, folder):
    if content is not None:
        (folder / "test.csv").write_text(content)
    (wrong, *_) = problems(folder, test_file="test.csv")
    assert str(wrong).startswith(message)
    (wrong, *_) = problems(folder, test_file="test.csv", test_fraction=0.2)
    assert (wrong.pointer, wrong.found) == ("/dataset/test_fraction", "both")


def test_the_file_for_training_is_no_test_file(folder):
    (folder / "test.csv").write_bytes((folder / "flats.csv").read_bytes())
    for name in ("flats.csv", "test.csv"):
        (wrong,) = problems(folder, test_file=name)
        assert str(wrong).startswith("/dataset/test_file: expected another file than the one for training")


# The file


def test_a_file_that_has_changed_is_refused(folder):
    (wrong,) = problems(folder, sha256="9" * 64)
    assert re.match(
        r"/dataset/sha256: expected 9{12}\.\.\., found [0-9a-f]{12}\.\.\. in flats\.csv; the file is",
        str(wrong),
    )
    assert (wrong.code, wrong.fix) == ("file-changed", None)
    assert planned(folder, sha256=wrong.values["found_sha256"])


def test_the_bytes_that_were_described_are_loaded(folder):
    files = LocalTables(folder)
    plan = understand(doc(), files)
    write(folder, FLATS.replace("Mitte", "Mitta"))
    with pytest.raises(DatasetError, match="the file is another than the document was written for"):
        files.load(plan.document.dataset)
    write(folder, FLATS)
    assert files.load(plan.document.dataset).x_train.shape == (48, 5)


def test_a_table_is_read_once_for_a_run(folder, monkeypatch):
    from quickml.tables import filling

    calls = []
    monkeypatch.setattr(filling, "_fill", lambda *args, fill=filling._fill: calls.append(1) or fill(*args))
    files = LocalTables(folder)
    plan = understand(doc(), files)
    files.load(plan.document.dataset)
    assert len(calls) == 1


def test_a_pinned_file_is_also_found_in_the_working_directory(folder, tmp_path_factory, monkeypatch):
    results = tmp_path_factory.mktemp("results")
    monkeypatch.chdir(folder)
    assert understand(
        json.loads(planned(folder).document.model_dump_json(exclude_none=True)), LocalTables(results)
    )
    (wrong,) = problems(results)
    assert wrong.code == "table-file"


def test_servers_and_others_read_no_files(folder, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(DocumentError) as caught:
        read(json.dumps(doc()))
    (wrong,) = caught.value.problems
    assert (wrong.code, wrong.pointer) == ("files-not-taken", "/dataset")
    with pytest.raises(DocumentError):
        REGISTERED.load(TableReference(file="flats.csv", target="kind"))
    old = {
        "model": {"num_layers": 1, "layer_0": {"layer": "DenseLyr", "units": "3"}},
        "dataset": {"name": "table"},
    }
    for catalog in (REGISTERED, LocalTables(folder)):
        with pytest.raises(DocumentError):
            understand(old, catalog)


def test_the_file_is_in_the_documents_folder(folder, monkeypatch, tmp_path_factory):
    (folder / "flats.json").write_text(json.dumps(doc()))
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert read_plan(folder / "flats.json").info.sizes == (48, 12)


# Mistakes


@pytest.mark.parametrize(
    ("options", "message", "fix"),
    [
        ({"target": "knd"}, "/dataset/target: expected a column of flats.csv (id, district, rooms, area, built, kind), found 'knd'; did you mean 'kind'?", "kind"),
        ({"target": "Kind"}, "/dataset/target: expected a column of flats.csv (id, district, rooms, area, built, kind), found 'Kind'; did you mean 'kind'?", "kind"),
        ({"target": "price"}, "/dataset/target: expected a column of flats.csv (id, district, rooms, area, built, kind), found 'price'", None),
        ({"columns": {"distrct": "category"}}, "/dataset/columns/distrct: expected a column of flats.csv (id, district, rooms, area, built, kind), found 'distrct'; did you mean 'district'?", "move"),
        ({"columns": {"kind": "category"}}, "/dataset/columns/kind: expected a column other than the target, found 'kind'; leave it out", "remove"),
        ({"columns": {"district": "number"}}, "/dataset/columns/district: expected numbers, found 'Mitte' (flats.csv, line 2, column 'district'); write \"columns\": {\"district\": \"category\"} or \"ignore\"", None),
        ({"columns": {"built": "number"}}, "/dataset/columns/built: expected numbers, found '2024-01-01' (flats.csv, line 2, column 'built')", None),
        ({"columns": {"district": ["Mitte"]}, "decimal": ","}, "/dataset/decimal: expected numbers with a comma, found '1.5' in 51 of 60 rows (flats.csv, line 3, column 'area'); add \"decimal\": \".\"", "."),
        ({"header": False}, "/dataset/target: expected a column of flats.csv (column 1, column 2, column 3, column 4, column 5, column 6), found 'kind'; line 1 was read as a row", None),
        ({"file": "flat.csv"}, "/dataset/file: expected a CSV file to read, found none (no such file or directory) (flat.csv)", None),
        ({"target": "built"}, "/dataset/target: expected classes or numbers to learn, found dates (flats.csv, column 'built'); name another column", None),
        ({"labels": ["a", "b"]}, "/dataset/target: expected one of the labels 'a', 'b', found 'c' (flats.csv, line 4, column 'kind'); add it to \"labels\"", None),
        ({"group": "built", "columns": dict.fromkeys(("district", "rooms", "area"), "ignore")}, "/dataset/columns: expected a column to learn from, found none besides the target 'kind' and what is left out: id, district", None),
    ],
)  # fmt: skip
def test_mistakes_point_into_the_document_and_say_what_to_write(options, message, fix, folder):
    (wrong, *_) = problems(folder, **options)
    assert str(wrong).startswith(message)
    if fix is None:
        assert wrong.fix is None
        return
    assert fix in (wrong.fix[-1].get("value"), wrong.fix[-1]["op"])
    left = corrected(json.dumps(doc(**options)), lambda text: read(text, LocalTables(folder)))
    assert left.error is None


def test_all_mistakes_are_told_at_once(folder):
    write(
        folder,
        NUMBERS.replace("label", "kind")
        .replace("\n", ",c\n", 1)
        .replace("x\n", "x,1\n")
        .replace("y\n", "y,2\n")
        + "oops,x,3\n",
    )
    found = problems(folder, columns={"nothing": "number", "c": ["1", "2"]})
    assert [wrong.pointer for wrong in found] == ["/dataset/file", "/dataset/columns/nothing"]


def test_labels_that_look_alike_are_refused_and_both_shown(folder):
    write(folder, FLATS.replace(",a\n", ",A\n", 3))
    (wrong,) = problems(folder)
    assert wrong.found == "'A' and 'a' (flats.csv, line 11, column 'kind')"
    write(folder, FLATS.replace("Nord", "nord ", 1))
    (wrong,) = problems(folder)
    assert (wrong.pointer, wrong.found) == (
        "/dataset/file",
        "'nord ' and 'Nord' (flats.csv, line 7, column 'district')",
    )


def test_a_cell_cannot_control_a_terminal(folder):
    write(folder, NUMBERS.replace("label", "kind") + "\x1b[31mred\x07,x\n")
    message = str(problems(folder)[0])
    assert message.isprintable()
    assert "\\u001b[31mred\\u0007" in message


@pytest.mark.parametrize("count", [40, 1500])
def test_a_column_that_is_the_target_is_told(count, folder):
    write(folder, "x,copy,other,y\n" + rows(count, lambda n: f"{n % 7},{n * 1.5},{n * 2.5},{n * 1.5}\n"))
    plan = planned(folder, {"type": "Dense", "units": 1}, target="y")
    told = [notice.message for notice in plan.notices if "is the target in every row" in notice.message]
    assert told == ["'copy' is the target in every row; write \"ignore\" unless an app knows it beforehand"]


def wide(folder, columns):
    """A table with numbers, one of which is missing, and a category as the last of its columns."""
    names = [f"n{number}" for number in range(columns - 1)]
    lines = [",".join([*names, "kind", "price"])]
    for row in range(40):
        cells = [str((row * 7 + number) % 23 + 0.5) for number in range(columns - 1)]
        lines.append(",".join(["" if row == 0 else cells[0], *cells[1:], "ab"[row % 2], f"{row * 1.5}"]))
    write(folder, "\n".join(lines) + "\n")
    files = LocalTables(folder)
    plan = understand(doc({"type": "Dense", "units": 1}, target="price"), files)
    return plan, files


def test_up_to_a_hundred_columns_are_inputs_of_their_own(folder):
    plan, _ = wide(folder, 100)
    assert len(plan.info.columns) == 100
    assert not any("one array" in notice.message for notice in plan.notices)


def test_more_than_a_hundred_columns_are_one_array_and_it_is_told_what_the_app_passes(folder):
    plan, files = wide(folder, 101)
    assert plan.info.columns == ()
    assert plan.info.shape == (102,)
    assert plan.info.feature_names[-2:] == ("kind=a", "kind=b")
    data = files.load(plan.document.dataset)
    mean = np.float32(data.x_train[:, 0]).mean()
    told = plan.notices[-1].message
    assert told.startswith(
        "101 columns, more than 100, are passed as one array: a number for each of 102 features,"
        " in the order of report.json's feature_names; 1 for the value that a category has, 0 for the others;"
        " for a missing number, its replacement: n0 ("
    )
    assert float(told.rpartition("(")[2].rstrip(")")) == pytest.approx(mean, rel=1e-4)
    assert set(np.unique(data.x_train[:, -2:])) == {0, 1}
    again = understand(plan.document.model_dump(mode="json", exclude_none=True), LocalTables(folder))
    assert (again.info, again.notices) == (plan.info, ())


def test_too_wide_a_table_is_refused(folder, monkeypatch):
    monkeypatch.setattr("quickml.tables.prepare.MAX_ENCODED_BYTES", 1000)
    (wrong,) = problems(folder)
    assert wrong.pointer == "/dataset/columns"
    assert "60 rows of 5 numbers" in wrong.found


# Whatever there is


CELLS = (
    lambda rng: f"{rng.uniform(-9, 9):.2f}", lambda rng: str(rng.randrange(5)), lambda rng: str(rng.randrange(10**6)),
    lambda rng: rng.choice("abc"), lambda rng: rng.choice(["A", "a", " a"]), lambda rng: f"t{rng.random()}",
    lambda rng: rng.choice(["", "NA", "?", "null", "None"]), lambda rng: f"2024-0{rng.randint(1, 9)}-11",
    lambda rng: f"0{rng.randrange(50)}", lambda rng: f"{rng.randrange(99)} %", lambda rng: "ü\n\"x\", y",
    lambda rng: f"{rng.randrange(99)},5",
)  # fmt: skip


def random_table(rng, count):
    """A table whose columns have one kind of cells, or two."""
    kinds = [rng.sample(CELLS, rng.choice([1, 1, 1, 2])) for _ in range(rng.randint(2, 6))]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=rng.choice(",;\t"))
    writer.writerow([f"name {index}" for index in range(len(kinds))])
    writer.writerows(
        [[rng.choices(kind, [9, 1][: len(kind)])[0](rng) for kind in kinds] for _ in range(count)]
    )
    return stream.getvalue(), [f"name {index}" for index in range(len(kinds))]


def random_options(rng, names):
    options = {
        "columns": {rng.choice(names): rng.choice(["number", "category", "ignore", ("a", "b"), (1, 2)])},
        "task": rng.choice(["classification", "regression"]),
        "missing": rng.choice(["mean", "refuse", 0.0, -1.5]),
        "group": rng.choice(names),
        "seed": rng.randrange(9),
        "test_fraction": rng.choice([0.05, 0.5]),
        "decimal": rng.choice(".,"),
        "header": rng.choice([True, False, 1]),
    }
    return {key: value for key, value in options.items() if rng.random() < 0.3}


def test_any_table_is_described_and_loaded_or_refused(folder):
    rng = random.Random(rounds.seed)
    described = 0
    for _ in range(rounds.choose(few=150, full=5000)):
        content, names = random_table(rng, rng.choice([2, 9, 30, 200]))
        (folder / "flats.csv").write_bytes(content.encode(rng.choice(["utf-8", "utf-8-sig", "utf-16"])))
        reference = TableReference(file="flats.csv", target=rng.choice(names), **random_options(rng, names))
        try:
            first = LocalTables(folder).describe(reference)
        except DocumentError as error:
            assert all(
                problem.code != "invalid-value" and problem.pointer.startswith("/dataset")
                for problem in error.problems
            )
            continue
        described += 1
        files = LocalTables(folder)
        again = files.describe(
            TableReference.model_validate(json.loads(first.reference.model_dump_json(exclude_none=True)))
        )
        assert (again.info, again.reference, again.notices) == (first.info, first.reference, ())
        data = files.load(again.reference)
        assert (len(data.x_train), len(data.x_test)) == first.info.sizes
    assert described > 5


def test_delivered_files_do_not_tell_class_weights_of_own_data(folder):
    document = doc() | {"training": {"class_weight": {"a": 2.5, "b": 1}}}
    plan = understand(document, LocalTables(folder))
    assert plan.document.training.class_weight == {"a": 2.5, "b": 1}
    assert "class_weight" not in plan.public_json()
    assert "learning_rate" in plan.public_json()
