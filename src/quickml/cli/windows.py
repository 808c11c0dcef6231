"""The inputs of `quickml predict` for a model of recordings: an array of all steps for each sensor."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quickml.cli.display.output import note
from quickml.cli.inputs import text_of
from quickml.cli.named_inputs import NamedRow, assigned, json_rows, place
from quickml.errors import InputError, unexpected
from quickml.tables.raw import RawTable, number_in, read_raw

if TYPE_CHECKING:
    from quickml.export.runtime import Input, Runtime


def takes_windows(runtime: Runtime, texts: Sequence[str]) -> bool:
    """Whether a model takes arrays of the same steps by name; one array only if the inputs name it."""
    inputs = runtime.inputs
    are_alike = all(one.kind == "multiarray" and len(one.shape) == 1 for one in inputs)
    if not are_alike or len({one.shape for one in inputs}) > 1:
        return False
    needed = [one for one in inputs if not one.is_optional] or inputs
    return len(needed) > 1 or any(_names(text, inputs[0]) for text in texts)


def _names(text: str, taken: Input) -> bool:
    names = [name for name in (taken.title, taken.name) if name]
    if any(text.startswith(f"{name}=") for name in names) or text.lstrip().startswith("{"):
        return True
    if not _is_table(text):
        return False
    head = text_of(Path(text)).partition("\n")[0]
    for sign in ";\t|":
        head = head.replace(sign, ",")
    return any(cell.strip(' "\r') in names for cell in head.split(","))


def windows(texts: Sequence[str], runtime: Runtime) -> Iterator[NamedRow]:
    """Windows on the command line or in .csv and .json files.

    `acc_x=0.1,0.2,0.3 acc_y=@y.txt` is one window; `@` reads numbers from a file. A .csv file has a header
    with a column for each input, and a row for each step; it may have further columns. Of a longer one, each
    window follows the one before it. A .json file has an object of lists, or a list of such objects.

    Raises:
        InputError: a name that the model does not have, too few numbers, or one that is missing.
        TableError: a .csv file is damaged.
    """
    single: list[str] = []
    for text in texts:
        if _is_table(text):
            yield from _csv(text, runtime)
        elif Path(text).suffix.lower() == ".json" or text.lstrip().startswith("{"):
            yield from json_rows(text, runtime)
        else:
            single.append(text)
    if single:
        yield " ".join(single), assigned(single, runtime, _value)


def _is_table(text: str) -> bool:
    return "=" not in text and Path(text).suffix.lower() in (".csv", ".tsv")


def _csv(file: str, runtime: Runtime) -> Iterator[NamedRow]:
    inputs, steps = runtime.inputs, runtime.inputs[0].shape[0]
    names = {name for one in inputs for name in (one.name, one.title) if name}
    table = read_raw(Path(file), file, names)
    places = [(one, place(one, table.names, file)) for one in inputs]
    if len(table.rows) < steps:
        raise InputError(f"{file}: expected {steps:,} rows, one for each step, found {len(table.rows):,}")
    if left := len(table.rows) % steps:
        note(f"{file}: {left:,} rows at the end are left out: a window has {steps:,}")
    for start in range(0, len(table.rows) - steps + 1, steps):
        rows = range(start, start + steps)
        first, last = table.rows[rows[0]][0], table.rows[rows[-1]][0]
        where = file if len(table.rows) < 2 * steps else f"{file} lines {first} to {last}"
        yield where, {one.name: [_cell(table, row, at, file) for row in rows] for one, at in places}


def _cell(table: RawTable, row: int, at: int, file: str) -> float:
    line, cells = table.rows[row]
    try:
        found = number_in(cells[at], table.decimal)
    except ValueError:
        found = None
    if found is None:
        raise InputError(
            unexpected(f"{file} line {line}: {table.names[at]}", "a number", repr(cells[at][:40]))
        )
    return found


def _value(text: str, taken: Input, name: str) -> Any:
    """The numbers of a text: `1,2,3`, `[1, 2, 3]`, or `@` and the name of a file with numbers."""
    content = text_of(Path(text[1:])) if text.startswith("@") else text
    try:
        found = json.loads(content) if content.lstrip().startswith("[") else _numbers(content)
    except (ValueError, RecursionError):
        found = None
    are_numbers = isinstance(found, list) and all(
        isinstance(one, int | float) and math.isfinite(one) for one in found
    )
    if not isinstance(found, list) or not are_numbers:
        raise InputError(unexpected(name, "numbers such as 0.1,0.2", repr(text[:40])))
    if len(found) != taken.shape[0]:
        raise InputError(
            f"{name}: expected {taken.shape[0]:,} numbers, one for each step, found {len(found):,}"
        )
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _numbers(content: str) -> list[float]:
    return [float(part) for part in content.replace(",", " ").split()]
