"""Workbooks, JSON lines and Parquet files mean what the same CSV file means, or are refused with a place."""

import csv
import datetime
import io
import json
import random
import tracemalloc

import pytest

import rounds
from quickml.datasets import TableReference
from quickml.document import understand
from quickml.errors import DocumentError, TableError
from quickml.imports.kinds import has_beginning, kind_of
from quickml.sources.formats import HEAD_BYTES
from quickml.tables import LocalTables
from quickml.tables.dialect import Asked
from quickml.tables.prepare import prepare
from quickml.tables.profile import profile
from quickml.tables.raw import read_raw
from quickml.tables.read import read
from quickml.tables.types import typed
from workbooks import DATE, PERCENT, TIME, packed, sheet_xml, workbook

NAMES = ["id", "code", "district", "area", "built", "ok", "kind"]
ROWS = [
    [number + 1, f"0{number % 7}067", ["Mitte", "Süd, West", "", None][number % 4], None if number % 9 == 0 else number * 1.25 + 0.3,
     f"2024-01-{number % 28 + 1:02d}", number % 2 == 0, "abc"[number % 3]]
    for number in range(60)
]  # fmt: skip


def as_csv():
    stream = io.StringIO()
    csv.writer(stream).writerows(
        [
            NAMES,
            *(
                [
                    {True: "TRUE", False: "FALSE"}.get(cell, cell) if isinstance(cell, bool) else cell
                    for cell in row
                ]
                for row in ROWS
            ),
        ]
    )
    return stream.getvalue().encode()


