"""Generate tables of the keys of an object, with their valid values and defaults."""

import json
import textwrap
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter

from quickml.datasets.builtin import BUILT_IN
from quickml.datasets.files import FROM_FILES
from quickml.document.layers import LAYERS
from quickml.document.layers.layer import Activation_, Initializer
from quickml.document.schema import schema
from quickml.document.training import OPTIMIZERS, Loss, Metric
from quickml.fields import MAX_SIZE, DocumentModel, Padding, Pair

SPECIAL = {
    "integer of at least 1, or `[rows, columns]`": Pair,
    "integer of at least 0, or `[rows, columns]`, or `[[top, bottom], [left, right]]`": Padding,
}
"""Types with a clearer description than the one derived from their JSON Schema."""

CHOICES = {
    get_args(Activation_): "an [activation](#activations)",
    get_args(Initializer): "an [initializer](#initializers)",
    get_args(Loss): "a [loss](#losses-and-metrics)",
    get_args(Metric): "[metrics](#losses-and-metrics)",
}
"""Lists of values that are too long to repeat at every key."""

PATTERNS = {"^[A-Za-z][A-Za-z0-9_]{0,63}$": "an ASCII letter, then up to 63 ASCII letters, digits and `_`"}

LINKS = {
    "Model": "an object: [model](#model)",
    "Training": "an object: [training](#training)",
    "Export": "an object: [export](#export)",
    "EarlyStopping": "an object: [early stopping](#early-stopping)",
    "Regularizer": "an object: [regularizer](#regularizers)",
    "Updatable": "an object: [updatable](#updatable)",
    **{name: f"[{name}](#{name.lower()})" for name in LAYERS},
}
TAGS = {
    "iris": "a [dataset](#dataset)",
    "Adam": "an [optimizer](#optimizers)",
    "CosineDecay": "a [schedule](#learning-rate-schedules)",
}
"""Descriptions of tagged unions, by one of their tags."""


@cache
def _schema() -> dict[str, Any]:
    return schema([*BUILT_IN.values(), *FROM_FILES])


