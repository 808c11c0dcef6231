"""Convert the `dataset` of a SculptML document, or choose one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from quickml.datasets import registry
from quickml.datasets.catalog import Catalog
from quickml.datasets.dataset import Reference
from quickml.datasets.info import DatasetInfo
from quickml.document.advice import meant, told
from quickml.document.sculptml.notes import Notes
from quickml.document.sculptml.training import KEYS
from quickml.document.sculptml.values import is_absent, number, step
from quickml.document.spellings import similar
from quickml.document.validation_errors import problems_of

_SILENT = frozenset({"__info__", "info", "name"})
DATASETS_OF_2018 = ("mnist", "iris", "circles")


def choose(given: Any, dim: Sequence[int], catalog: Catalog, notes: Notes) -> type[Reference] | None:
    """The class of the dataset of a document; None if its name is not known, which becomes a problem."""
    if given is None:
        return _fitting(dim, catalog, notes)
    name = given.get("name") if isinstance(given, dict) else given
    key = name.strip().lower().replace("-", "_").replace(" ", "_") if isinstance(name, str) else ""
    kind = registry.find(key)
    if kind is None:
        pointer = "/dataset/name" if isinstance(given, dict) else "/dataset"
        known = registry.names()
        names = similar(key, known)
        advice = meant(pointer, names) if names else told(f"known: {', '.join(known)}")
        notes.problem("unknown-dataset", pointer, "a known dataset", name, advice, type=key, known=known)
    return kind


def _fitting(dim: Sequence[int], catalog: Catalog, notes: Notes) -> type[Reference] | None:
    """A dataset for a document without one, which SculptML built and did not train."""
    kinds = [kind for name in DATASETS_OF_2018 if (kind := registry.find(name))]
    shapes = {kind: catalog.describe(kind.model_validate({})).info.shape for kind in kinds}
    for fits in (_is_shape, _is_size):
        for kind, shape in shapes.items():
            if fits(dim, shape):
                notes.notice("", f"there is no dataset; {_name(kind)} is used, because its inputs fit")
                return kind
    kind = max(kinds, key=lambda kind: len(shapes[kind]) == min(len(dim), 3), default=None)
    if kind is None:
        notes.problem("missing-key", "", "the key 'dataset'", None, keys=["dataset"])
    else:
        notes.notice("", f"there is no dataset, and none has inputs of this shape; {_name(kind)} is used")
    return kind


def _is_shape(dim: Sequence[int], shape: Sequence[int]) -> bool:
    return any(tuple(sizes) in (shape, shape[:2]) for sizes in (dim, dim[1:]) if sizes)


def _is_size(dim: Sequence[int], shape: Sequence[int]) -> bool:
    return math.prod(dim) == math.prod(shape)


def _name(kind: type[Reference]) -> str:
    return str(kind.model_fields["name"].default)


def reference(given: Mapping[str, Any], kind: type[Reference], notes: Notes) -> dict[str, Any]:
    """The dataset's name and options. Options with wrong values are ignored: SculptML read none."""
    options = kind.model_fields
    result: dict[str, Any] = {"name": _name(kind)}
    for key, value in given.items():
        if key in _SILENT or key in KEYS or key in _FACTS or is_absent(value):
            continue
        pointer = f"/dataset/{step(key)}"
        option = "test_fraction" if key == "data_split" else key
        if option not in options:
            notes.notice(pointer, f"ignored: {_name(kind)} has no such option")
            continue
        converted = _test_fraction(value, pointer, notes) if key == "data_split" else number(value)
        wrong = _wrong(kind, option, converted)
        if wrong and not options[option].is_required():
            notes.notice(pointer, f"ignored: {wrong}")
        else:
            result[option] = converted
            notes.places[f"/dataset/{step(option)}"] = pointer
    return result


def _wrong(kind: type[Reference], option: str, value: Any) -> str:
    """What is wrong with the value of an option; empty if nothing is."""
    document = {option: value}
    try:
        kind.model_validate(document)
    except ValidationError as error:
        for problem in problems_of(error, document):
            if problem.pointer.startswith(f"/{step(option)}"):
                return f"expected {problem.expected}, found {problem.found}"
    return ""


def _test_fraction(split: Any, pointer: str, notes: Notes) -> Any:
    """The fraction of test samples, of a fraction or a percentage of training samples."""
    share = number(split)
    if not isinstance(share, int | float) or isinstance(share, bool) or not -1e9 < share < 1e9:
        return split
    exact = 1 - (share / 100 if 1 < share <= 100 else share)
    fraction = round(min(max(exact, 0.05), 0.5), 6)
    if share > 1 or abs(fraction - exact) > 1e-6:
        notes.notice(pointer, f"changed to a test fraction of {fraction}")
    return fraction


def described(dataset: dict[str, Any], kind: type[Reference], catalog: Catalog) -> DatasetInfo:
    """Describe the dataset; without its options if a required one is invalid, which is reported later."""
    try:
        wanted = kind.model_validate(dataset)
    except ValidationError:
        wanted = kind.model_construct(name=dataset["name"])
    return catalog.describe(wanted).info


_FACTS: Mapping[str, Callable[[DatasetInfo], int]] = {
    "img_rows": lambda info: info.shape[0],
    "img_cols": lambda info: info.shape[1] if len(info.shape) > 1 else 1,
    "num_classes": lambda info: info.outputs,
}


def compare(given: Mapping[str, Any], info: DatasetInfo, notes: Notes) -> None:
    """Say where a document contradicts the dataset. SculptML ignored these keys."""
    for key, fact in _FACTS.items():
        value = number(given.get(key))
        if not is_absent(value) and value != fact(info):
            notes.notice(f"/dataset/{key}", f"ignored: {info.name} has {fact(info)}")
