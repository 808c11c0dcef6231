"""Shows profiles: bars, a document, and what is in pictures. `commands/data.py` shows tables."""

from __future__ import annotations

import json
import sys
from typing import Any

from quickml.cli.display.formatting import counted, problem_lines
from quickml.cli.display.output import note, say, say_table
from quickml.errors import DocumentError
from quickml.pictures.profile import PictureProfile
from quickml.text import printable

_BARS = " ▁▂▃▄▅▆▇█"
_ASCII_BARS = " .:-=+*#@"
MOST_CLASSES = 200
"""Classes that are shown on a terminal."""
LONGEST_LINE = 100
"""Characters of an object or a list on one line of a document."""


def show_pictures(found: PictureProfile) -> None:
    """Print what is in pictures, and the document that is proposed."""
    formats = ", ".join(f"{name} {count:,}" for name, count in found.formats)
    test = ", with a test folder" if found.has_test else ""
    classes = f"{len(found.classes):,} classes"
    say(f"{found.file}: {counted(found.pictures, 'picture')}, {classes} ({formats}{test})", "")
    most = max(count for _, count in found.classes)
    lines = [
        (printable(label, 40), f"{count:,}", bar(count, most))
        for label, count in found.classes[:MOST_CLASSES]
    ]
    say_table([("class", "pictures", ""), *lines], right=(1,))
    if len(found.classes) > MOST_CLASSES:
        say(f"and {len(found.classes) - MOST_CLASSES:,} classes more, which --json has")
    sizes = [f"{width} x {height} ({count:,})" for height, width, count in found.sizes]
    more = found.different_sizes - len(sizes)
    say("", f"width and height: {', '.join(sizes)}" + (f" and {more:,} more" if more > 0 else ""))
    if found.notices:
        say("", *(f"notice: {notice}" for notice in found.notices))
    if found.document is not None:
        say("", f"a document to start from; `quickml init {found.file}` writes it:", "")
        say(*pretty(found.document).splitlines())
    else:
        note("", *problem_lines(DocumentError(found.problems), found.file))


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
