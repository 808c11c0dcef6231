"""Files as they are met are read as they were meant, or refused with line, column and what to do."""

import csv
import hashlib
import io
import os
import random
import tracemalloc
from pathlib import Path

import pytest

import rounds
from csv_files import READ, REFUSED
from quickml.errors import TableError
from quickml.tables.dialect import Asked
from quickml.tables.read import read
from quickml.tables.records import open_field
from quickml.tables.text import BLOCK_BYTES
from quickml.tables.types import typed

PLAIN = "a,b,label\n1,2,x\n3,4,y\n"


@pytest.fixture
def table(tmp_path):
    def read_bytes(content, **options):
        path = tmp_path / "t.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path, "t.csv", **options)

    return read_bytes


@pytest.mark.parametrize("name", READ)
def test_a_table_is_read(name, table):
    content, expected = READ[name]
    found = table(content)
    dialect = found.dialect
    assert found.rows == expected.get("rows", 2)
    assert found.encoding == expected.get("encoding", "utf-8")
    assert dialect.delimiter == expected.get("delimiter", ",")
    assert dialect.decimal == expected.get("decimal", ".")
    assert dialect.header is expected.get("header", True)
    if "names" in expected:
        assert list(found.names) == expected["names"]
    if "columns" in expected:
        assert list(found.columns) == expected["columns"]
    if "header_line" in expected:
        assert found.header_line == expected["header_line"]
    if "types" in expected:
        types = [typed(cells, name, dialect).type for name, cells in found.columns.items()]
        assert " ".join(types) == expected["types"]
    if "missing" in expected:
        assert [cells.counts.missing for cells in found.columns.values()] == expected["missing"]
    assert found.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_is_refused_with_a_place_and_what_to_do(name, table):
    content, expected = REFUSED[name]
    with pytest.raises(TableError) as caught:
        table(content)
    assert str(caught.value).startswith(("t.csv, " if expected.startswith("line") else "t.csv: ") + expected)


def test_what_is_not_a_regular_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for path, found in (
        (tmp_path, "found a folder"),
        (tmp_path / "pipe.csv", "found something else"),
        (tmp_path / "missing.csv", "found none (no such file or directory)"),
        (tmp_path / "a\0b.csv", "found a character that no path contains"),
        (Path("/dev/zero"), "found something else"),
    ):
        with pytest.raises(TableError) as caught:
            read(path, "x.csv")
        assert found in str(caught.value)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("quickml.tables.text.MAX_BYTES", 3 << 20)
    monkeypatch.setattr("quickml.tables.text.is_installed", lambda: False)
    path = tmp_path / "large.csv"
    with path.open("wb") as stream:
        stream.truncate(4 << 20)
    with pytest.raises(
        TableError, match=r"expected at most 3 MiB, found 4 MiB; install the extra: .*\[arrow\]"
    ):
        read(path, "large.csv")


def test_what_the_document_says_is_not_found_out(table):
    content = "1;2;x\n3;4;y\n"
    with pytest.raises(TableError, match="two or more columns"):
        table(content, asked=Asked(delimiter=","))
    assert table(content, asked=Asked(header=True)).names == ("1", "2", "x")
    assert table("x\n" + PLAIN, asked=Asked(header=2)).header_line == 2
    assert table("x,y,z\nu,v,w\n", asked=Asked(names=frozenset(["y"]))).dialect.header
    assert table("ü,b\n1,2\n".encode("cp1252"), encoding="cp1252").names == ("ü", "b")
    assert table("a,b\n1,2\n".encode("utf-16-le"), encoding="utf-16").names == ("a", "b")
    with pytest.raises(TableError, match="expected text in utf-16, found a byte order mark of utf-8"):
        table(b"\xef\xbb\xbfa,b\n1,2\n", encoding="utf-16")
    with pytest.raises(TableError, match="line 2, column 2: expected text in UTF-16"):
        table("a,b\n1,2".encode("utf-16-le") + b"\x00\xd8", encoding="utf-16")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_line_of_a_wrong_byte_is_right_beyond_a_block(table, end):
    line = f"1,2,{'z' * 93}{end}"
    count = 2 * BLOCK_BYTES // len(line) + 10
    content = f"a,b,c{end}é,é,é{end}".encode() + line.encode() * count
    with pytest.raises(TableError) as caught:
        table(content + b"1,\xff,2")
    assert (caught.value.line, caught.value.column) == (count + 3, 2)


