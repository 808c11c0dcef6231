"""`quickml data` and `quickml init`: what is in a table, and a document that learns from it."""

import json
import shlex

import pytest

from commands import quickml
from csv_files import NUMBERS, rows
from quickml.cli.document_file import read_plan
from workbooks import workbook

FLOWERS = "sepal,petal,kind,species\n" + rows(
    150, lambda n: f"{4 + n / 40:.2f},{1 + n / 30:.2f},{'fgh'[n % 3]},{('setosa', 'versicolor', 'virginica')[n // 50]}\n"
)  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "flowers.csv").write_text(FLOWERS, encoding="utf-8")
    return tmp_path


def test_data_shows_columns_classes_notices_and_a_document(folder):
    done = quickml("data", "flowers.csv", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "flowers.csv: 150 rows, 4 columns (utf-8, commas, decimal point, names in line 1)"
    (sepal,) = (line for line in lines if line.startswith("sepal    number             "))
    assert sepal.endswith("█  4 to 7.72, mean 5.862")
    assert "kind     category           f (50), g (50), h (50)" in lines
    assert "species  target             setosa (50), versicolor (50), virginica (50)" in lines
    assert "samples per class of 'species':" in lines
    assert any(line.startswith("notice: /dataset/columns: read as numbers: sepal, petal") for line in lines)
    document = json.loads(done.stdout[done.stdout.index("\n{\n") :])
    assert document["model"]["layers"][-1] == {"type": "Dense", "units": 3, "activation": "softmax"}
    assert document["dataset"]["columns"] == {"sepal": "number", "petal": "number", "kind": "category"}


def test_data_as_json_has_the_same(folder):
    done = quickml("data", "flowers.csv", "--json", cwd=folder)
    found = json.loads(done.stdout)
    assert (found["rows"], found["target"], found["task"]) == (150, "species", "classification")
    assert found["classes"] == [{"label": name, "rows": 50} for name in ("setosa", "versicolor", "virginica")]
    sepal, _, kind, _ = found["columns"]
    assert (sepal["low"], sepal["high"], sum(sepal["histogram"]), len(sepal["histogram"])) == (
        4,
        7.72,
        150,
        20,
    )
    assert sepal["is_whole"] is False
    assert kind["values"] == [["f", 50], ["g", 50], ["h", 50]]
    assert kind["is_whole"] is None
    assert found["document"] == json.loads((folder / _init(folder)).read_text(encoding="utf-8"))


def _init(folder, *options):
    done = quickml("init", "flowers.csv", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.partition(":")[0]


@pytest.mark.parametrize("name", ["price", "Preis €", "price_eur", "PRICE (EUR)", "churn", "rating"])
def test_the_likeliest_target_is_known_by_its_name(name, tmp_path):
    content = f'a,"{name}",b,street\n' + rows(30, lambda n: f"{n * 1.5},{n % 7}.5,{n % 5},s{n % 3}\n")
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    assert json.loads(quickml("data", "t.csv", "--json", cwd=tmp_path).stdout)["target"] == name


def test_of_many_classes_the_commonest_and_the_rarest_are_shown(tmp_path):
    content = "a,b,label\n" + rows(465, lambda n: f"{n * 1.5},{n % 7},c{int((2 * n) ** 0.5):02}\n")
    (tmp_path / "t.csv").write_text(content)
    lines = quickml("data", "t.csv", cwd=tmp_path).stdout.splitlines()
    shown = lines[lines.index("samples per class of 'label':") + 1 :]
    shown = shown[: shown.index("")]
    assert len(shown) == 21
    assert shown[-1] == "  and 11 more between the commonest and the rarest, which --json has"


@pytest.mark.parametrize("start", [10**22, 10**37, 10**15, -(10**22), 0])
def test_numbers_as_close_as_floats_can_be_have_a_histogram(start, tmp_path):
    (tmp_path / "t.csv").write_text(
        "n,b,label\n" + rows(30, lambda n: f"{start + n * 7},{n * 1.5},{n % 2}\n")
    )
    done = quickml("data", "t.csv", "--json", cwd=tmp_path)
    (column, *_) = json.loads(done.stdout)["columns"]
    assert sum(column["histogram"]) == 30
    assert column["histogram"][0] > 0
    assert len(column["histogram"]) == 20


def test_init_writes_a_document_that_is_valid_and_leaves_nothing_open(folder):
    path = folder / _init(folder)
    assert path.name == "flowers.json"
    plan = read_plan(path)
    assert plan.info.sizes == (120, 30)
    assert [notice.pointer for notice in plan.notices] == []
    assert plan.document.name == "flowers"


def test_init_does_not_overwrite(folder):
    (folder / "flowers.json").write_text("mine")
    done = quickml("init", "flowers.csv", cwd=folder)
    assert done.returncode == 2
    assert (
        done.stderr
        == "error: flowers.json: expected a new file, found one; name another with -o, or remove it\n"
    )
    assert (folder / "flowers.json").read_text() == "mine"


def test_init_names_the_file_from_where_the_document_is(folder):
    (folder / "documents").mkdir()
    name = _init(folder, "-o", "documents/mine.json")
    assert json.loads((folder / name).read_text())["dataset"]["file"] == "../flowers.csv"
    assert read_plan(folder / name)


def test_init_into_a_folder_that_is_missing_is_one_sentence(folder):
    done = quickml("init", "flowers.csv", "-o", "missing/mine.json", cwd=folder)
    assert done.returncode == 2
    assert done.stderr == "error: missing/mine.json: cannot be written (No such file or directory)\n"


@pytest.mark.parametrize(
    ("target", "last"), [("petal", {"units": 1}), ("kind", {"units": 3, "activation": "softmax"})]
)
def test_another_target_may_be_named(target, last, folder):
    document = json.loads((folder / _init(folder, "--target", target)).read_text())
    assert document["dataset"]["target"] == target
    assert document["model"]["layers"][-1] == {"type": "Dense", **last}
    done = quickml("init", "flowers.csv", "--target", "pedal", "-o", "x.json", cwd=folder)
    assert done.returncode == 2
    assert "found 'pedal'; did you mean 'petal'?" in done.stderr


def test_networks_grow_with_the_table(tmp_path):
    sizes = {}
    for count in (100, 1500, 30_000):
        (tmp_path / "t.csv").write_text(
            "a,b,c,d,label\n"
            + rows(count, lambda n: f"{n % 97},{n % 89},{n / 7:.3f},{n % 83},{'xy'[n % 2]}\n")
        )
        done = quickml("init", "t.csv", "-o", f"{count}.json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        document = json.loads((tmp_path / f"{count}.json").read_text())
        sizes[count] = [layer["units"] for layer in document["model"]["layers"]]
        assert 10 <= document["training"]["epochs"] <= 100
        assert ("early_stopping" in document["training"]) == (count > 200)
        assert read_plan(tmp_path / f"{count}.json")
    assert sizes == {100: [8, 2], 1500: [8, 8, 2], 30_000: [8, 8, 2]}


def test_a_table_with_a_mistake_is_shown_with_it(tmp_path):
    (tmp_path / "t.csv").write_text(NUMBERS + "0x10,x\n")
    done = quickml("data", "t.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert "a       problem            expected numbers, found '0x10' in 1 of 21 rows" in done.stdout
    assert "(t.csv, line 22, column 'a')" in done.stderr
    done = quickml("init", "t.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert not (tmp_path / "t.json").exists()


def test_a_file_that_is_no_table_is_one_sentence(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1\n")
    for command in ("data", "init"):
        done = quickml(command, "t.csv", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert (
            done.stderr
            == "error: t.csv, line 2, column 'b': expected 2 fields as in line 1, found 1; complete the row, or remove it\n"
        )


def test_a_table_in_place_of_a_command_is_understood(folder):
    done = quickml("flowers.csv", cwd=folder)
    assert (
        done.stderr
        == "error: flowers.csv: expected a command, found a file; try `quickml data flowers.csv`\n"
    )


def test_validate_corrects_documents_with_tables(folder):
    document = json.loads((folder / _init(folder)).read_text())
    document["dataset"]["target"] = "specie"
    (folder / "flowers.json").write_text(json.dumps(document))
    done = quickml("validate", "--fix", "--yes", "flowers.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "flowers.json").read_text())["dataset"]["target"] == "species"


def test_cells_cannot_control_the_terminal(tmp_path):
    (tmp_path / "t.csv").write_text(
        "a,\x1b[31mname\n" + rows(20, lambda n: f"{n * 1.5},{'x' if n % 2 else chr(27) + '[2J'}\n")
    )
    done = quickml("data", "t.csv", cwd=tmp_path)
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(("rare", "is_proposed"), [(24, True), (25, False)])
def test_class_weights_are_proposed_where_classes_are_unbalanced(tmp_path, rare, is_proposed):
    common = 5 * rare + (5 if rare == 24 else 0)
    content = "a,b,kind\n" + rows(
        common + rare, lambda n: f"{n},{n * 7 % 11},{'yes' if n < rare else 'no'}\n"
    )
    (tmp_path / "calls.csv").write_text(content, encoding="utf-8")
    done = quickml("init", "calls.csv", cwd=tmp_path)
    training = json.loads((tmp_path / "calls.json").read_text(encoding="utf-8"))["training"]
    assert training.get("class_weight") == ("balanced" if is_proposed else None)
    said = f"/training/class_weight: 'balanced', because 'no' has {common} rows and 'yes' {rare}"
    assert (said in done.stderr) == is_proposed
    assert read_plan(tmp_path / "calls.json").document.training.class_weight == training.get("class_weight")


def test_a_sheet_of_a_workbook_can_be_named(tmp_path):
    rows = [["n", "kind"], *([number * 1.5, "ab"[number % 2]] for number in range(40))]
    (tmp_path / "flats.xlsx").write_bytes(workbook({"Other": [["a", "b"], [1, 2], [3, 4]], "Flats": rows}))
    done = quickml("data", "flats.xlsx", "--sheet", "Flats", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["document"]["dataset"]["sheet"] == "Flats"
    done = quickml("data", "flats.xlsx", cwd=tmp_path)
    assert "2 rows, 2 columns (Excel workbook, sheet Other, names in row 1)" in done.stdout


def test_a_column_with_something_wrong_can_be_left_out(folder):
    """The message says which command does it, and the command works."""
    rows = "".join(f"{index * 7 % 31},{index % 5},{index}.5\n" for index in range(40))
    (folder / "flats.csv").write_text(f"my area,rooms,price\n{rows}unknown,2,3.5\n")
    done = quickml("init", "flats.csv", "--target", "price", cwd=folder)
    assert done.returncode == 2
    assert "flats.csv, line 42, column 'my area'" in done.stderr
    advised = "quickml init flats.csv --target price --column 'my area=ignore'"
    assert done.stderr.splitlines()[-1] == f"to leave this column out: {advised}"
    shown = quickml("data", "flats.csv", "--target", "price", cwd=folder)
    assert (shown.returncode, "problem" in shown.stdout, advised in shown.stderr) == (2, True, True)
    assert quickml(*shlex.split(advised)[1:], cwd=folder).returncode == 0
    document = json.loads((folder / "flats.json").read_text())
    assert document["dataset"]["columns"] == {"my area": "ignore", "rooms": "number"}
    assert read_plan(folder / "flats.json").info.sizes == (32, 9)


def test_a_workbook_of_recordings_is_refused_with_what_to_do(folder):
    (folder / "motion.xlsx").write_bytes(workbook({"Run": [["t", "x"], [0, 1], [1, 2]]}))
    told = (
        "/dataset/file: expected a .csv file, or a folder or a .zip file of them, found an Excel workbook"
        " (motion.xlsx); export each sheet with recordings as a .csv file"
    )
    for command in (["data"], ["init"]):
        done = quickml(*command, "motion.xlsx", "--kind", "recordings", cwd=folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert told in done.stderr


def test_types_of_columns_are_named_on_the_command_line(folder):
    name = _init(folder, "--column", "petal=ignore")
    assert json.loads((folder / name).read_text())["dataset"]["columns"]["petal"] == "ignore"
    for wrong in ("petal", "petal=text", "=ignore"):
        done = quickml("data", "flowers.csv", "--column", wrong, cwd=folder)
        assert done.returncode == 2
        assert done.stderr.startswith("error: --column: expected COLUMN=number or COLUMN=category or")
    done = quickml("data", "flowers.csv", "--column", "pedal=ignore", cwd=folder)
    assert "found 'pedal'; did you mean 'petal'?" in done.stderr
    done = quickml("data", "flowers.csv", "--kind", "recordings", "--column", "petal=ignore", cwd=folder)
    assert done.stderr == "error: --column: expected a table, found recordings\n"
