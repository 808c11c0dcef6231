"""A document to start from: what a table may be about, and a network that fits it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from quickml.document.names import as_name
from quickml.document.proposals import duration, listed_labels
from quickml.document.training import BALANCED
from quickml.tables.prepare import Prepared
from quickml.tables.types import ColumnTyped

_TARGETS = (
    "target", "label", "labels", "class", "classes", "y", "outcome", "result", "output", "species",
    "category", "kind", "diagnosis", "survived", "churn", "churned", "fraud", "default", "price", "quality",
    "rating", "klasse", "ziel", "art", "ergebnis", "preis", "bewertung", "clase", "objetivo", "especie",
    "resultado", "precio",
)  # fmt: skip
"""Names that a column to predict often has, alone or beside a unit: `price_eur`."""
_UNITS = frozenset({"eur", "euro", "usd", "gbp", "chf", "in", "pct", "percent"})
_SIZES = ((200, 16), (2000, 32), (20_000, 64), (math.inf, 128))
"""Rows for training up to which the first layer has so many units."""
_FEW_ROWS = 1000
STEPS, EPOCHS = 2000, (10, 100)
UNBALANCED = 5
"""Times the rows of the smallest class that the largest may have without class weights."""
FEWEST_VALIDATED = 200
"""Rows for training from which on some of them tell when to stop."""


def likeliest(types: Mapping[str, ColumnTyped]) -> list[str]:
    """The columns that somebody may want to predict, the likeliest first: by name, then from the last one."""
    usable = [name for name, about in types.items() if about.type != "ignore" and about.fault is None]
    named = sorted((name for name in usable if _bare(name) in _TARGETS), key=_rank)
    return list(dict.fromkeys([*named, *reversed(usable)])) or list(types)[-1:]


def _bare(name: str) -> str:
    """A name without units and signs: `Price (EUR)` is `price`."""
    words = re.findall(r"[^\W\d_]+", name.casefold())
    return " ".join(word for word in words if word not in _UNITS) or name.casefold()


def _rank(name: str) -> int:
    return _TARGETS.index(_bare(name))


def document(prepared: Prepared) -> dict[str, Any]:
    """A document that learns from a table as it was prepared; what was found out is written out."""
    info, reference = prepared.info, prepared.reference
    train = info.sizes[0]
    batch_size, epochs = duration(train, steps=STEPS, epochs=EPOCHS, many=20_000, large=128)
    rate = 0.01 if train < _FEW_ROWS else 0.001
    return {
        "name": as_name(PurePath(reference.file).stem),
        "dataset": _dataset(prepared),
        "model": {"layers": [*_hidden(train, info.shape[0]), _output(prepared)]},
        "training": {
            "optimizer": {"type": "Adam", "learning_rate": rate},
            **({"class_weight": BALANCED} if is_unbalanced(prepared.parts.train.target.counts) else {}),
            "batch_size": batch_size,
            "epochs": epochs,
            **(_stopping(epochs) if train >= FEWEST_VALIDATED else {}),
        },
    }


def is_unbalanced(counts: Sequence[int]) -> bool:
    """Whether the smallest class has so few rows that a network may ignore it."""
    present = [count for count in counts if count]
    return len(present) > 1 and max(present) > UNBALANCED * min(present)


def _stopping(epochs: int) -> dict[str, Any]:
    """Stop when rows that are not learned from are predicted worse: small tables are soon known by heart."""
    return {
        "validation_fraction": 0.15,
        "early_stopping": {"monitor": "val_loss", "patience": max(5, epochs // 5)},
    }


def _dataset(prepared: Prepared) -> dict[str, Any]:
    """The reference, with types of columns instead of all of their values."""
    reference = prepared.reference
    types = {name: kind if isinstance(kind, str) else "category" for name, kind in reference.columns.items()}
    given = {
        "name": reference.name,
        "file": reference.file,
        "target": reference.target if isinstance(reference.target, str) else list(reference.target),
        "task": reference.task,
        "separator": reference.separator,
        "labels": listed_labels(reference.labels),
        "columns": types,
        "missing": reference.missing,
        "delimiter": reference.delimiter,
        "decimal": reference.decimal,
        "encoding": reference.encoding,
        "header": reference.header,
        "sheet": reference.sheet,
        "group": reference.group,
        "order": reference.order,
        "test_fraction": reference.test_fraction,
    }
    return {key: value for key, value in given.items() if value is not None}


def _hidden(rows: int, width: int) -> list[dict[str, Any]]:
    most = next(units for limit, units in _SIZES if rows < limit)
    units = min(most, max(8, 2 ** math.ceil(math.log2(2 * width))))
    sizes = [units] if rows < _FEW_ROWS else [units, max(8, units // 2)]
    return [{"type": "Dense", "units": size, "activation": "relu"} for size in sizes]


def _output(prepared: Prepared) -> dict[str, Any]:
    info = prepared.info
    activation = "softmax" if info.labels else "sigmoid" if info.is_multi_label else ""
    return {"type": "Dense", "units": info.outputs} | ({"activation": activation} if activation else {})
