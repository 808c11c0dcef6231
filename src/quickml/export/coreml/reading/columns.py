"""The inputs of a pipeline that are single values or dictionaries: what its first parts do with them.

An imputer replaces one value, which stands for a missing one. A one-hot encoder knows categories, and ignores
or refuses others. A dictionary vectorizer knows keys, and ignores others.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quickml.export.coreml.reading.contents import parts

TITLES = "quickml.columns"
"""The key in a file's metadata with the columns of its inputs: a JSON object of names by input."""
TARGETS = "quickml.targets"
"""The same for several outputs: a JSON object of the targets' names by output, in order."""
LABELS = "quickml.labels"
"""The same for labels of which a sample can have several: a JSON list in the order of their probabilities."""

Single = float | int | str


@dataclass(frozen=True, kw_only=True)
class Handling:
    """What a pipeline does with an input that is a single value."""

    missing: Single | None = None
    """The value that the pipeline replaces; NaN for most numbers. None: no value is replaced."""
    replacement: Single | None = None
    """What it is replaced by."""
    categories: tuple[int, ...] | tuple[str, ...] = ()
    """The values that are known, in order; of a dictionary the keys. Empty if it is no category."""
    refuses_unknown: bool = False
    """Whether other values than the categories end in an error. Otherwise they are ignored."""


UNHANDLED = Handling()


def handlings(model: Any) -> dict[str, Handling]:
    """What a pipeline does with its inputs, by their names. A model of another type is its only part."""
    found: dict[str, Handling] = {}
    sources = {feature.name: feature.name for feature in model.description.input}
    for part in parts(model):
        about = part.description
        if len(about.input) != 1 or about.input[0].name not in sources:
            continue
        name, kind = sources[about.input[0].name], part.WhichOneof("Type")
        if kind == "imputer" and name not in found:
            found[name] = _imputed(part.imputer)
            sources |= {output.name: name for output in about.output}
        elif kind == "oneHotEncoder":
            found[name] = _encoded(part.oneHotEncoder, found.get(name, UNHANDLED))
        elif kind == "dictVectorizer" and name not in found:
            which = part.dictVectorizer.WhichOneof("Map")
            keys = tuple(getattr(part.dictVectorizer, which).vector) if which else ()
            found[name] = Handling(categories=keys)
    return found


def titles(model: Any) -> dict[str, str]:
    """The columns of a file that QuickML wrote, by the names of its inputs; empty for other files."""
    return _named(model, TITLES, model.description.input)


def targets(model: Any) -> dict[str, str]:
    """The targets of a file that QuickML wrote, by the names of its outputs; empty for other files."""
    return _named(model, TARGETS, model.description.output)


def each_label(model: Any) -> tuple[str, ...]:
    """The labels of which a sample can have several, of a file that QuickML wrote; none for other files."""
    found = _written(model, LABELS)
    return tuple(found) if isinstance(found, list) and all(isinstance(one, str) for one in found) else ()


def _written(model: Any, key: str) -> Any:
    try:
        return json.loads(model.description.metadata.userDefined.get(key, "null"))
    except (ValueError, RecursionError):
        return None


def _named(model: Any, key: str, features: Any) -> dict[str, str]:
    found = _written(model, key)
    names = {feature.name for feature in features}
    if not isinstance(found, Mapping):
        return {}
    return {name: title for name, title in found.items() if name in names and isinstance(title, str)}


def _imputed(imputer: Any) -> Handling:
    replaced, given = imputer.WhichOneof("ReplaceValue"), imputer.WhichOneof("ImputedValue")
    if replaced is None or given is None or not given.endswith("Value"):
        return UNHANDLED
    return Handling(missing=getattr(imputer, replaced), replacement=getattr(imputer, given))


def _encoded(encoder: Any, imputed: Handling) -> Handling:
    which = encoder.WhichOneof("CategoryType")
    return Handling(
        missing=imputed.missing,
        replacement=imputed.replacement,
        categories=tuple(getattr(encoder, which).vector) if which else (),
        refuses_unknown=encoder.handleUnknown == encoder.ErrorOnUnknown,
    )


def is_nan(value: object) -> bool:
    """Whether a value is the number NaN."""
    return isinstance(value, float) and math.isnan(value)
