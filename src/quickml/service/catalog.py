"""Layers and datasets that a document may contain, described so that a client can make forms for them."""

from __future__ import annotations

import base64
import inspect
import logging
import threading
from functools import cache
from typing import Any

from quickml.datasets import REGISTERED, Dataset, registry
from quickml.datasets.builtin import BUILT_IN
from quickml.datasets.files import FROM_FILES
from quickml.document.layers import LAYERS
from quickml.document.schema import schema as document_schema
from quickml.errors import DatasetError, DatasetUnavailableError
from quickml.service.loaded import LOADED
from quickml.service.samples import in_turn
from quickml.service.sheet import png

_log = logging.getLogger(__name__)
_loading, _describing = threading.Lock(), threading.Lock()

SAMPLES = 12
"""Number of samples of a dataset, of all labels."""


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a document."""
    with _describing:  # descriptions are read from source, which Python 3.11 parses in one thread only
        return _schema()


@cache
def _schema() -> dict[str, Any]:
    return document_schema()


@cache
def layers() -> list[dict[str, Any]]:
    """All layers: type, description, and arguments as JSON Schema with defaults and descriptions."""
    return [
        {
            "type": name,
            "help": inspect.cleandoc(layer.__doc__ or ""),
            "group": layer.group,
            "merges": layer.merges,
            "example": {"input_shape": layer.example.shape, "arguments": layer.example.arguments},
            "schema": _with_definitions(_definition("type", name)),
        }
        for name, layer in LAYERS.items()
    ]


def datasets() -> list[dict[str, Any]]:
    """Every dataset: what it is, and its sizes. One of a broken package is left out, and logged.

    One with an option that has no default is left out too: what it is depends on the document.
    """
    return [about for kind in registry.datasets() if (about := _about_if_sound(kind))]


def dataset(name: str) -> dict[str, Any] | None:
    """One dataset: what `datasets` says, its options as JSON Schema, and some of its samples."""
    kind = dataset_class(name)
    if kind is None or not _about_if_sound(kind):
        return None
    definition = _with_definitions(_definition("name", name))
    return {**_about(kind), "schema": definition, "samples": _samples_if_local(kind)}


def dataset_class(name: str) -> type[Dataset] | None:
    """The class of a dataset that describes and loads itself; None if there is none of this name."""
    known = {kind.model_fields["name"].default: kind for kind in registry.datasets()}
    return known.get(name)


def not_found(name: str) -> str:
    """Says why `dataset_class` has found none."""
    if name in {kind.model_fields["name"].default for kind in FROM_FILES}:
        return "name: expected a dataset that comes with the server, found files of users"
    return f"name: expected a dataset, found {name[:64]!r}"


def is_built_in(dataset: Dataset) -> bool:
    """Whether it comes with this package, so that the same options always give the same samples."""
    return BUILT_IN.get(dataset.name) is type(dataset)


def _about_if_sound(kind: type[Dataset]) -> dict[str, Any] | None:
    if any(option.is_required() for option in kind.model_fields.values()):
        return None
    try:
        return _about(kind)
    except DatasetError as error:
        _log.warning("%s", error)
        return None


def _about(kind: type[Dataset]) -> dict[str, Any]:
    plain = kind.model_validate({"name": kind.model_fields["name"].default})
    info = REGISTERED.info(plain)
    train, test = info.sizes
    return {
        "name": info.name,
        "title": info.title,
        "help": inspect.cleandoc(kind.__doc__ or ""),
        "source": info.source,
        "task": info.task,
        "input": "image" if info.is_image else "numbers",
        "kind": info.kind,
        "shape": info.shape,
        "labels": info.labels,
        "feature_names": info.feature_names,
        "vocabulary": info.vocabulary,
        "target_name": info.target_name,
        "train_samples": train,
        "test_samples": test,
        "is_local": plain.is_local(),
    }


def _definition(key: str, value: str) -> dict[str, Any]:
    """The part of the schema with this constant: two classes of one name are called differently there."""
    parts: list[dict[str, Any]] = list(schema()["$defs"].values())
    return next(part for part in parts if part.get("properties", {}).get(key, {}).get("const") == value)


def _with_definitions(entry: dict[str, Any]) -> dict[str, Any]:
    """A part of the schema with the definitions that it needs."""
    found: dict[str, Any] = {}
    _collect(entry, found)
    return {**entry, "$defs": found} if found else entry


def _collect(value: Any, found: dict[str, Any]) -> None:
    if isinstance(value, list):
        for item in value:
            _collect(item, found)
    elif isinstance(value, dict):
        name = str(value.get("$ref", "")).removeprefix("#/$defs/")
        if name and name not in found:
            found[name] = schema()["$defs"][name]
            _collect(found[name], found)
        for item in value.values():
            _collect(item, found)


def _samples_if_local(kind: type[Dataset]) -> list[dict[str, Any]]:
    """Some samples; none of a dataset that is not on this machine yet, or cannot be shown without options."""
    with _loading:  # concurrent first calls would each load a dataset of their own
        try:
            return _samples(kind)
        except DatasetUnavailableError:
            return []


@cache
def _samples(kind: type[Dataset]) -> list[dict[str, Any]]:
    """Some test samples, classes in turn."""
    info, data = LOADED.get(kind.model_validate({"name": kind.model_fields["name"].default}))
    chosen = in_turn([int(target) if info.labels else 0 for target in data.y_test])[:SAMPLES]
    shown = []
    for index in chosen:
        target = data.y_test[index].reshape(-1)[0].item()
        pixels = data.x_test[index]
        shown.append(
            {
                "target": info.labels[target] if info.labels else target,
                **({"png": _png(pixels)} if info.is_image else {"values": pixels.tolist()}),
            }
        )
    return shown


def _png(pixels: Any) -> str:
    """uint8 (height, width, channels) or (height, width) as a PNG file in base64."""
    return base64.b64encode(png(pixels)).decode("ascii")
