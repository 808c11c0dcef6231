"""Large CSV files are read with pyarrow, and mean what they mean to the reader of small ones."""

import random
import re

import pytest

import rounds
from csv_files import READ, REFUSED
from quickml.errors import TableError
from quickml.tables.dialect import Asked
from quickml.tables.numbers import CODE
from quickml.tables.raw import read_raw
from quickml.tables.read import read
from quickml.tables.types import typed

pytest.importorskip("pyarrow")

CASES = {
    **{name: content for name, (content, _) in READ.items()},
    **{name: content for name, (content, _) in REFUSED.items()},
}


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Reads bytes with each reader; returns two tables or two messages, and whether pyarrow was enough."""

    def read_both(content, block_bytes=None, **options):
        if block_bytes:
            monkeypatch.setattr("quickml.tables.arrow.text_file.BLOCK_BYTES", block_bytes)
        path = tmp_path / "t.csv"
        path.write_bytes(content)
        found, was_fast = [], []

        def noted(*args):
            was_fast.append(result := fill(*args))
            return result

        from quickml.tables.arrow import large

        fill = large.filled_large
        for size in (1 << 40, 0):
            monkeypatch.setattr("quickml.tables.formats.LARGE_BYTES", size)
            monkeypatch.setattr(large, "filled_large", noted)
            try:
                found.append(read(path, "t.csv", **options))
            except TableError as error:
                found.append(str(error))
            monkeypatch.setattr(large, "filled_large", fill)
        return *found, any(was_fast)

    return read_both


def facts(table):
    """All that follows from a table."""
    if isinstance(table, str):
        return table
    columns = {
        name: (
            cells.rows, cells.values, list(cells.codes), [repr(number) for number in cells.as_numbers()],
            vars(cells.marks), counts(cells), typed(cells, name, table.dialect),
        )
        for name, cells in table.columns.items()
    }  # fmt: skip
    others = {key: value for key, value in vars(table).items() if key not in ("columns", "_lines")}
    return columns, others


def agree(small, large):
    """Of a file with several faults, the end of a block decides which one is told."""
    return (isinstance(small, str) and isinstance(large, str)) or facts(small) == facts(large)


def counts(cells):
    """What was counted. Texts are told apart until one of them is double, which readers find sooner or later."""
    found = dict(vars(cells.counts))
    hashes = found.pop("hashes")
    return found, len(hashes) >= cells.rows - cells.counts.missing


@pytest.mark.parametrize("name", CASES)
def test_both_readers_agree(name, both):
    small, large, _ = both(CASES[name])
    assert facts(small) == facts(large)


CELLS = [
    "1", "-2.5", "+3", "007", "1e5", "1e400", "1,5", "1.234,5", "", "NA", "-", "nan", "x", "two words", "ü", "#N/A", "0",
    "-0.5", "00", "0.5", "€ 5", "12 %", "inf", "1_000", " 7", "7 ", "2024-01-31", "#x", ".", "1e-400", "1.", ".5", "-",
    " 01", "-01", "- 5", "Infinity", "-inf", "NAN", "-nan", "0x1F", "1e39", "3.5e38", "1E5", " NA", "1,234", "\t7", "\uff11",
]  # fmt: skip


def test_both_readers_agree_on_random_files(both):
    """Any mixture of cells, line ends, quotation marks and blank lines."""
    rng = random.Random(rounds.seed)
    fast = 0
    count = rounds.choose(few=60, full=2000)
    for _ in range(count):
        content = made(rng)
        small, large, was_fast = both(content)
        assert agree(small, large), content
        fast += was_fast
    assert fast > count // 10


def test_both_readers_agree_on_numbers_with_something_else_far_below(both):
    """The parser reads numbers by itself, until there is a cell that it reads in another way, or cannot."""
    rng = random.Random(rounds.seed)
    fast = 0
    count = rounds.choose(few=12, full=500)
    for _ in range(count):
        content = numbers_and_others(rng)
        block_bytes = rng.choice([1 << 12, 1 << 13, 1 << 14])
        small, large, was_fast = both(content, block_bytes)
        assert agree(small, large), (content, block_bytes)
        fast += was_fast
    assert fast > count // 3


def numbers_and_others(rng):
    """A table whose last rows have some cells, each in a column that had only numbers, or few texts, so far."""
    delimiter, end = rng.choice(",;\t|"), rng.choice(["\n", "\n", "\r\n", "\r"])
    decimal, quote = rng.choice(".,"), rng.choice(["", "", '"'])
    odd, rows = rng.sample(CELLS, rng.choice([0, 1, 2])), rng.choice([1500, 3000])
    kinds = [rng.choice(["number", "code", "few", "many"]) for _ in range(rng.randint(2, 4))]

    def cell(kind, row):
        if odd and row > 1300 and rng.random() < 0.01:
            text = rng.choice(odd)
        elif kind == "number":
            text = f"{rng.gauss(0, 10):.4f}".replace(".", decimal) if rng.random() > 0.02 else ""
        elif kind == "code":
            text = str(rng.randrange(10**6))
        else:
            text = rng.choice(["red", "green", "NA"]) if kind == "few" else f"text {rng.randrange(10**6)}"
        return f'"{text}"' if quote or delimiter in text else text

    lines = [delimiter.join(f"name {index}" for index in range(len(kinds)))]
    lines += [delimiter.join(cell(kind, row) for kind in kinds) for row in range(rows)]
    if rng.random() < 0.2:
        lines.insert(rng.randrange(1400, len(lines)), rng.choice(["", delimiter * (len(kinds) - 1)]))
    return (end.join(lines) + end).encode()


@pytest.mark.parametrize("text", CELLS)
def test_numbers_of_the_parser_mean_what_they_mean_to_the_other_reader(text, both):
    """One cell below thousands of numbers."""
    rows = "".join(f"{index / 8}|{'xy'[index % 2]}\n" for index in range(1, 2000))
    small, large, was_fast = both(f"a|b\n{rows}{text}|x\n{rows}".encode(), 1 << 12)
    assert facts(small) == facts(large)
    assert was_fast


def test_leading_zeros_are_found_wherever_they_are():
    from quickml.tables.arrow import parser

    rng = random.Random(rounds.seed)
    for _ in range(rounds.choose(few=300, full=20_000)):
        delimiter = rng.choice(",;|\t")
        text = "".join(rng.choices("0015.-+ e" + delimiter + "\n\r", k=rng.randint(4, 40)))
        found = parser.has_codes(memoryview(text.encode()), delimiter, has_quotes=False)
        cells = re.split(f"[\n\r{re.escape(delimiter)}]", text)
        if any(CODE.match(cell.strip(" \t")) for cell in cells):
            assert found, text
        if not re.search("[-+ \\s]0[0-9]|[^.0-9e]0[0-9]", "\n" + text):
            assert not found, text


def made(rng):
    columns, rows = rng.randint(2, 5), rng.choice([3, 30, 2500, 5000])
    delimiter, end = rng.choice(",;\t|"), rng.choice(["\n", "\r\n", "\r"])
    kinds = [rng.choice(["number", "many", "few", "mixed"]) for _ in range(columns)]
    odd = rng.random() < 0.3

    def cell(kind):
        if kind == "number":
            text = f"{rng.gauss(0, 100):.3f}" if rng.random() > 0.01 else ""
        elif kind == "many":
            text = f"text {rng.randrange(10**6)}"
        elif kind == "few":
            text = rng.choice(["red", "green", "blue"])
        else:
            text = rng.choice(CELLS) if rows < 100 or odd else str(rng.randrange(5000))
        if delimiter in text or (odd and rng.random() < 0.02):
            text = '"' + text + rng.choice(["", '""', delimiter, end]) + '"'
        if odd and rng.random() < 0.0005:
            text += rng.choice(['"', delimiter, end, "\0", "\ufeff"])
        return text

    lines = [delimiter.join(f"name {index}" for index in range(columns))]
    for _ in range(rows):
        lines.append(
            delimiter.join(map(cell, kinds))
            if rng.random() > 0.0005
            else rng.choice(["", "  ", delimiter * (columns - 1)])
        )
    return (end.join(lines) + rng.choice(["", end])).encode(
        rng.choice(["utf-8", "utf-8-sig", "utf-16", "utf-8"])
    )


@pytest.mark.parametrize(
    ("content", "is_fast"),
    [
        (b"a,b\n1,2\n3,4\n", True),
        (b'a,b\n"1",2\n"x\r\ny",4\n', True),
        (b'a,b\n"x ""y""",2\n"""z""",4\n', True),
        (b"a,b\n1,2\n\n3,4\n\n", True),
        (b'a,b\n5" pipe,2\n3,4\n', False),
        (b'a,b\n"x"y,2\n3,4\n', False),
        (b'a,b\n1,2\n3,"4\n', False),
        (b"a,b\n1,2\n3\n", False),
        (b"a,b\n1,2\n#,\n", False),
    ],
)
def test_what_pyarrow_reads_and_what_is_left_to_the_other_reader(content, is_fast, both):
    small, large, was_fast = both(content, asked=Asked(header=True))
    assert facts(small) == facts(large)
    assert was_fast is is_fast


def test_quotation_marks_far_below_are_found(both):
    content = b"a,b\n" + b"1,2\n" * 80_000 + b'"x\ny",5\n'
    small, large, was_fast = both(content)
    assert facts(small) == facts(large)
    assert was_fast


def test_letters_of_windows_far_below_are_read(both, tmp_path):
    """The beginning is taken for UTF-8, until something else is found."""
    content = b"a,b\n" + b"a long text,2\n" * 80_000 + "ü,3\n".encode("cp1252")
    small, large, was_fast = both(content)
    assert facts(small) == facts(large)
    assert large.encoding == "cp1252"
    assert not was_fast
    assert large.line_of("a", "ü") == 80_002
    assert read_raw(tmp_path / "t.csv", "t.csv", ["a"]).rows[-1] == (80_002, ["ü", "3"])
