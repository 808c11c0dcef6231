"""The type of each column is found out, or the mistake in it, with its line and what to write."""

import math

import pytest

from csv_files import NUMBERS, rows
from quickml.datasets import TableReference
from quickml.tables.numbers import number
from quickml.tables.read import read
from quickml.tables.target import Target, target
from quickml.tables.types import Fault, typed, variants


@pytest.fixture
def columns(tmp_path):
    def read_text(content):
        (tmp_path / "t.csv").write_text(content, encoding="utf-8")
        table = read(tmp_path / "t.csv", "t.csv")
        return {name: typed(cells, name, table.dialect) for name, cells in table.columns.items()}

    return read_text


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("5", ".", 5), ("-5.25", ".", -5.25), ("+.5", ".", 0.5), ("5.", ".", 5), (" 5 ", ".", 5), ("1e3", ".", 1000),
        ("2.5E-3", ".", 0.0025), ("5,25", ",", 5.25), ("1,234.5", ".", 1234.5), ("1.234,5", ",", 1234.5),
        ("1,234,567", ".", 1_234_567), ("1 234,5", ",", 1234.5), ("1\N{NARROW NO-BREAK SPACE}234", ".", 1234),
        ("1'234.5", ".", 1234.5), ("1\u2019234.5", ".", 1234.5), ("\N{MINUS SIGN}3", ".", -3), ("12 %", ".", 12),
        ("€ 5.10", ".", 5.1), ("-$7.5", ".", -7.5), ("5,10 €", ",", 5.1), ("CHF 10", ".", 10), ("'5", ".", 5),
        ("\N{NO-BREAK SPACE}7", ".", 7), ("0", ".", 0), ("-0.5", ".", -0.5), ("3.4e38", ".", 3.4e38),
    ],
)  # fmt: skip
def test_a_number_is_read_however_it_is_written(cell, decimal, value):
    assert number(cell, decimal).value == value


@pytest.mark.parametrize(
    "cell",
    [
        "", "-", "x", "0x10", "1_000", "1e400", "1e39", "inf", "nan", "Infinity", "01067", "-007", "1.2.3", "12,34",
        "1,23,456", "--5", "5-", "(5)", "5 5", "١٢", "\N{FULLWIDTH DIGIT FIVE}", "½", "1/2", "5 kg", "€5€", "e5", "1e",
        "2024-01-01", "12:30", "+-5", "0,123,456", "1 23",
    ],
)  # fmt: skip
def test_what_is_no_number_is_none(cell):
    assert number(cell, ".") is None


def test_numbers_that_may_be_two_things_are_refused(columns):
    fault = columns('a,label\n"1,234",x\n"2,345",y\n')["a"].fault
    assert fault.found == "'1,234', which may be 1234 or 1.234"
    assert fault.hint == 'write "decimal": "." for 1234 or "decimal": "," for 1.234'
    assert columns('a,b,label\n"1,234",0.5,x\n"2,345",1.5,y\n')["a"].fault is None
    assert columns('a,label\n"1,234",x\n"2,345,678",y\n')["a"].fault is None
    assert columns("a;b;label\n1.234;0,5;x\n2.345;1,5;y\n")["a"].remark.startswith("points, blanks")


def test_points_between_semicolons_may_separate_thousands(columns):
    fault = columns("a;label\n980;x\n1.250;y\n")["a"].fault
    assert fault.found == "'1.250', which may be 1250 or 1.250"
    assert fault.hint == 'write "decimal": "," for 1250 or "decimal": "." for 1.250'
    assert columns("a,label\n0.980,x\n1.250,y\n")["a"].fault is None
    assert columns("a;b;label\n980;0.5;x\n1.250;1.5;y\n")["a"].fault is None


def test_numbers_too_large_for_a_float_are_called_so(columns):
    fault = columns("a,label\n" + rows(20, lambda n: f"{n}e38,x\n"))["a"].fault
    assert (fault.expected, fault.found) == ("numbers up to 3.4e38", "'4e38' in 16 of 20 rows")


@pytest.mark.parametrize(
    ("cell", "remark"),
    [
        (lambda n: f"{1_700_000_000 + 60 * n * n}", "subtract 1.7e+09 from all"),
        (lambda n: f"{n}e-8", "give them in another unit"),
        (lambda n: f"{n}e20", "give them in another unit"),
        (lambda n: f"{1_700_000_000 + 86_400 * n * n}", ""),
    ],
)
def test_numbers_that_floats_hardly_tell_apart_are_told(cell, remark, columns):
    found = columns("a,label\n" + rows(30, lambda n: f"{cell(n)},x\n"))["a"]
    assert found.type == "number"
    assert found.remark.endswith(remark) if remark else not found.remark


def test_numbers_that_are_the_same_float_teach_nothing(columns):
    found = columns("a,label\n" + rows(30, lambda n: f"1.00000000{n:02},x\n"))["a"]
    assert (found.type, found.reason) == ("ignore", "the same 32-bit float in all rows")


