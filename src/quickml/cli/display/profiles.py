"""Shows profiles: bars, a document, what is in pictures and recordings. `commands/data.py` shows tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from quickml.api.profiles import RecordingsProfile, TableColumn
from quickml.cli.display.formatting import counted, problem_lines
from quickml.cli.display.output import note, say, say_table
from quickml.errors import DocumentError, Notice, Problem
from quickml.pictures.profile import PictureProfile
from quickml.text import printable

_BARS = " ▁▂▃▄▅▆▇█"
_ASCII_BARS = " .:-=+*#@"
MOST_CLASSES = 200
"""Classes that are shown on a terminal."""
MOST_SHOWN_CLASSES = 20
"""Of those, with bars."""
MOST_SENSORS = 200
MOST_VALUES = 5
LONGEST_LINE = 100
"""Characters of an object or a list on one line of a document."""


def _are_labels(found: PictureProfile) -> bool:
    return found.prepared is not None and found.prepared.info.is_multi_label


def show_pictures(found: PictureProfile) -> None:
    """Print what is in pictures, and the document that is proposed."""
    formats = ", ".join(f"{name} {count:,}" for name, count in found.formats)
    test = ", with a test folder" if found.has_test else ""
    what, many = ("label", "labels") if _are_labels(found) else ("class", "classes")
    classes = f"{len(found.classes):,} {many}"
    say(f"{found.file}: {counted(found.pictures, 'picture')}, {classes} ({formats}{test})", "")
    most = max(count for _, count in found.classes)
    lines = [
        (printable(label, 40), f"{count:,}", bar(count, most))
        for label, count in found.classes[:MOST_CLASSES]
    ]
    say_table([(what, "pictures", ""), *lines], right=(1,))
    if len(found.classes) > MOST_CLASSES:
        say(f"and {len(found.classes) - MOST_CLASSES:,} {many} more, which --json has")
    sizes = [f"{width} x {height} ({count:,})" for height, width, count in found.sizes]
    more = found.different_sizes - len(sizes)
    say("", f"width and height: {', '.join(sizes)}" + (f" and {more:,} more" if more > 0 else ""))
    show_rest(found.notices, found.document, found.problems, found.file)


def show_recordings(found: RecordingsProfile) -> None:
    """Print what is in recordings, and the document that is proposed."""
    about = [counted(found.recordings, "recording"), counted(found.rows, "row"), found.rate]
    say(f"{found.file}: {', '.join(filter(None, about))}", "")
    rows = list(map(_sensor_row, found.sensors[:MOST_SENSORS]))
    say_table([("column", "type", "missing", "values"), *rows], right=(2,))
    if len(found.sensors) > MOST_SENSORS:
        say(f"and {counted(len(found.sensors) - MOST_SENSORS, 'column')} more, which --json has")
    if found.steps is not None:
        windows = f"{counted(found.windows, 'window')} of {found.steps} steps, one every {found.stride}"
        say("", f"{windows}{'; per class:' if found.classes else ''}")
    if found.classes:
        show_classes([(one.label, one.windows) for one in found.classes])
    show_rest(found.notices, found.document, found.problems, found.file)


def _sensor_row(one: TableColumn) -> tuple[str, str, str, str]:
    name = printable(one.name, 40)
    if one.reason:
        return name, "left out", "", one.reason
    return name, "sensor", f"{one.missing:,}" if one.missing else "", content(one)


def show_rest(
    notices: Sequence[Notice], document: dict[str, Any] | None, problems: Sequence[Problem], file: str
) -> None:
    """Print the notices, and the proposed document; or, without one, the reasons."""
    if notices:
        say("", *(f"notice: {notice}" for notice in notices))
    if document is not None:
        say("", f"a document to start from; `quickml init {file}` writes it:", "")
        say(*pretty(document).splitlines())
    else:
        note("", *problem_lines(DocumentError(problems), file))


def show_classes(labels: Sequence[tuple[str, int]]) -> None:
    """Bars for the classes in order; of many, for the commonest and the rarest."""
    shown = list(labels)
    if len(labels) > MOST_SHOWN_CLASSES:
        ranked = sorted(labels, key=lambda label: -label[1])
        shown = [*ranked[: MOST_SHOWN_CLASSES // 2], *ranked[-MOST_SHOWN_CLASSES // 2 :]]
    most = max(count for _, count in labels)
    say_table([(f"  {printable(label, 30)}", f"{count:,}", bar(count, most)) for label, count in shown],
              right=(1,))  # fmt: skip
    if len(labels) > MOST_SHOWN_CLASSES:
        between = f"{len(labels) - MOST_SHOWN_CLASSES:,} more between the commonest and the rarest"
        say(f"  and {between}, which --json has")


def content(column: TableColumn) -> str:
    """What is in a column: a histogram, or the commonest values."""
    if column.low is not None and column.high is not None and column.mean is not None:
        most = max(column.histogram)
        bars = "".join(_level(count, most) for count in column.histogram)
        mean = f"{column.mean:.4g}" if abs(column.mean) < 10_000 else f"{column.mean:g}"
        return f"{bars}  {column.low:g} to {column.high:g}, mean {mean}"
    shown = [f"{printable(value, 30)} ({count:,})" for value, count in column.values[:MOST_VALUES]]
    more = len(column.values) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _level(count: int, most: int) -> str:
    levels = bars()
    return levels[0] if not count else levels[1 + count * (len(levels) - 2) // most]


def bar(count: int, most: int) -> str:
    """A bar of at most 30 characters."""
    return (bars()[-1] * max(1, count * 30 // most)) if count else ""


def bars() -> str:
    """Characters from an empty to a full bar, which the terminal can show."""
    encoding = (sys.stdout.encoding or "").lower()
    return _BARS if encoding.startswith("utf") else _ASCII_BARS


def pretty(document: dict[str, Any]) -> str:
    """JSON with a line for each layer, each column and each other value."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    parts = [
        *document["model"]["layers"],
        document["training"]["optimizer"],
        document["training"].get("early_stopping"),
        document["dataset"].get("labels"),
        document["dataset"].get("size"),
    ]
    for part in filter(None, parts):
        wide, flat = (json.dumps(part, ensure_ascii=False, indent=indent) for indent in (2, None))
        for indent in (4, 6) if len(flat) <= LONGEST_LINE else ():
            text = text.replace(wide.replace("\n", "\n" + " " * indent), flat)
    return text
