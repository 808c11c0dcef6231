"""Rows in the order of time: dates as people write them, the last rows for the test."""

import numpy as np
import pytest

from quickml.document import understand
from quickml.errors import DocumentError
from quickml.tables import LocalTables
from quickml.tables.cells import Cells
from quickml.tables.moments import moments
from quickml.tables.types import Fault
from quickml.training.set_aside import set_aside

DAYS = [f"2024-{month:02d}-{day:02d}" for month in range(1, 6) for day in range(1, 21)]
SHUFFLED = [DAYS[(n * 37) % len(DAYS)] for n in range(len(DAYS))]


def cells(*texts):
    column = Cells(".")
    column.add(texts)
    column.finish()
    return column


def ordered(*texts):
    found = moments(cells(*texts))
    assert not isinstance(found, Fault), found
    return [texts[place] for place in np.argsort(found, kind="stable")]


@pytest.mark.parametrize(
    "texts",
    [
        ("2023-12-31", "2024-01-01", "2024-01-01T08:30:00", "2024-01-01 18:00"),
        ("31.12.2023", "1.1.2024", "01.02.2024 9:05", "13.02.24"),
        ("31/12/2023", "1/1/2024 8:00", "2/1/2024"),
        ("12/31/2023", "1/2/2024 8:00 AM", "1/2/2024 1:00 PM", "1/13/2024"),
        ("2023/12/31", "2024/1/2"),
        ("31 Dec 2023", "2-Jan-2024", "3 Feb 24"),
        ("Dec 31, 2023", "Jan 2, 2024", "February 3, 2024"),
        ("2024-01-01T08:00:00+02:00", "2024-01-01T07:00:00Z"),
        ("20231231", "20240101"),
        ("1999", "2003.5", "2004"),
        ("31.12.70", "1.1.69"),
    ],
)
def test_dates_are_ordered_however_they_are_written(texts):
    assert ordered(*reversed(texts)) == list(texts)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (("1/2/2024", "3/4/2024"), "which may begin with the day or the month"),
        (("2024-01-01", "soon"), "'soon'"),
        (("31.12.2023", "30.2.2024"), "'30.2.2024'"),
        (("2024-01-01 8:70", "2024-01-02"), "'2024-01-01 8:70'"),
    ],
)
def test_what_is_no_date_is_refused(texts, found):
    fault = moments(cells(*texts))
    assert isinstance(fault, Fault)
    assert found in fault.found


@pytest.fixture
def folder(tmp_path):
    lines = [f"{n * 1.5},{day},{n % 7 + n / 100}" for n, day in enumerate(SHUFFLED)]
    (tmp_path / "sales.csv").write_text("\n".join(["heat,day,sold", *lines]) + "\n", encoding="utf-8")
    return tmp_path


def document(training=None, **options):
    dataset = {"name": "table", "file": "sales.csv", "target": "sold", **options}
    layers = [{"type": "Dense", "units": 1}]
    return {"name": "sales", "dataset": dataset, "model": {"layers": layers}, "training": training or {}}


def days(samples):
    """The days of rows, by their only input."""
    return [SHUFFLED[round(value / 1.5)] for value in samples[:, 0].tolist()]


def test_the_last_rows_are_for_the_test_and_those_before_for_the_validation(folder):
    files = LocalTables(folder)
    plan = understand(document({"validation_fraction": 0.25}, order="day"), files)
    data = files.load(plan.document.dataset)
    assert days(data.x_train) == DAYS[:80]
    assert days(data.x_test) == DAYS[80:]
    assert plan.info.is_ordered
    assert [column.name for column in plan.info.columns] == ["heat"]
    learn, check = set_aside(plan, data.y_train)
    assert learn.tolist() == list(range(60))
    assert check.tolist() == list(range(60, 80))
    messages = [notice.message for notice in plan.notices]
    assert "the last 20 of 100 rows are held out for the test" in messages
    assert not any("order" in message for message in messages)


def test_dates_that_are_left_out_are_told_to_be_an_order(folder):
    messages = [notice.message for notice in understand(document(), LocalTables(folder)).notices]
    assert 'left out: day (dates); write "order": "day" to test with the latest rows' in messages


def test_rows_of_the_same_time_are_on_one_side(folder):
    rows = [f"{n * 1.5},{2000 + n // 30},{n % 7 + n / 100}" for n in range(100)]
    (folder / "sales.csv").write_text("\n".join(["heat,year,sold", *rows]) + "\n", encoding="utf-8")
    files = LocalTables(folder)
    plan = understand(document(order="year"), files)
    assert plan.info.sizes == (60, 40)  # 2002 has 30 rows and 2003 ten; 20 rows were asked for
    data = files.load(plan.document.dataset)
    assert data.x_train.max() < data.x_test.min()