def test_signs_are_left_out_of_numbers_and_told(columns):
    assert columns("a,label\n5%,x\n7.5 %,y\n")["a"].remark == "numbers are read without their %"
    assert columns("a,label\n€5,x\n€ 7.5,y\n")["a"].remark == "numbers are read without their €"
    assert columns("a,label\n5%,x\n7,y\n")["a"].fault.expected == "numbers with the same sign in all rows"
    assert columns("a,label\n$5,x\n€7,y\n")["a"].fault.found == "$ and €"


@pytest.mark.parametrize("cell", ["0x10", "1e400", "1e39", "inf", "1_000", "#DIV/0!", "(5.0)", "abc", "١٢"])
def test_a_cell_that_is_no_number_among_numbers_is_a_mistake(cell, columns):
    fault = columns(NUMBERS + f"{cell},x\n")["a"].fault
    assert fault.expected in ("numbers", "numbers up to 3.4e38")
    assert (fault.found, fault.cell) == (f"'{cell}' in 1 of 21 rows", cell)


@pytest.mark.parametrize("cell", ["0x10", "1e400", "inf", "-Infinity", "1_000", "#VALUE!", "(5)", "9" * 50])
def test_what_only_computers_take_for_a_number_is_a_mistake_among_few_too(cell, columns):
    fault = columns(f"a,label\n1,x\n{cell},y\n")["a"].fault
    assert fault.cell == cell
    assert fault.expected in ("numbers", "numbers up to 3.4e38")
    rated = "a,label\n" + rows(90, lambda n: f"{n % 3},{'xy'[n % 2]}\n")
    assert columns(rated + f"{cell},x\n")["a"].fault


def test_in_a_small_table_half_of_the_cells_decide(columns):
    assert columns("a,label\n1,x\nabc,y\n3,x\n")["a"].fault.found == "'abc' in 1 of 3 rows"
    assert columns("a,label\n1,x\nabc,y\ndef,x\n")["a"].type == "category"
    rated = "a,label\n" + rows(90, lambda n: f"{['1', '2', '3', 'many'][n % 4]},{'xy'[n % 2]}\n")
    assert columns(rated)["a"] == columns(rated.replace("many", "more"))["a"]
    assert columns(rated)["a"].type == "category"


def test_a_late_cell_that_is_no_number_is_found_too(columns):
    fault = columns("a,b\n" + rows(5000, lambda n: f"{n / 7},x\n") + "oops,x\n")["a"].fault
    assert fault.found == "'oops' in 1 of 5,001 rows"


def test_another_decimal_sign_is_told(columns):
    halves = rows(10, lambda n: f"{n},5;{n},25;x\n") + rows(10, lambda n: f"{n}.5;{n},75;y\n")
    fault = columns("a;b;label\n" + halves)["a"].fault
    assert fault.expected in ("numbers with a point as in '0.5'", "numbers with a comma as in '0,5'")
    assert fault.hint == "write all numbers with the same decimal sign"
    fault = columns("a;b;label\n" + rows(10, lambda n: f"{n},5;{n}.25;x\n"))["a"].fault
    assert fault.hint.startswith("other columns have a point; write all alike")
    late = columns("a;b\n" + rows(1500, lambda n: f"{n};x\n") + rows(30_000, lambda n: f"{n},5;y\n"))[
        "a"
    ].fault
    assert (late.found, late.option, late.value) == ("'0,5' in 30,000 of 31,500 rows", "decimal", ",")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (lambda n: n + 1, "numbers of rows"),
        (lambda n: 501 + n, "numbers of rows"),
        (lambda n: f"2024-01-{n + 1:02d}", "dates"),
        (lambda n: f"{n + 1:02d}.01.2024", "dates"),
        (lambda n: f"1/{n + 1}/2024 10:30", "dates"),
        (lambda n: f"{n:02d}:15", "times of the day"),
        (lambda n: f"Jan {n + 1} 2024", "dates"),
        (lambda n: f'"March {n + 1}, 2024"', "dates"),
        (lambda n: 20240101 + n % 5 * 100, "dates"),
        (lambda n: f"n{n}", "texts that are all different"),
        (lambda n: f"{n % 15} {'long words ' * 5}", "free text"),
        (lambda _: 7, "the same value in all rows"),
        (lambda _: "x", "the same value in all rows"),
        (lambda _: "NA", "no values"),
        (lambda _: "", "no values"),
    ],
)
def test_columns_that_teach_nothing_are_left_out_with_the_reason(cell, reason, columns):
    found = columns("c,a,label\n" + rows(20, lambda n: f"{cell(n)},{n * 1.5},{'xy'[n % 2]}\n"))["c"]
    assert (found.type, found.reason, found.fault) == ("ignore", reason, None)


@pytest.mark.parametrize("name", ["id", "customer_id", "PassengerId", "Nr", "row", "uuid"])
def test_different_whole_numbers_are_ids_by_their_name(name, columns):
    found = columns(f"{name},a,label\n" + rows(20, lambda n: f"{7919 * n % 1000},{n * 1.5},x\n"))[name]
    assert found.reason == "ids: whole numbers, all different"


