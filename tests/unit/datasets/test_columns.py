"""The columns of a table, and how raw rows are encoded."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from quickml.datasets import Data
from quickml.datasets.check import check
from quickml.datasets.columns import Column, feature_names, width
from quickml.datasets.encoding import decode, encode
from quickml.datasets.info import DatasetInfo
from quickml.errors import DatasetError, InputError

SEPAL = Column(name="sepal", type="number", replacement=5.5)
AGE = Column(name="age", type="number")
DISTRICT = Column(name="district", type="category", values=("Mitte", "Süd"))
FLOOR = Column(name="floor", type="category", values=(-1, 0, 7))
COLUMNS = (SEPAL, DISTRICT, AGE, FLOOR)


def described(**changes):
    fields = {
        "name": "flats",
        "title": "Flats",
        "source": "none",
        "task": "regression",
        "shape": (7,),
        "columns": COLUMNS,
        "feature_names": feature_names(COLUMNS),
        "sizes": (30, 10),
    }
    return DatasetInfo(**(fields | changes))


def test_the_layout_is_one_place_for_a_number_and_one_for_each_value_of_a_category():
    assert width(COLUMNS) == 7
    assert feature_names(COLUMNS) == (
        "sepal", "district=Mitte", "district=Süd", "age", "floor=-1", "floor=0", "floor=7",
    )  # fmt: skip


def test_rows_are_encoded():
    rows = [
        {"sepal": 5.1, "district": "Mitte", "age": 3, "floor": 7},
        {"sepal": math.nan, "district": "Nord", "age": 4.5, "floor": 8},
        {"sepal": None, "district": "", "age": 0, "floor": None},
        {"sepal": "", "age": -1},
    ]
    encoded = encode(COLUMNS, rows)
    assert encoded.dtype == np.float32
    assert encoded.tolist() == [
        [np.float32(5.1), 1, 0, 3, 0, 0, 1],
        [5.5, 0, 0, 4.5, 0, 0, 0],
        [5.5, 0, 0, 0, 0, 0, 0],
        [5.5, 0, 0, -1, 0, 0, 0],
    ]
    assert encode(COLUMNS, []).shape == (0, 7)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"age": None}, "rows/0/age: expected a number, found none; the column has no missing values"),
        ({"age": "three"}, 'rows/0/age: expected a number, found "three"'),
        ({"age": True}, "rows/0/age: expected a number, found true"),
        ({"age": 1, "district": 3}, "rows/0/district: expected a text, found 3"),
        ({"age": 1, "floor": "7"}, 'rows/0/floor: expected a whole number, found "7"'),
        ({"age": 1, "floor": 7.0}, "rows/0/floor: expected a whole number, found 7.0"),
        ({"age": 1, "floor": True}, "rows/0/floor: expected a whole number, found true"),
    ],
)
def test_wrong_values_are_refused(row, message):
    with pytest.raises(InputError) as caught:
        encode(COLUMNS, [row])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"type": "number", "values": ("a",)}, "expected none of a number"),
        ({"type": "category"}, "expected 1 to 1,000, found 0"),
        ({"type": "category", "values": ("a", "a")}, "found 'a' twice"),
        ({"type": "category", "values": ("a", "")}, "no empty text"),
        ({"type": "category", "values": ("a",), "replacement": 1.0}, "expected none of a category"),
        ({"type": "category", "values": tuple(range(1001))}, "found 1,001"),
        ({"type": "category", "values": (2**63,)}, "less than"),
        ({"type": "number", "replacement": math.nan}, "finite"),
    ],
)
def test_inconsistent_columns_are_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        Column(name="x", **fields)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": (6,), "feature_names": ()}, r"expected 7, the places of all columns, .* of \(6,\)"),
        ({"feature_names": ()}, "expected those of the columns"),
        ({"columns": (*COLUMNS[:3], SEPAL)}, "found 'sepal' twice"),
        ({"kind": "sequence", "shape": (1, 7)}, "expected numbers in a sequence, found a category"),
        ({"kind": "tokens", "vocabulary": ("a",)}, "expected none of tokens"),
    ],
)
def test_a_description_fits_its_columns(changes, message):
    with pytest.raises(ValidationError, match=message):
        described(**changes)


def test_a_description_is_the_same_after_json():
    info = described()
    assert DatasetInfo.model_validate_json(info.model_dump_json()) == info


def test_what_is_decoded_is_encoded_as_before():
    random = np.random.default_rng(0)
    rows = [
        {
            "sepal": random.choice([random.normal(), 5.5, math.nan]),
            "district": str(random.choice(["Mitte", "Süd", "Nord", ""])),
            "age": random.normal(),
            "floor": int(random.choice([-1, 0, 7, 3])),
        }
        for _ in range(200)
    ]
    encoded = encode(COLUMNS, rows)
    decoded = decode(COLUMNS, encoded, seed=1)
    np.testing.assert_array_equal(encode(COLUMNS, decoded), encoded)
    assert {row["district"] for row in decoded} == {"Mitte", "Süd", None, "0"}
    assert {row["floor"] for row in decoded} == {-1, 0, 7, None, 1}
    assert {
        math.isnan(row["sepal"]) for row in decoded if row["sepal"] == 5.5 or math.isnan(row["sepal"])
    } == {True, False}
    assert str(decoded) == str(decode(COLUMNS, encoded, seed=1))


@pytest.mark.parametrize("places", [(1, 1), (0.5, 0), (2, 0), (-1, 0)])
def test_the_rows_of_a_dataset_are_encoded(places):
    x = encode(COLUMNS, [{"age": 1, "district": "Mitte", "floor": 7}] * 30)
    y = np.zeros(30, np.float32)
    check(described(sizes=(30, 30)), Data(x_train=x, y_train=y, x_test=x, y_test=y))
    wrong = x.copy()
    wrong[3, 1:3] = places
    with pytest.raises(
        DatasetError, match=r"flats: expected at most one 1, .* test rows of the category 'district'"
    ):
        check(described(sizes=(30, 30)), Data(x_train=x, y_train=y, x_test=wrong, y_test=y))