def test_a_ragged_row_far_below_has_its_line(table):
    with pytest.raises(TableError) as caught:
        table("a,b\n" + "1,2\n" * 4321 + '"u\nv",3\n' + "\n1,2,3\n")
    assert caught.value.line == 4321 + 5


def test_columns_that_are_ignored_may_hold_anything(table):
    found = table(
        "a,b\n" + "".join(f"{number},{'x' * number}\n" for number in range(100)), ignored=frozenset("b")
    )
    assert list(found.columns) == ["a"]


def test_random_tables_are_read_as_they_were_written(table):
    """Whatever the csv module writes, in any dialect, comes back."""
    rng = random.Random(rounds.seed)
    for _ in range(rounds.choose(few=30, full=1000)):
        columns, count = rng.randint(2, 6), rng.randint(2, 40)
        texts = [
            "x",
            "two words",
            'a "quote"',
            "comma, inside",
            "semi; colon",
            "new\nline",
            "ü",
            "tab\tinside",
        ]
        names = [f"name {number}" for number in range(columns)]
        # The first column has numbers, so the header is one.
        rows = [
            [str(rng.randint(-99, 99) + 0.5), *(rng.choice(texts) for _ in range(columns - 1))]
            for _ in range(count)
        ]
        delimiter, end = rng.choice(",;\t|"), rng.choice(["\n", "\r\n"])
        content = _written([names, *rows], delimiter, end)
        found = table(
            content.encode(rng.choice(["utf-8", "utf-8-sig", "utf-16"])), asked=Asked(delimiter=delimiter)
        )
        assert found.names == tuple(names)
        for index, cells in enumerate(found.columns.values()):
            written = [row[index] for row in rows]
            assert [cells.values[code] for code in cells.codes] == written


def _written(rows, delimiter, end):
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=end).writerows(rows)
    return stream.getvalue()


def test_damaged_tables_are_read_or_refused_and_nothing_else(table):
    rng = random.Random(rounds.seed)
    contents = [content for content, _ in [*READ.values(), *REFUSED.values()] if 0 < len(content) < 1000]
    for _ in range(rounds.choose(few=300, full=20_000)):
        content = bytearray(rng.choice(contents))
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(content) + 1)
            content[place : place + rng.randint(0, 3)] = rng.choice(
                [
                    b'"',
                    b",",
                    b"\n",
                    b"\r",
                    b";",
                    b"\0",
                    b"\xff",
                    b"\xc3",
                    b" ",
                    b"-",
                    b"1",
                    b"e",
                    b"\xef\xbb\xbf",
                    b"'",
                ]
            )
        try:
            found = table(bytes(content))
        except TableError as error:
            assert str(error)
            continue
        for name, cells in found.columns.items():
            typed(cells, name, found.dialect)


def test_memory_is_that_of_the_numbers(table):
    count = 100_000
    content = "a,b,c\n" + "".join(
        f"{number / 7:.9f},{number * 1.7:.9f},{number * 0.3:.9f}\n" for number in range(count)
    )
    table(content[:1000].rpartition("\n")[0])
    tracemalloc.start()
    try:
        found = table(content)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.rows == count
    assert kept < 1.3 * 3 * 8 * count
    assert peak < 2 * 3 * 8 * count + 8e6


def test_the_text_in_a_message_stays_short():
    """Otherwise each quotation mark of a file of nothing else copies all those before it."""
    assert open_field(['"' * 1001], ",") == (1, '"' * 100)