@pytest.mark.parametrize("name", ["humid", "paid", "acid", "casino"])
def test_a_name_that_only_ends_like_one_is_no_id(name, columns):
    found = columns(f"{name},a,label\n" + rows(20, lambda n: f"{7919 * n % 1000},{n * 1.5},x\n"))[name]
    assert found.type == "number"


def test_years_are_numbers(columns):
    assert columns("year,label\n" + rows(30, lambda n: f"{1990 + n},{n % 2}\n"))["year"].type == "number"


def test_texts_are_categories_up_to_a_hundred(columns):
    for count, kind in ((100, "category"), (101, "ignore")):
        found = columns("c,label\n" + rows(500, lambda n, count=count: f"text {n % count},{n % 2}\n"))["c"]
        assert found.type == kind
    assert found.reason == "more than 100 different texts"
    codes = columns("c,label\n" + rows(5000, lambda n: f"{n % 2000:05d},{n % 2}\n"))["c"]
    assert codes.reason == "codes with leading zeros, more than 100 different"
    ids = columns("c,label\n" + rows(5000, lambda n: f"t{n},{n % 2}\n"))["c"]
    assert ids.reason == "texts that are all different"


def test_a_category_with_missing_words_tells_them(columns):
    found = columns("c,label\n" + rows(20, lambda n: f"{['DE', 'NA', 'FR'][n % 3]},{n % 2}\n"))["c"]
    assert (found.type, found.remark) == ("category", "'NA' is read as missing")


@pytest.mark.parametrize("other", ["Setosa", "setosa ", "SETOSA", "\N{NO-BREAK SPACE}setosa", "set\u200bosa"])
def test_texts_that_look_alike_are_found(other, tmp_path):
    (tmp_path / "t.csv").write_text(f"a,label\n1,setosa\n2,{other}\n3,x\n", encoding="utf-8")
    assert variants(read(tmp_path / "t.csv", "t.csv").columns["label"]) == ("setosa", other)


# Targets


@pytest.fixture
def aim(tmp_path):
    def found(cells, **options):
        (tmp_path / "t.csv").write_text(
            "a,y\n" + "".join(f"{n * 1.5},{cell}\n" for n, cell in enumerate(cells)), encoding="utf-8"
        )
        table = read(tmp_path / "t.csv", "t.csv")
        return target(table.columns["y"], TableReference(file="t.csv", target="y", **options), table.dialect)

    return found


def test_whole_numbers_are_classes_if_they_are_few_and_often(aim):
    assert aim([n % 3 for n in range(15)]).labels == ("0", "1", "2")
    assert aim([n % 3 for n in range(14)]).task == "regression"
    assert aim([n % 20 for n in range(100)]).labels == tuple(map(str, range(20)))
    assert aim([n % 21 for n in range(105)]).task == "regression"
    assert aim([n % 3 + 0.5 for n in range(15)]).task == "regression"
    assert aim([f"{n % 3}.0" for n in range(15)]).labels == ("0", "1", "2")
    assert aim([n % 21 for n in range(105)], task="classification").labels == tuple(map(str, range(21)))
    assert aim([n % 3 for n in range(15)], task="regression").task == "regression"


def test_labels_are_sorted_counted_and_found_again(aim):
    found = aim(["b", "a", "b", "", "c"])
    assert (found.labels, found.counts) == (("a", "b", "c"), (1, 2, 1))
    assert list(found.values)[:3] == [1, 0, 1]
    assert math.isnan(found.values[3])
    assert aim(["b", "a", "b"], labels=("b", "a")).counts == (2, 1)
    assert aim(["01", "02", "01"]).labels == ("01", "02")


@pytest.mark.parametrize(
    ("cells", "options", "expected", "found"),
    [
        (["x"] * 10, {}, "two or more classes", "'x' in all rows"),
        (["x", "X", "y"], {}, "texts that differ by more than case, blanks or the form of letters", "'x' and 'X'"),
        (["x", "y", "z"], {"labels": ("x", "y")}, "one of the labels 'x', 'y'", "'z'"),
        ([f"t{n % 101}" for n in range(202)], {}, "at most 100 classes", "101"),
        ([f"t{n % 1001}" for n in range(2002)], {"task": "classification"}, "at most 1,000 classes", "more"),
        ([f"2024-01-{n + 1:02d}" for n in range(20)], {}, "classes or numbers to learn", "dates"),
        (["x", "y"] * 5, {"task": "regression"}, "numbers", "'x'"),
        ([1.5] * 10, {}, "different numbers to learn", "1.5 in all rows"),
        ([*(n * 1.5 for n in range(20)), "abc"], {}, "numbers", "'abc' in 1 of 21 rows"),
        ([""] * 10, {}, "classes or numbers to learn", "no values"),
        ([1, 2] * 10, {"task": "regression", "labels": ("1", "2")}, "no labels of a regression", "labels"),
    ],
)  # fmt: skip
def test_a_target_that_cannot_be_learned_is_a_mistake(cells, options, expected, found, aim):
    fault = aim(cells, **options)
    assert isinstance(fault, Fault)
    assert (fault.expected, fault.found) == (expected, found)


def test_both_labels_that_look_alike_may_be_meant(aim):
    assert isinstance(aim(["x", "X", "y"], labels=("x", "X", "y")), Target)
