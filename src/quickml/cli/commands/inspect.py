"""`quickml inspect`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from quickml.cli.display.formatting import size
from quickml.cli.display.output import say_json
from quickml.cli.display.terminal import MEDIUM, titled_table
from quickml.export.coreml.reading.describe import Description, FeatureDescription, describe
from quickml.export.coreml.reading.files import read
from quickml.text import printable

_APPLE = "com.github.apple."

MAX_LABELS = 20
MAX_CATEGORIES = 10
MAX_TEXT = 300
"""Longer texts in a file's metadata are cut short; `--json` has them whole."""


def inspect_file(path: Path, *, as_json: bool) -> None:
    """Print what a Core ML file of any kind says about itself.

    Raises:
        CoreMLFileError: it is damaged, or none.
    """
    description = describe(read(path))
    if as_json:
        say_json(description.to_dict())
        return
    width = None if sys.stdout.isatty() else 120
    console = Console(width=width, highlight=False, markup=False)
    console.print(_facts(description))
    for table in _tables(description, has_borders=console.width >= MEDIUM):
        console.print(table)


def _tables(description: Description, *, has_borders: bool) -> Iterator[Table]:
    yield _features(description, titled_table(has_borders=has_borders))
    if description.layers:
        yield _layers(description, titled_table(has_borders=has_borders))


def _facts(description: Description) -> Table:
    table = Table.grid(padding=(0, 2))
    ios = f"iOS {description.minimum_ios} and later" if description.minimum_ios else "unknown"
    rows = [
        ("file", f"{description.file_name} ({description.file_kind}, {size(description.size_bytes)})"),
        ("type", description.type + (", updatable" if description.is_updatable else "")),
        ("network", _apple(description.apple_parts)),
        ("runs on", f"{ios} (specification {description.specification_version})"),
        ("parameters", _parameters(description)),
        ("labels", _labels(description.labels or ())),
        ("author", description.author),
        ("license", description.license),
        ("version", description.version),
        ("description", description.short_description),
        *((f"metadata {name.removeprefix(_APPLE)}", text) for name, text in description.user_defined.items()),
    ]
    for name, value in rows:
        if value:
            table.add_row(Text(printable(name, MAX_TEXT), style="bold"), _cell(value))
    return table


def _apple(parts: tuple[str, ...]) -> str:
    return f"part of Apple's systems, not of the file ({', '.join(parts)})" if parts else ""


def _parameters(description: Description) -> str:
    """Empty without any: the network may not be in the file."""
    known = f"{description.parameters:,}" if description.parameters else ""
    return "  ".join(filter(None, (known, " ".join(description.weight_types))))


def _labels(labels: tuple[str | int, ...]) -> str:
    shown = ", ".join(map(str, labels[:MAX_LABELS]))
    return f"{len(labels)}: {shown}{' …' if len(labels) > MAX_LABELS else ''}" if labels else ""


def _features(description: Description, table: Table) -> Table:
    for column in ("", "name", "kind", "shape", "what"):
        table.add_column(column, no_wrap=column == "name")
    for way, features in (("in", description.inputs), ("out", description.outputs)):
        for feature in features:
            table.add_row(way, *map(_cell, _feature(feature)))
    return table


def _feature(feature: FeatureDescription) -> tuple[str, str, str, str]:
    kind = " ".join(filter(None, (feature.kind, feature.data_type, feature.color_space)))
    if feature.is_optional:
        default = "" if feature.default_value is None else f", default {feature.default_value:g}"
        kind += f", optional{default}"
    if feature.replacement is not None:
        number = feature.kind == "double"
        kind += f", {feature.replacement:.6g}" if number else f", {feature.replacement!r}"
        kind += " if missing"
    if feature.categories:
        what = "keys" if feature.kind == "dictionary" else "categories"
        kind += f", {len(feature.categories)} {what}: {_categories(feature)}"
    shape = " x ".join(map(str, feature.shape)) if feature.shape else ""
    return feature.name, kind, shape, feature.description


def _categories(feature: FeatureDescription) -> str:
    shown = ", ".join(map(str, feature.categories[:MAX_CATEGORIES]))
    more = ", …" if len(feature.categories) > MAX_CATEGORIES else ""
    ignored = "are left out" if feature.kind == "dictionary" else "count as missing"
    return f"{shown}{more}; others {'are refused' if feature.refuses_unknown else ignored}"


def _layers(description: Description, table: Table) -> Table:
    for column in ("layer", "type", "output shape"):
        table.add_column(column, no_wrap=column != "output shape")
    table.add_column("parameters", justify="right")
    for layer in description.layers:
        shape = " x ".join(map(str, layer.shape)) if layer.shape else ""
        count = f"{layer.parameters:,}" if layer.parameters else ""
        table.add_row(_cell(layer.name), _cell(layer.type), shape, count)
    return table


def _cell(text: str) -> Text:
    return Text(printable(text, MAX_TEXT))
