"""`quickml datasets` and `quickml layers`: what a document may name."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quickml.cli.display.output import say, say_json, say_table
from quickml.document.layers.layer import shown
from quickml.errors import InputError
from quickml.service import catalog


def list_datasets(*, as_json: bool) -> None:
    """Print every dataset with its task, its shape and its sizes."""
    rows = catalog.datasets()
    if as_json:
        for row in rows:
            say_json(row)
        return
    head = ("name", "input", "predicts", "training", "test", "title")
    say_table([head, *map(_dataset, rows)], right=(3, 4))


def _dataset(row: Mapping[str, Any]) -> tuple[str, ...]:
    predicts = f"{len(row['labels'])} classes" if row["labels"] else "a number"
    counts = (f"{row['train_samples']:,}", f"{row['test_samples']:,}")
    return (row["name"], shown(row["shape"]), predicts, *counts, row["title"])


def list_layers(names: Sequence[str], *, as_json: bool) -> None:
    """Print every type of layer with what it does, or the arguments of some.

    Raises:
        InputError: there is no layer of this name.
    """
    known = {row["type"]: row for row in catalog.layers()}
    if unknown := [name for name in names if name not in known]:
        close = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean {close[0]}?" if close else "`quickml layers` lists them"
        raise InputError(f"layers: expected a type of layer, found {unknown[0]!r}; {hint}")
    chosen = [known[name] for name in names] or list(known.values())
    if as_json:
        for row in chosen:
            say_json(row)
    elif names:
        for row in chosen:
            say(f"{row['type']}: {_summary(row)}")
            say_table(list(_arguments(row)))
    else:
        say_table([(row["type"], _summary(row)) for row in chosen])


def _summary(row: Mapping[str, Any]) -> str:
    return str(row["help"].split("\n\n")[0]).replace("\n", " ")


def _arguments(row: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    required = row["schema"].get("required", [])
    for name, about in sorted(row["schema"]["properties"].items(), key=lambda item: item[0] not in required):
        if name != "type":
            description = " ".join(about.get("description", "").split())
            yield f"  {name}", _default(name in required, about), description


def _default(is_required: bool, about: Mapping[str, Any]) -> str:
    if is_required:
        return "required"
    default = about.get("default")
    return "" if default is None else json.dumps(default, ensure_ascii=False)