def keys(part: type[DocumentModel], *, only: Iterable[str] = (), without: Iterable[str] = ()) -> str:
    """The table of an object's keys, without empty columns. An empty string if there are no keys."""
    entry = _schema()["$defs"].get(part.__name__, _schema())
    chosen = set(only or entry["properties"]) - set(without)
    # Required keys first, then the object's own keys, then inherited ones.
    places = {key: (key not in entry.get("required", ()), key not in part.__annotations__) for key in chosen}
    rows = [
        [f"`{key}`", kind(value), default(part, key), value.get("description", "")]
        for key, value in entry["properties"].items()
        if key in chosen
    ]
    rows.sort(key=lambda row: places[row[0].strip("`")])
    return table(["key", "value", "default", "meaning"], rows)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, without columns that are empty in all rows."""
    kept = [at for at in range(len(head)) if any(row[at] for row in rows)]
    lines = [[head[at] for at in kept], ["---"] * len(kept), *([row[at] for at in kept] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) if rows else ""


def kind(entry: Mapping[str, Any]) -> str:
    """Describe the valid values of a key, from its JSON Schema."""
    core = {k: v for k, v in entry.items() if k not in ("title", "description", "default")}
    if "oneOf" in core and "discriminator" not in core:  # a union with a callable discriminator
        core["anyOf"] = core.pop("oneOf")
    if "anyOf" in core:
        core["anyOf"] = [option for option in core["anyOf"] if option != {"type": "null"}]
    for words, special in SPECIAL.items():
        if core == TypeAdapter(special).json_schema():
            return words
    if "discriminator" in core:
        return _tagged(core["discriminator"]["mapping"])
    if "$ref" in core:
        return LINKS[core["$ref"].rpartition("/")[2]]
    if "anyOf" in core:
        simple_first = sorted(core["anyOf"], key=lambda option: option.get("type") == "array")
        return ", or ".join(map(kind, simple_first))
    if "enum" in core or "const" in core:
        values = core.get("enum", [core.get("const")])
        return _choice(values)
    return _plain(core)


def _choice(values: list[Any]) -> str:
    """The name of a long list, with the values that it does not have; the values themselves otherwise."""
    for named, words in CHOICES.items():
        if tuple(values[: len(named)]) == named:
            others = values[len(named) :]
            return f"{words}, or {one_of(others)}" if others else words
    return one_of(values)


def _tagged(names: Iterable[str]) -> str:
    """Describe a tagged union: all types of a kind, or a list of the accepted ones."""
    names = list(names)
    if any(set(names) < set(kinds) for kinds in (LAYERS, OPTIMIZERS)):
        return "one of " + ", ".join(f"[{name}](#{name.lower()})" for name in names)
    return next(words for tag, words in TAGS.items() if tag in names)


def wrapped(text: str | None) -> str:
    """Wrap paragraphs at 110 characters."""
    wrapper = textwrap.TextWrapper(110, break_long_words=False, break_on_hyphens=False)
    return "\n\n".join(wrapper.fill(" ".join(part.split())) for part in (text or "").split("\n\n"))


def one_of(values: Iterable[Any]) -> str:
    """`"a"`, `"b"` or `"c"`."""
    *most, last = [f"`{json.dumps(value)}`" for value in values]
    return f"{', '.join(most)} or {last}" if most else last


def default(part: type[DocumentModel], key: str) -> str:
    """Describe the default of a key; a pair of equal numbers is written as one."""
    field = part.model_fields.get(key)
    if field is not None and field.is_required():
        return "**required**"
    if field is None or field.default is None:
        return "none"
    if isinstance(field.default, DocumentModel):
        tag = getattr(field.default, "type", None)
        return f"`{json.dumps(tag)}`" if tag else "all defaults"
    return f"`{written(field.default)}`"


def written(value: Any) -> str:
    """JSON; a pair of equal numbers is written as one."""
    while isinstance(value, tuple) and len(value) == 2 and len(set(value)) == 1:
        value = value[0]
    return json.dumps(value).replace("e-0", "e-")


def _plain(core: Mapping[str, Any]) -> str:
    if core["type"] == "string":
        if most := core.get("maxLength"):
            return f"text of at most {most:,} characters"
        return PATTERNS.get(core.get("pattern", ""), "text")
    if core["type"] == "boolean":
        return "`true` or `false`"
    return _list(core) if core["type"] == "array" else _number(core)


def _list(core: Mapping[str, Any]) -> str:
    least = core.get("minItems", core.get("minLength", 0))
    most = core.get("maxItems", core.get("maxLength", 0))
    count = f"{least} to {most:,} " if most else f"at least {least} " if least > 1 else ""
    count = f"{most:,} " if least == most > 0 else count
    items = core["items"]
    if "discriminator" in items and set(items["discriminator"]["mapping"]) == set(LAYERS):
        return f"a list of {count}[layers](#layers)"
    inner = kind(items)
    for noun in ("integer", "number", "text"):
        inner = inner.replace(noun, f"{noun}s", 1) if inner.startswith(noun) else inner
    return f"a list of {count}{inner}"


def _number(core: Mapping[str, Any]) -> str:
    low, above = core.get("minimum"), core.get("exclusiveMinimum")
    high, below = core.get("maximum"), core.get("exclusiveMaximum")
    if core["type"] == "integer" and below is not None:
        high, below = below - 1, None
    if low is not None and high not in (None, MAX_SIZE):
        return f"{core['type']} from {low:,} to {high:,}"
    bounds = (("of at least", low), ("above", above), ("of at most", high), ("below", below))
    said = [f"{word} {value:,}" for word, value in bounds if value not in (None, MAX_SIZE)]
    return " ".join([core["type"], " and ".join(said)]).strip()