def as_json():
    rows = [
        {name: cell for name, cell in zip(NAMES, row, strict=True) if cell is not None or row is ROWS[0]}
        for row in ROWS
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_workbook():
    days = datetime.date(1899, 12, 30)
    rows = [[*row[:4], ((datetime.date.fromisoformat(row[4]) - days).days, DATE), *row[5:]] for row in ROWS]
    return workbook({"Flats": [NAMES, *rows]})


def as_parquet(names=NAMES, rows=ROWS, **options):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    stream = io.BytesIO()
    columns = [pa.array(list(column)) for column in zip(*rows, strict=True)]
    parquet.write_table(pa.table(columns, names=list(names)), stream, **options)
    return stream.getvalue()


FORMATS = {"jsonl": as_json, "xlsx": as_workbook, "parquet": as_parquet}


@pytest.fixture
def file(tmp_path):
    def written(content, name="t"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return written


@pytest.fixture
def message(file):
    """What the error for a file says."""

    def refused(content, **options):
        with pytest.raises(TableError) as caught:
            read(file(content), "t", **options)
        return str(caught.value)

    return refused


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_means_what_the_csv_file_means(name, file):
    table, other = read(file(as_csv()), "t"), read(file(FORMATS[name](), "u"), "u")
    assert other.format == name
    assert (other.names, other.rows) == (table.names, table.rows)
    for column, cells in table.columns.items():
        found = other.columns[column]
        assert typed(found, column, other.dialect) == typed(cells, column, table.dialect)
        assert found.counts.missing_texts == cells.counts.missing_texts, column
        if column != "ok":  # TRUE in Excel
            assert found.values == cells.values
    first, second = (prepare(one, TableReference(file="t", target="kind")).data() for one in (table, other))
    assert (first.x_train == second.x_train).all()
    assert (first.y_test == second.y_test).all()


@pytest.mark.parametrize("name", FORMATS)
def test_what_was_found_out_is_written_out_and_read_back(name, file, tmp_path):
    file(FORMATS[name](), "flats")
    document = {
        "name": "flats",
        "dataset": {"name": "table", "file": "flats", "target": "kind"},
        "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
    }
    plan = understand(document, LocalTables(tmp_path))
    assert plan.notices
    written = plan.document.model_dump(mode="json", exclude_none=True)
    assert "delimiter" not in written["dataset"]
    again = understand(written, LocalTables(tmp_path))
    assert not again.notices
    assert again.document.model_dump(mode="json", exclude_none=True) == written
    document["dataset"]["delimiter"] = ";"
    with pytest.raises(DocumentError, match="leave it out"):
        understand(document, LocalTables(tmp_path))


@pytest.mark.parametrize("name", FORMATS)
def test_profiles_and_rows_for_predictions(name, file):
    path = file(FORMATS[name]())
    found = profile(path, "t").message().model_dump(mode="json")
    assert found["format"] == name
    assert found["rows"] == 60
    assert found["document"]["dataset"]["target"] == "kind"
    raw = read_raw(path, "t", NAMES)
    assert raw.rows[1][1][:2] == ["2", "01067"]


def test_the_line_of_a_cell_is_told(file):
    table = read(file(b'{"a": 1, "b": "x"}\n\n{"a": 2, "b": "y"}\n'), "t")
    assert table.line_of("b", "y") == 3
    assert table.blank_lines == 1
    table = read(file(workbook({"A": sheet_xml([["a", "b"], [1, "x"], [2, "y"]], first_row=4)})), "t")
    assert table.line_of("b", "y") == 6
    assert str(table.fault("x", "y", line=6, column="b")).startswith(
        "t, sheet 'A', row 6, column 'b' (B): expected"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"a": 1, "b": 2}\n{"a": [1], "b": 2}\n', "t, line 2, column 'a': expected a text, a number, true, false or null, found a list; give each"),
        (b'{"a": 1, "b": {"c": 2}}\n', "t, line 1, column 'b': expected a text, a number, true, false or null, found an object"),
        (b'{"a": 1, "a": 2}\n', "t, line 1: expected each key once, found 'a' twice"),
        (b'{"a": 1, "b": 2\n', "t, line 1: expected a JSON object, found an error"),
        (b'{"a": 1, "b": 2}\n[1]\n', "t, line 2: expected a JSON object, found a list"),
        (b'{"a": 1, "b": 2}\n5\n', "t, line 2: expected a JSON object, found a value"),
        (b'{"a": 1, "b": 2} {}\n', "t, line 1: expected a JSON object, found an error: extra data"),
        (b'{"a": "\\ud800", "b": 2}\n', "t, line 1, column 'a': expected text, found half of a character"),
        (b'{"a": "\\u0000", "b": 2}\n', "t, line 1, column 'a': expected text, found the character NUL"),
        (b'{"a": "\xff", "b": 2}\n', "t, line 1: expected text in UTF-8, found the byte 0xff"),
        (b'{"a": 1}\n{"a": 2}\n', "t: expected two or more columns, found one, 'a'"),
        (b'{"": 1, "b": 2, " ": 3}\n', "t, column 3: expected keys with letters, found an empty one"),
        (b'{"a": 1, "A": 2}\n', "t, column 2: expected names that differ by more than case"),
        (b'{"a":' + b"[" * 100_000 + b"\n", "t, line 1: expected a text, a number, true, false or null, found a deep one"),
        (b"{}\n{}\n", "t: expected an object with keys in each line, found none"),
        (b'{"a": "' + b"x" * 70_000 + b'", "b": 1}\n', "t, line 1, column 'a': expected at most 65,536 characters"),
    ],
)  # fmt: skip
def test_json_lines_are_refused_with_their_line(content, expected, message):
    assert message(content).startswith(expected)


def test_keys_that_are_missing_are_missing_values(file):
    table = read(file(b'{"a": 1}\n{"a": 2, "b": "x"}\n{"b": null, "c": true, "a": NaN}\n'), "t")
    assert table.names == ("a", "b", "c")
    assert table.columns["b"].values == ["", "x"]
    assert table.columns["c"].values == ["", "true"]
    assert table.columns["a"].counts.missing == 1