def test_the_last_rows_of_each_group_are_for_the_test(tmp_path):
    shops = [(shop, day) for shop, days in (("a", 10), ("b", 40), ("c", 1)) for day in range(days)]
    lines = [f"{shop},{2000 + day},{day},{day * 1.5 + len(shop)}" for shop, day in shops]
    (tmp_path / "sales.csv").write_text("\n".join(["shop,year,heat,sold", *lines[::-1]]) + "\n")
    files = LocalTables(tmp_path)
    plan = understand(document(order="year", group="shop", columns={"heat": "number"}), files)
    assert plan.info.sizes == (41, 10)  # 2 of 10, 8 of 40, and none of one
    assert plan.info.is_ordered
    data = files.load(plan.document.dataset)
    assert sorted(data.x_test[:, 0].tolist()) == [8, 9, *range(32, 40)]
    told = [notice.message for notice in plan.notices]
    assert "the last 10 of 51 rows, the last ones of each group, are held out for the test" in told


@pytest.mark.parametrize(
    ("options", "pointer", "part"),
    [
        ({"order": "dya"}, "/dataset/order", "did you mean 'day'?"),
        ({"order": "sold"}, "/dataset/order", "expected a column other than the target"),
    ],
)
def test_an_order_that_does_not_fit_is_refused(folder, options, pointer, part):
    with pytest.raises(DocumentError) as caught:
        understand(document(**options), LocalTables(folder))
    (problem,) = caught.value.problems
    assert problem.pointer == pointer
    assert part in str(problem)


def test_rows_without_a_time_are_refused_with_their_line(folder):
    text = (folder / "sales.csv").read_text(encoding="utf-8").replace(SHUFFLED[3], "")
    (folder / "sales.csv").write_text(text, encoding="utf-8")
    with pytest.raises(
        DocumentError, match="expected a time in every row, found none in 1 of 100 rows"
    ) as caught:
        understand(document(order="day"), LocalTables(folder))
    assert "line 5, column 'day'" in str(caught.value)


def other_rows(folder, name, first, count):
    rows = [f"{n * 1.5},2024-06-01,{n % 7}" for n in range(first, first + count)]
    (folder / name).write_text("\n".join(["heat,day,sold", *rows]) + "\n", encoding="utf-8")


def test_rows_for_validation_are_the_last_and_never_learned_from(folder):
    other_rows(folder, "check.csv", 200, 12)
    files = LocalTables(folder)
    training = {"early_stopping": {"monitor": "val_loss"}}
    plan = understand(document(training, validation_file="check.csv"), files)
    assert plan.info.sizes == (92, 20)
    assert plan.info.validation == 12
    assert len(plan.document.dataset.validation_sha256) == 64
    data = files.load(plan.document.dataset)
    learn, check = set_aside(plan, data.y_train)
    assert check.tolist() == list(range(80, 92))
    assert data.x_train[check][:, 0].min() == 300  # 200 * 1.5
    assert data.x_train[learn][:, 0].max() < 150
    again = understand({**document(training), "dataset": plan.document.dataset.model_dump()}, files)
    assert again.notices == ()
    assert again.info == plan.info


def test_one_of_two_validations_is_enough(folder):
    other_rows(folder, "check.csv", 200, 12)
    asked = document({"validation_fraction": 0.1}, validation_file="check.csv")
    with pytest.raises(DocumentError) as caught:
        understand(asked, LocalTables(folder))
    (problem,) = caught.value.problems
    assert problem.pointer == "/training/validation_fraction"
    assert "expects no fraction of a dataset with 12 validation samples of its own" in str(problem)


def test_what_is_learned_is_not_validated_and_what_is_validated_not_tested(folder):
    content = (folder / "sales.csv").read_text(encoding="utf-8")
    (folder / "check.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DocumentError, match="/dataset/validation_file: expected another file"):
        understand(document(validation_file="check.csv"), LocalTables(folder))
    other_rows(folder, "check.csv", 200, 12)
    other_rows(folder, "test.csv", 200, 12)
    with pytest.raises(
        DocumentError, match="/dataset/test_file: expected another file than the one for valid"
    ):
        understand(document(validation_file="check.csv", test_file="test.csv"), LocalTables(folder))
