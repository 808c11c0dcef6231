"""Parse and validate a document: from text to a plan, or to all problems with their JSON pointers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from quickml.datasets.catalog import REGISTERED, Catalog, Described
from quickml.datasets.dataset import Reference
from quickml.datasets.info import DatasetInfo
from quickml.document import sculptml
from quickml.document.advice import told, write
from quickml.document.checks.compatibility import check
from quickml.document.checks.outputs import with_units
from quickml.document.codes import Code
from quickml.document.dataset import NamedDataset
from quickml.document.document import MAX_LAYERS, Document, Model
from quickml.document.export import Export
from quickml.document.hints import keras_model, layers_of_keras
from quickml.document.layers import LAYERS, Layer
from quickml.document.plan import Plan, make_plan
from quickml.document.problem import problem
from quickml.document.sculptml import values
from quickml.document.shapes import rows
from quickml.document.text import MAX_DEPTH, bounded, parse, too_deep
from quickml.document.training import Training
from quickml.document.validation_errors import MOST, problems_of, shown_value
from quickml.errors import DatasetError, DocumentError, Notice, Problem

MAX_PROBLEMS = 100


def read(text: str | bytes, catalog: Catalog = REGISTERED) -> Plan:
    """Parse and validate a document, in the current format or SculptML's, with the datasets of a catalog.

    Raises:
        DocumentError: contains all problems, at most 100.
    """
    document, defects = parse(text)
    if not defects:
        return understand(document, catalog)
    if not sculptml.recognises(document):
        raise DocumentError(defects)
    plan = understand(document, catalog)
    accepted = [Notice(pointer="", message=f"accepted: {defect.found}; {defect.hint}") for defect in defects]
    return replace(plan, notices=(*accepted, *plan.notices))


def restore(plan: str | None, document: str) -> Plan:
    """Read the stored plan of a job, or make it from the document if there is none.

    Args:
        plan: the result of `Plan.to_json`; None if an older server accepted the job.
        document: the job's document, as submitted.

    Raises:
        StoredPlanError: the stored plan is damaged.
        DocumentError: there is no stored plan, and the document is invalid.
    """
    return Plan.from_json(plan) if plan is not None else read(document)


def understand(document: Any, catalog: Catalog = REGISTERED) -> Plan:
    """Like `read`, for a parsed document.

    Raises:
        DocumentError: contains all problems, at most 100.
    """
    if sculptml.recognises(document):
        return _understand_sculptml(bounded(document), catalog)
    if _is_deep(document):
        raise too_deep()
    _check_count(document)
    _check_text(document)
    return _understand(document, catalog)


def _understand_sculptml(document: dict[str, Any], catalog: Catalog) -> Plan:
    try:
        translation = sculptml.translate(document, catalog)
    except DocumentError as error:
        raise _refused(error.problems, document) from None
    except DatasetError as error:
        raise DocumentError([_broken_dataset(sculptml.dataset_name(document), error)]) from None
    try:
        plan = _understand(translation.document, catalog)
    except DocumentError as error:
        moved = [translation.moved(replace(found, fix=None)) for found in error.problems]
        raise _refused(moved, document, more=error.more, layers=error.layers) from None
    return replace(plan, notices=(*translation.notices, *map(translation.moved, plan.notices)))


def _understand(document: Any, catalog: Catalog) -> Plan:
    if not isinstance(document, dict):
        found = shown_value(document)
        raise _broken("not-an-object", "a JSON object with name, dataset and model", found)
    pointer = keras_model(document)
    if pointer is not None:
        raise _refused([_foreign(pointer, document)], document)
    try:
        parsed = Document.model_validate(document)
    except ValidationError as error:
        info = _info(document, catalog)
        problems = [with_units(found, document, info) for found in problems_of(error, document)]
        more, layers = _beyond(document, {found.pointer for found in problems}, info)
        is_cut = error.error_count() > MOST
        raise _refused([*problems, *more], document, more=is_cut, layers=layers) from None
    about, problems = _described(parsed.dataset, catalog)
    if about is None:
        more, _ = _beyond(document, {"/dataset"}, None)
        raise _refused([*problems, *more], document)
    completed = parsed.model_copy(update={"dataset": about.reference})
    result, problems, known = make_plan(completed, about.info, about.notices)
    if result is None:
        raise _refused(problems, document, layers=rows(known.nodes))
    return result


def _described(reference: Reference, catalog: Catalog) -> tuple[Described | None, list[Problem]]:
    try:
        return catalog.describe(reference), []
    except DocumentError as error:
        return None, list(error.problems)
    except DatasetError as error:
        return None, [_broken_dataset(reference.name, error)]


def _broken_dataset(name: str, error: DatasetError) -> Problem:
    return problem(
        "dataset-unavailable",
        "/dataset",
        expected="a dataset that can be described",
        found=repr(name)[:80],
        advice=told(str(error)),
        dataset=name,
        reason=str(error),
    )


def _refused(
    problems: Sequence[Problem],
    document: Any,
    *,
    more: bool = False,
    layers: Sequence[Mapping[str, Any]] = (),
) -> DocumentError:
    from quickml.document.fixes import expressed  # a valid document does not need it

    in_order = sorted(problems, key=_place_in(document))
    reported = [expressed(found, document) for found in in_order[:MAX_PROBLEMS]]
    return DocumentError(reported, more=more or len(in_order) > MAX_PROBLEMS, layers=layers)


def _foreign(pointer: str, document: Mapping[str, Any]) -> Problem:
    advice = told(
        'write "layers" in "model", each layer as its class_name in "type" with the keys of its config, '
        "without the InputLayer"
    )
    layers = layers_of_keras(document["model"]) if pointer else []
    if layers:
        advice = write(pointer, {"layers": layers}, advice.words)
    return problem(
        "keras-model",
        pointer,
        expected="a model as a QuickML document describes it",
        found="a model as Keras' to_json() writes it",
        advice=advice,
    )


def _place_in(document: Any) -> Callable[[Problem], tuple[int, ...]]:
    """Sort key: the position of a problem in the document; missing keys come last."""

    order: dict[int, dict[str, int]] = {}  # cached by object: an object with many keys may have many problems

    def place(found: Problem) -> tuple[int, ...]:
        here, steps = document, []
        for step in found.pointer.split("/")[1:]:
            if id(here) not in order:
                keys = here if isinstance(here, dict) else range(_length(here))
                order[id(here)] = {str(key): position for position, key in enumerate(keys)}
            index = order[id(here)].get(step)
            steps.append(len(order[id(here)]) if index is None else index)
            here = None if index is None else here[step if isinstance(here, dict) else index]
        return tuple(steps)

    return place


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0


def _check_count(document: Any) -> None:
    """Reject too many layers before parsing them: each could have a problem of its own."""
    model = document.get("model") if isinstance(document, dict) else None
    layers = model.get("layers") if isinstance(model, dict) else None
    if isinstance(layers, list) and len(layers) > MAX_LAYERS:
        expected, found = f"at most {MAX_LAYERS:,} items", shown_value(layers)
        raise _broken(
            "too-many-items", expected, found, "/model/layers", maximum=MAX_LAYERS, found_items=len(layers)
        )


def _check_text(document: Any) -> None:
    """JSON can contain half of a surrogate pair, which cannot be encoded as UTF-8."""
    try:
        json.dumps(document, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        place = next(_containing(half, document)) or "/"
        found = f"half of a surrogate pair, \\u{ord(half):04x}, at {place}"
        raise _broken("surrogate", "text of whole Unicode characters", found, at=place) from None


def _containing(character: str, value: Any, pointer: str = "") -> Iterator[str]:
    """Pointers to the strings, and to the objects with a key, that contain a character."""
    if isinstance(value, str) and character in value:
        yield pointer
    for key, item in value.items() if isinstance(value, dict) else ():
        if character in str(key):
            yield pointer
        yield from _containing(character, item, f"{pointer}/{values.step(key)}")
    for index, item in enumerate(value if isinstance(value, list) else ()):
        yield from _containing(character, item, f"{pointer}/{index}")


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for holder in level
            if isinstance(holder, dict | list)
            for item in (holder.values() if isinstance(holder, dict) else holder)
        ]
    return bool(level)


def _broken(code: Code, expected: str, found: str, pointer: str = "", **values: Any) -> DocumentError:
    return DocumentError([problem(code, pointer, expected=expected, found=found, **values)])


def _info(document: dict[str, Any], catalog: Catalog) -> DatasetInfo | None:
    """The dataset of an invalid document, if this part is valid."""
    reference = _right(NamedDataset, document.get("dataset"))
    about = _described(reference, catalog)[0] if reference else None
    return about.info if about else None


def _beyond(
    document: dict[str, Any], reported: set[str], info: DatasetInfo | None
) -> tuple[list[Problem], list[dict[str, Any]]]:
    """For a document with invalid values: the problems between its valid parts, and the known layers."""
    model = document.get("model")
    layers = model.get("layers") if isinstance(model, dict) else None
    if not isinstance(layers, list) or not 0 < len(layers) <= MAX_LAYERS:
        layers = None
    known, problems = check(
        info=info,
        model=Model.model_construct(layers=tuple(map(_layer, layers)), input_shape=None) if layers else None,
        training=_right(Training, document.get("training", {})),
        export=_right(Export, document.get("export", {})),
    )
    return [found for found in problems if found.pointer not in reported], rows(known.nodes)


def _right(kind: Any, value: Any) -> Any:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return None


def _layer(value: Any) -> Any:
    kind = (
        LAYERS.get(value["type"]) if isinstance(value, dict) and isinstance(value.get("type"), str) else None
    )
    name = value.get("name") if isinstance(value, dict) else None
    right = kind and _right(kind, value)
    return right or Layer.model_construct(type="", name=name if isinstance(name, str) else None, inputs=None)