def test_cells_of_a_sheet_are_what_they_would_be_in_a_csv_file(file):
    rows = [["n", "day", "share", "at", "flag", "text", "error"],
            [1.0, (45000, DATE), (0.125, PERCENT), (0.5, TIME), True, "01067", "#N/A"],
            [2.5, (45000.5, DATE), (0.25, PERCENT), (0.25, TIME), False, "5,1", "#DIV/0!"]]  # fmt: skip
    table = read(file(workbook({"A": sheet_xml(rows, first_row=3, first_column=2)})), "t")
    assert table.header_line == 3
    assert {name: cells.values for name, cells in table.columns.items()} == {
        "n": ["1", "2.5"], "day": ["2023-03-15", "2023-03-15 12:00:00"], "share": ["0.125", "0.25"],
        "at": ["12:00:00", "06:00:00"], "flag": ["TRUE", "FALSE"], "text": ["01067", "5,1"], "error": ["#N/A", "#DIV/0!"],
    }  # fmt: skip


def test_the_sheet_is_found_out_and_can_be_named(file):
    sheets = {"Notes": "<sheetData/>", "Old": [["a", "b"], [1, 2]], "Data": [["c", "d"], [3, 4], [5, 6]]}
    path = file(workbook(sheets, hidden=("Old",)))
    table = read(path, "t")
    assert (table.sheet, table.sheets, table.names) == ("Data", 2, ("c", "d"))
    assert read(path, "t", sheet="Old").names == ("a", "b")
    with pytest.raises(TableError, match="found one, 'x'; name another sheet: \"sheet\""):
        read(file(workbook({"Notes": [["x"]], "Data": [["a", "b"], [1, 2]]}), "notes"), "t")
    with pytest.raises(TableError, match="expected one of the sheets Notes, Old, Data, found 'Dat'"):
        read(path, "t", sheet="Dat")
    with pytest.raises(
        TableError, match="sheet 'Notes': expected a table with a header and rows, found an empty"
    ):
        read(path, "t", sheet="Notes")
    with pytest.raises(TableError, match=r"expected an Excel workbook .* because a sheet is named"):
        read(file(b"a,b\n1,2\n"), "t", sheet="Data")


def test_a_workbook_on_a_server_is_no_archive_of_pictures(file):
    assert kind_of(file(as_workbook()), "t", None) == "table"
    assert kind_of(file(packed({"apple/1.jpg": "x"})), "t", None) == "pictures"
    assert not has_beginning(as_workbook()[:HEAD_BYTES])
    assert has_beginning(as_json()[:HEAD_BYTES])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (workbook({"A": [["a", "b"], [1, 2]]})[:-30], "t: expected an Excel workbook (.xlsx) that can be read, found a damaged one"),
        (packed({"a.txt": "x"}), "t: expected a CSV file or an Excel workbook (.xlsx), found a zip archive"),
        (workbook({"A": "<sheetData/>"}), "t, sheet 'A': expected a table with a header and rows, found an empty sheet"),
        (workbook({"A": [["a", None, "c"], [1, 2, 3]]}), "t, sheet 'A', row 1, column 2 (B): expected a name for each column"),
        (workbook({"A": [["a", "b"]]}), "t, sheet 'A', row 1: expected rows below the header, found none"),
        (workbook({"A": sheet_xml([["a", "b"], ["x", 2], [None, 3]], more='<mergeCells><mergeCell ref="A2:A3"/></mergeCells>')}),
         "t, sheet 'A', row 2, column 'a' (A): expected a value in each cell, found merged cells A2:A3; unmerge"),
        (workbook({"A": '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'}),
         "t, sheet 'A': expected at most 10,000,000 cells, found 1,048,576 rows and 16,384 columns"),
        (workbook({"A": "<sheetData><row><c><v>1</c></row>"}), "t: expected an Excel workbook that can be read, found"),
    ],
)  # fmt: skip
def test_workbooks_are_refused_with_sheet_row_and_column(content, expected, message):
    assert message(content).startswith(expected)


def test_titles_merged_above_the_header_are_passed_over(file):
    rows = [["Flats of 2024", None, None], ["a", "b", "kind"], *([n, n * 2.5, "xy"[n % 2]] for n in range(9))]
    table = read(
        file(workbook({"A": sheet_xml(rows, more='<mergeCells><mergeCell ref="A1:C1"/></mergeCells>')})), "t"
    )
    assert (table.header_line, table.dialect.skipped) == (2, "titles")


