"""The inputs of `quickml predict` for a model that takes values by name, such as the columns of a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quickml.cli.inputs import text_of
from quickml.document.spellings import question, similar
from quickml.document.syntax import mistake
from quickml.errors import InputError, unexpected
from quickml.tables.raw import number_in, read_raw, text_in

if TYPE_CHECKING:
    from quickml.export.runtime import Input, Runtime
    from quickml.tables.numbers import Decimal

NamedRow = tuple[str, dict[str, Any]]
"""What to call a row, and its values by the names of the inputs; those that are missing are left out."""


def named_rows(texts: Sequence[str], runtime: Runtime) -> Iterator[NamedRow]:
    """Rows on the command line or in .csv and .json files.

    `sepal=5.1 district=Mitte` is one row. A .csv file has a header with a column for each input; it may have
    others, which are left out. How it is written is found out, as of a table that is learned from. A .json
    file has an object, or a list of objects. If the model has one input only, a value stands for itself.

    Raises:
        InputError: a name that the model does not have, a value of a wrong type, or one that is missing.
        TableError: a .csv file is damaged.
    """
    single: list[str] = []
    for text in texts:
        suffix = Path(text).suffix.lower()
        if suffix in (".csv", ".tsv"):
            yield from _csv(text, runtime)
        elif suffix == ".json" or text.lstrip().startswith("{"):
            yield from json_rows(text, runtime)
        elif len(runtime.inputs) == 1 and _split(text, runtime)[0] is None:
            yield text, {runtime.inputs[0].name: _value(text, runtime.inputs[0], text)}
        else:
            single.append(text)
    if single:
        yield " ".join(single), assigned(single, runtime, _value)


def unknown_categories(rows: Sequence[NamedRow], runtime: Runtime) -> Iterator[str]:
    """A sentence for each value that counts as missing because the model does not know it."""
    told: set[tuple[str, Any]] = set()
    ignoring = [one for one in runtime.inputs if one.ignores_unknown]
    for _, row in rows:
        for one in ignoring:
            value = row.get(one.name)
            if value in (None, "", *one.handling.categories) or (one.name, str(value)) in told:
                continue
            told.add((one.name, str(value)))
            categories = [str(category) for category in one.handling.categories]
            hint = question(similar(str(value), categories))
            text = f"{one.title or one.name}: {value!r} is none of the categories that the model knows"
            yield f"{text}, and counts as missing{f'; {hint}' if hint else ''}"


def assigned(
    texts: Sequence[str], runtime: Runtime, value_of: Callable[[str, Input, str], Any]
) -> dict[str, Any]:
    """Values by the names of the inputs, of texts such as `sepal=5.1`.

    Args:
        texts: of the command line.
        runtime: the model.
        value_of: reads the text of a value for an input; the last argument is what to call it.
    """
    inputs, row = {one.name: one for one in runtime.inputs}, {}
    for text in texts:
        name, value = _split(text, runtime)
        if name is None:
            example = f"such as {runtime.inputs[0].name}=..."
            raise InputError(f"{text}: expected name=value, {example}, or a .csv or .json file")
        own = runtime.name_of(name)
        if own in row:
            raise InputError(f"{name}: expected one value, found two")
        row[own] = value_of(value, inputs[own], name)
    return row


def _split(text: str, runtime: Runtime) -> tuple[str | None, str]:
    """The name and the value; names of columns may contain "=" too."""
    known = [name for one in runtime.inputs for name in (one.name, one.title) if name]
    fitting = [name for name in known if text.startswith(f"{name}=")]
    name = max(fitting, key=len, default=None)
    if name is None:
        before, equals, _ = text.partition("=")
        name = before.strip() if equals else None
        return name, text[len(before) + 1 :]
    return name, text[len(name) + 1 :]


def _value(text: str, taken: Input, name: str) -> Any:
    """The value of a text; None if it is missing."""
    if not text.strip():
        return None
    if taken.kind == "string":
        return text
    if taken.kind == "dictionary":
        return _parsed(text, name)
    expected, read = ("a whole number", int) if taken.kind == "int64" else ("a number", float)
    try:
        return read(text)
    except ValueError:
        hint = "write it in digits only, such as -1234.5" if any(map(str.isdigit, text)) else ""
        hint = "write it with a point" if _is_decimal_comma(text) else hint
        raise InputError(unexpected(name, expected, repr(text[:40]), hint)) from None


def _is_decimal_comma(text: str) -> bool:
    whole, comma, fraction = text.strip().partition(",")
    return bool(comma) and whole.lstrip("+-").isdecimal() and fraction.isdecimal()


def _csv(file: str, runtime: Runtime) -> Iterator[NamedRow]:
    names = {name for one in runtime.inputs for name in (one.name, one.title) if name}
    table = read_raw(Path(file), file, names)
    places = [(one, place(one, table.names, file)) for one in runtime.inputs]
    for line, row in table.rows:
        where = f"{file} line {line}"
        yield (
            where,
            {
                one.name: _cell(row[at], one, table.decimal, f"{where}: {table.names[at]}")
                for one, at in places
            },
        )


def _cell(cell: str, taken: Input, decimal: Decimal, name: str) -> Any:
    """The value of a cell of a table; None if it is missing."""
    if taken.kind == "string":
        return text_in(cell, set(map(str, taken.handling.categories)))
    if taken.kind == "dictionary":
        return _value(cell, taken, name)
    try:
        found = number_in(cell, decimal)
    except ValueError:
        raise InputError(unexpected(name, "a number", repr(cell[:40]))) from None
    if taken.kind != "int64" or found is None:
        return found
    if not found.is_integer():
        raise InputError(unexpected(name, "a whole number", repr(cell[:40])))
    return int(found)


def place(taken: Input, header: Sequence[str], file: str) -> int:
    """The column of a file that an input takes.

    Raises:
        InputError: the file has no such column.
    """
    for name in (taken.title, taken.name):
        if name in header:
            return header.index(name)
    name = taken.title or taken.name
    hint = question(similar(name, header))
    raise InputError(unexpected(file, f"a column {name!r}", ", ".join(header[:20]), hint))


def json_rows(text: str, runtime: Runtime) -> Iterator[NamedRow]:
    """The objects of a .json file, or of a text that is one."""
    is_file = not text.lstrip().startswith("{")
    name, content = (text, text_of(Path(text))) if is_file else ("JSON", text)
    value = _parsed(content, name)
    items = value if isinstance(value, list) else [value]
    if not items:
        raise InputError(unexpected(name, "an object of names and values for each row", "an empty list"))
    inputs = {one.name: one for one in runtime.inputs}
    for index, item in enumerate(items, 1):
        where = name if len(items) == 1 else f"{name} row {index}"
        if not isinstance(item, dict):
            raise InputError(f"{where}: expected an object of names and values, found other JSON")
        own = {runtime.name_of(key): one for key, one in item.items()}
        yield where, {known: _of_json(one, inputs[known]) for known, one in own.items()}


def _of_json(value: Any, taken: Input) -> Any:
    """The value of an input. `true` and numbers may be texts that were learned from JSON lines."""
    text = json.dumps(value) if isinstance(value, bool | int | float) else ""
    return text if taken.kind == "string" and text in taken.handling.categories else value


def _parsed(content: str, name: str) -> Any:
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        problem = mistake(content, error)
        raise InputError(unexpected(name, problem.expected, problem.found, problem.hint)) from None
    except (ValueError, RecursionError):  # numbers of thousands of digits, or very many brackets
        raise InputError(f"{name}: expected an object of names and values, found other JSON") from None
