"""Convert documents of the SculptML app (2018) to the current format.

The app writes tuples as strings, sends keys without meaning, and ends every network with a softmax, whatever
the last layer is. Until October 2018, the layers were at the root, and a dataset was not needed. Such
documents must be trainable, so values are ignored or changed and layers are added. Each change is reported as
a notice. JSON pointers refer to the original document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from quickml.datasets.catalog import Catalog
from quickml.document.names import as_name
from quickml.document.sculptml import dataset, training
from quickml.document.sculptml.layers import Converted, convert
from quickml.document.sculptml.network import repaired
from quickml.document.sculptml.notes import Notes
from quickml.document.sculptml.values import dim, is_absent, step
from quickml.errors import DocumentError, Notice, Problem

__all__ = ["Translation", "dataset_name", "recognises", "translate"]

Remark = TypeVar("Remark", Notice, Problem)

_NOTES = frozenset({"__info__", "info"})
_MODEL = _NOTES | training.KEYS | {"model_name", "num_layers", "input_layer"}


@dataclass(frozen=True, kw_only=True)
class Translation:
    """The converted document, the notices, and the original pointers."""

    document: dict[str, Any]
    notices: tuple[Notice, ...]
    places: Mapping[str, str]
    """Pointers into `document`, each with the corresponding pointer into the original document."""

    def moved(self, remark: Remark) -> Remark:
        """A problem or a notice about `document`, with its pointer into the original document."""
        known, rest = remark.pointer, ""
        while known and known not in self.places:
            known, _, last = known.rpartition("/")
            rest = f"/{last}{rest}"
        return replace(remark, pointer=self.places.get(known, "") + rest)


def recognises(document: Any) -> bool:
    """Whether a document has SculptML's format."""
    return isinstance(document, dict) and _has_layers(_model(document)[0])


def dataset_name(document: Mapping[str, Any]) -> str:
    """The dataset that a document names."""
    given = document.get("dataset")
    return str(given.get("name") if isinstance(given, dict) else given)


def translate(document: dict[str, Any], catalog: Catalog) -> Translation:
    """Convert a SculptML document to the current format. Does not validate single values.

    Raises:
        DocumentError: a layer is missing or of an unknown type, or the dataset is unknown.
    """
    model, base = _model(document)
    given = document.get("dataset")
    options = given if isinstance(given, dict) else {}
    notes = Notes()
    sizes = _input_sizes(model.get("input_layer"), f"{base}/input_layer", notes)
    kind = dataset.choose(given, sizes, catalog, notes)
    chosen = dataset.reference(options, kind, notes) if kind else {}
    info = dataset.described(chosen, kind, catalog) if kind else None
    layers = convert(model, base, info.outputs if info else 1, notes)
    if notes.problems or info is None:
        raise DocumentError(notes.problems)
    dataset.compare(options, info, notes)
    layers = repaired(layers, sizes, base, info, notes)
    _place(layers, notes)

    def asked(key: str) -> tuple[Any, str]:
        inner = key in options and not is_absent(options[key])
        return (options[key], f"/dataset/{key}") if inner else (model.get(key), f"{base}/{key}")

    result = {
        "name": _name(model, base, notes),
        "dataset": chosen,
        "model": {"layers": [item.layer for item in layers]},
        "training": training.converted(asked, info, notes),
    }
    _unknown_keys(document, model, base, notes)
    return Translation(document=result, notices=notes.shortened(), places=notes.places)


def _model(document: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The object that contains the layers, and its pointer."""
    model = document.get("model")
    return (model, "/model") if isinstance(model, dict) else (document, "")


def _has_layers(model: Mapping[str, Any]) -> bool:
    return "num_layers" in model or "layer_0" in model


def _input_sizes(given: Any, pointer: str, notes: Notes) -> list[int]:
    """The sizes of the `input_layer`; empty if it has none."""
    inputs = given if isinstance(given, dict) else {"dim": given}
    sizes = dim(inputs)
    for key, value in inputs.items():
        if key not in _NOTES | {"layer", "dim"}:
            notes.notice(f"{pointer}/{step(key)}", "ignored: unknown key")
        elif key == "dim" and not sizes and not is_absent(value):
            notes.unknown(f"{pointer}/dim" if inputs is given else pointer, value)
    return sizes


def _place(layers: list[Converted], notes: Notes) -> None:
    for position, item in enumerate(layers):
        place = f"/model/layers/{position}"
        notes.places[place] = item.pointer
        for key, pointer in item.keys.items():
            notes.places[f"{place}/{key}"] = pointer


def _name(model: Mapping[str, Any], base: str, notes: Notes) -> str:
    given = str(model.get("model_name") or "model")
    name = as_name(given)
    if name != given:
        notes.notice(f"{base}/model_name", f"changed to {name!r}")
    return name


def _unknown_keys(document: Mapping[str, Any], model: Mapping[str, Any], base: str, notes: Notes) -> None:
    for key in model:
        if key not in _MODEL and not re.fullmatch(r"layer_[0-9]+", key) and (base or key != "dataset"):
            notes.notice(f"{base}/{step(key)}", "ignored: unknown key")
    for key in document if base else ():
        if key not in _NOTES | {"model", "dataset"}:
            notes.notice(f"/{step(key)}", "ignored: unknown key")