def test_a_bomb_is_not_unpacked(message):
    content = packed({"xl/workbook.xml": b"<a/>", "xl/sharedStrings.xml": b"\0" * (300 << 20)})
    tracemalloc.start()
    try:
        assert message(content).startswith("t: expected at most 256 MiB when it is unpacked, found more")
        assert tracemalloc.get_traced_memory()[1] < 300 << 20
    finally:
        tracemalloc.stop()


def test_entities_of_a_workbook_are_not_expanded(message):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><workbook>&a;</workbook>'
    assert "defines entities" in message(
        packed({"xl/workbook.xml": bomb, "xl/_rels/workbook.xml.rels": "<a/>"})
    )


def test_parquet_needs_the_extra(file, monkeypatch):
    monkeypatch.setattr("quickml.tables.arrow.extra.find_spec", lambda name: None)
    with pytest.raises(
        TableError, match=r'found a Parquet file; install the extra: pip install "quickml-coreml\[arrow\]"'
    ):
        read(file(b"PAR1aaaa"), "t")


def test_parquet_files_are_refused_with_a_sentence(message):
    pytest.importorskip("pyarrow")
    plain = as_parquet(["a", "b"], [[1, 2.5], [2, 3.5]])
    assert message(plain[:-20]).startswith("t: expected a Parquet file that can be read, found a damaged one")
    assert message(b"PARE" + plain[4:]).startswith(
        "t: expected a Parquet file that can be read, found an encrypted one"
    )
    assert message(as_parquet(["a", "b"], [[1, [2]], [2, [3]]])).startswith(
        "t, column 'b': expected columns of numbers, texts, dates, or true and false, found 'a column of list<"
    )
    assert message(as_parquet(["a", "A"], [[1, 2]])).startswith("t, column 2: expected names that differ")
    assert message(as_parquet(["a", "b"], [["x\0", 2]])).startswith(
        "t: expected a Parquet file that can be read"
    )
    assert message(as_parquet(["a", "b"], [["x" * 70_000, 2]])).startswith(
        "t: expected a table that can be read"
    )
    assert message(as_parquet(["a"], [[1]])).startswith("t: expected two or more columns")


def test_parquet_columns_of_lists_are_left_out_if_the_document_says_so(file):
    pytest.importorskip("pyarrow")
    content = as_parquet(["a", "b", "c"], [[1, [2], "x"], [2, [3], ""], [None, [], ""]])
    with pytest.raises(TableError, match=r'or leave it out: "columns": \{"b": "ignore"\} in a'):
        read(file(content), "t", asked=Asked(unread=frozenset({"a"})))
    table = read(file(content), "t", asked=Asked(unread=frozenset({"b"})))
    assert (table.rows, table.empty_rows) == (2, 1)
    assert (table.columns["a"].values, table.columns["b"].values) == (["1", "2"], [""])
    assert table.line_of("c", "") == 2
    found = profile(file(content), "t", options={"columns": {"b": "ignore"}})
    assert [column.type for column in found.columns] == ["number", "ignore", "category"]


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files_are_read_or_refused(name, file):
    """Bytes are changed, cut out or repeated: nothing else than `TableError` comes out."""
    rng = random.Random(rounds.seed)
    whole = FORMATS[name]()
    refused = 0
    for _ in range(rounds.choose(few=40, full=2000)):
        content = bytearray(whole)
        for _ in range(rng.choice([1, 1, 3, 20])):
            place = rng.randrange(4, len(content))
            kind = rng.randrange(3)
            if kind == 0:
                content[place] = rng.randrange(256)
            elif kind == 1:
                del content[place : place + rng.randrange(1, 50)]
            else:
                content[place:place] = content[place : place + rng.randrange(1, 50)]
            if len(content) < 10:
                break
        try:
            read(file(bytes(content)), "t")
        except TableError as error:
            refused += 1
            assert str(error).isprintable()
    assert refused
