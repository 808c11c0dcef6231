"""What to write instead of a wrong key, type or value.

A suggestion is made only if the object around it takes what is suggested.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import ValidationError

from quickml.datasets import registry
from quickml.document import spellings
from quickml.document.document import MAX_LAYERS, Model
from quickml.document.export import Export
from quickml.document.layers import LAYERS, Layer
from quickml.document.place import Kind, Place, field, takes
from quickml.document.spellings import plain, question, similar
from quickml.document.training import OPTIMIZERS, EarlyStopping, Training

MAX_SHOWN = 160
"""Maximum number of characters of JSON in a hint."""
OWN_DATA = "files of your own need a dataset class, see docs/how-to/add-a-dataset.md"
_NO_SHAPE = "leave it out: the dataset gives the shape of the input"
_NO_INPUT = "leave this layer out: the dataset gives the shape of the input"
_WRAPPERS = frozenset({"config", "args", "arguments", "params", "parameters", "options", "kwargs"})


def value_hint(place: Place) -> str:
    """What to write instead of a value; empty if nothing is likely."""
    if not place.is_in_document or (place.key == "inputs" and (place.is_item or _merges(place.owner))):
        return ""
    if place.key == "input_shape":
        return _NO_SHAPE
    if isinstance(place.value, list | dict) and len(place.value) > MAX_LAYERS:
        return ""
    for value, hint in _values(place.value, place):
        if hint and place.takes(value):
            return hint
    if place.value is None and not place.is_required() and not place.is_item:
        return "leave it out for the default"
    return ""


def _merges(owner: Kind) -> bool:
    return issubclass(owner, Layer) and owner.merges


def _values(value: Any, place: Place) -> Iterator[tuple[Any, str]]:
    """Values that may be meant, each with its hint."""
    if value is None and place.key.endswith("activation"):
        yield "linear", _write("linear")
    elif isinstance(value, str):
        yield from _read(value)
        for meant in spellings.VALUES.get(plain(value), ()) if value.isascii() else ():
            yield meant, question([meant]) if isinstance(meant, str) else _write(meant)
        for name in similar(value, _options(place), cutoff=0.6):
            yield name, question([name])
        yield {"type": value}, _write({"type": value})
        if 0 < len(value) <= MAX_SHOWN:
            yield [value], _write([value])
    elif isinstance(value, list):
        yield from ((item, _write(item)) for item in value[:1] if len(set(map(str, value))) == 1)
        yield {"layers": value}, 'write {"layers": [...]}'
    elif isinstance(value, dict):
        if list(value) in (["type"], ["name"]):
            yield from ((name, _write(name)) for name in value.values())
        if isinstance(value.get("class_name"), str):
            meant = _without_class(value)
            yield meant, _write(meant)
        yield [value], _write([value])
    elif isinstance(value, int | float):
        yield from _numbers(value, place)


def _numbers(value: float, place: Place) -> Iterator[tuple[Any, str]]:
    if value is True:
        for whole in ({"monitor": "loss"}, {}):
            yield whole, _write(whole)
    elif value in (0, 1):
        yield bool(value), _write(bool(value))
    if isinstance(value, float) and value.is_integer():
        yield int(value), _write(int(value))
    if 1 < value < 100 and place.key.endswith(("rate", "fraction", "dropout", "drop")):
        yield value / 100, f"write {value / 100:g} for {value:g} %"
    if not isinstance(value, bool):
        yield [value], _write([value])
    if not isinstance(value, bool) and not place.is_item:
        yield str(value), _write(str(value))


def _read(text: str) -> Iterator[tuple[Any, str]]:
    """The value that a string contains: a number, true or false, or several numbers."""
    bare = text.strip().lower()[:64]
    if re.fullmatch(r"\d{1,2}(\.\d{1,4})? ?%", bare):
        share = round(float(bare.rstrip(" %")) / 100, 6)
        yield share, _write(share)
    if re.fullmatch(r"[(\[]?\s*\d{1,9}(\s*[,x*]\s*\d{1,9}){1,3}\s*[)\]]?", bare):
        several = [int(number) for number in re.findall(r"\d+", bare)]
        yield several, _write(several)
    try:
        value = json.loads(bare.strip("() ,") or '""')
    except (ValueError, RecursionError):
        return
    if isinstance(value, int | float):
        yield value, f"{_write(value)} without quotes"
        if isinstance(value, float) and value.is_integer():
            yield int(value), f"{_write(int(value))} without quotes"


def _options(place: Place) -> list[str]:
    """The words that a field takes."""
    found = field(place.owner, place.key)
    return list(_words(found.annotation)) if found is not None else []


def _words(annotation: Any) -> Iterator[str]:
    if isinstance(annotation, str):
        yield annotation
    for part in get_args(annotation):
        yield from _words(part)


def type_hint(value: Any, tags: Sequence[str]) -> tuple[str, list[str]]:
    """What to write instead of an unknown type, and the types that it suggests."""
    if not isinstance(value, dict):
        return "", []
    key = "name" if _is_dataset(tags) else "type"
    if key not in value:
        return _untyped(value, key, tags), []
    if not isinstance(value[key], str):
        return "", []
    word = value[key].rpartition(".")[2] if "Dense" in tags else value[key]  # of `keras.layers.Dense`
    bare = plain(word)
    if _is_dataset(tags):
        names = similar(word, tags, cutoff=0.7)
        return (OWN_DATA, []) if _is_file(word) and not names else (question(names), names)
    if bare in spellings.INPUTS and "Dense" in tags:
        return _NO_INPUT, []
    if bare in spellings.FUNCTIONS and "Activation" in tags and bare not in map(plain, tags):
        return _write({"type": "Activation", "activation": spellings.FUNCTIONS[bare]}), []
    names = [name for name in tags if name == spellings.TYPES.get(bare)]
    names = names or ([] if word in spellings.OTHER_TYPES else similar(word, tags))
    if not names and word in spellings.OTHER_TYPES:
        return f"QuickML does not have Keras' {word}; known: {', '.join(tags)}", []
    return question(names), names


def _is_dataset(tags: Sequence[str]) -> bool:
    return "iris" in tags


def _is_file(word: str) -> bool:
    return plain(word) in spellings.OWN_DATA or any(sign in word for sign in "./\\")


def _untyped(value: Mapping[str, Any], key: str, tags: Sequence[str]) -> str:
    """How an object without a type may be meant."""
    if key == "name":
        if any(_is_file(str(word)) for item in value.items() for word in item):
            return OWN_DATA
        keys = [(other, name) for other, name in value.items() if name in tags and other.isidentifier()]
        return next((f'write "name": "{name}" instead of "{other}": "{name}"' for other, name in keys), "")
    if isinstance(value.get("class_name"), str):
        layer = _without_class(value)
        if plain(value["class_name"]) in spellings.INPUTS:
            return _NO_INPUT
        is_whole = isinstance(layer, dict) and layer.get("type") in tags and _is_valid(layer)
        return (
            _write(layer) if is_whole else ""
        ) or 'write the class as "type", and the keys of "config" beside it'
    (first, inner), *others = [*value.items()] or [("", None)]
    if not others and first in tags and isinstance(inner, dict):
        return _write({"type": first, **inner})
    for other, name in value.items():
        if isinstance(name, str) and (other == "name" or "type" in spellings.KEYS.get(plain(other), ())):
            for tag in tags:
                if plain(tag) == plain(name):
                    return f'write "type": "{tag}" instead of "{other}": "{name}"'
    return ""


def _without_class(value: Mapping[str, Any]) -> Any:
    """A Keras object (`class_name` and `config`) as a document has it: a layer, an initializer, a penalty."""
    name, config = str(value["class_name"]), value.get("config")
    config = config if isinstance(config, dict) else {}
    name = spellings.TYPES.get(plain(name), name)
    kind: Any = LAYERS.get(name) or OPTIMIZERS.get(name)
    if kind is None and plain(name) in ("l1", "l2", "l1l2"):
        return {key: number for key, number in config.items() if key in ("l1", "l2")}
    if kind is None:
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    result: dict[str, Any] = {"type": name}
    for given_key, given in config.items():
        key = next((name for name in _names(given_key) if name in kind.model_fields), given_key)
        argument = _without_class(given) if isinstance(given, dict) and "class_name" in given else given
        known = key != "name" and key in kind.model_fields and argument is not None
        if known and takes(kind, key, argument) and argument != kind.model_fields[key].default:
            result[key] = argument
    return result


def _is_valid(written: Mapping[str, Any]) -> bool:
    kind: Any = LAYERS.get(written["type"]) or OPTIMIZERS.get(written["type"])
    try:
        kind.model_validate(written)
    except ValidationError:
        return False
    return True


def key_hint(place: Place, known: Sequence[str], document: Any) -> str:
    """What to do with an unknown key."""
    key, owner, is_layer = place.key, place.owner, issubclass(place.owner, Layer)
    if key in spellings.SHAPE_KEYS:
        return _NO_SHAPE
    if isinstance(place.holder, dict) and isinstance(place.holder.get("class_name"), str):
        return f"{text} instead" if (text := _write(_without_class(place.holder))) else ""
    if is_layer and key in _WRAPPERS and isinstance(place.value, dict):
        return f'write its keys beside "type", without "{key}"'
    elsewhere = "" if is_layer else _elsewhere(place, document)
    if elsewhere:
        return elsewhere
    if spellings.OTHER_KEYS.fullmatch(key):
        return "QuickML does not have it: leave it out"
    free = [name for name in known if name not in place.holder]
    likely = [name for name in _names(key)[1:] if name in free]
    likely += similar(key, free, cutoff=0.65) + similar(key, known)
    meant = next((name for name in likely if takes(owner, name, place.value)), "")
    if meant:
        return question([meant])
    listed = next((name for name in likely if takes(owner, name, [place.value])), "")
    if listed and (text := _shown([place.value])):
        return f'write "{listed}": {text} instead'
    return f"known: {', '.join(known)}" if len(known) <= 20 else ""


def _names(key: str) -> tuple[str, ...]:
    return (key, *(spellings.KEYS.get(plain(key), ()) if key.isascii() else ()))


def _elsewhere(place: Place, document: Any) -> str:
    """Where a key belongs that is in the wrong object."""
    for path, kind in _sections(document):
        if kind is place.owner:
            continue
        section = _at(document, path)
        for name in _names(place.key):
            is_free = section is None or (isinstance(section, dict | str) and name not in section)
            if is_free and name not in place.owner.model_fields and takes(kind, name, place.value):
                return _belongs(path, section, place.key, name, place.value, document)
    return ""


def _sections(document: Any) -> Iterator[tuple[tuple[str, ...], Kind]]:
    """The objects of a document and their classes, the likeliest first."""
    yield from ((("training",), Training), (("model",), Model), (("export",), Export))
    optimizer, dataset = _at(document, ("training", "optimizer")), document.get("dataset")
    name = optimizer.get("type") if isinstance(optimizer, dict) else optimizer or "Adam"
    by_name: dict[str, Kind] = {plain(known): kind for known, kind in OPTIMIZERS.items()}
    if isinstance(name, str) and plain(name) in by_name:
        yield ("training", "optimizer"), by_name[plain(name)]
    yield ("training", "early_stopping"), EarlyStopping
    name = dataset.get("name") if isinstance(dataset, dict) else dataset
    if isinstance(name, str) and name in registry.registered():
        yield ("dataset",), registry.registered()[name]


def _belongs(  # noqa: PLR0917
    path: tuple[str, ...], section: Any, key: str, name: str, value: Any, document: Any
) -> str:
    if len(path) == 1 and path != ("dataset",):
        return f'it belongs in "{path[0]}"' + (f', as "{name}"' if name != key else "")
    start: dict[str, Any] = dict(section) if isinstance(section, dict) else {}
    if path[-1] == "optimizer" and not start:
        start = {"type": section or "Adam"}
    elif path[-1] == "dataset" and not start:
        start = {"name": section}
    elif not start and not _at(document, ("training", "validation_fraction")):
        start = {"monitor": "loss"}
    where = f' in "{path[0]}"' if len(path) > 1 else ""
    text = _shown({**start, name: value})
    return (
        f'write "{path[-1]}": {text}{where}'
        if text
        else f'it belongs in "{path[-1]}"{where.replace("in", "of", 1)}'
    )


def _at(document: Any, path: Sequence[str]) -> Any:
    for step in path:
        document = document.get(step) if isinstance(document, dict) else None
    return document


def keras_model(document: Mapping[str, Any]) -> str | None:
    """JSON pointer of a model in the format of Keras' `to_json`, or None."""
    for pointer, value in (("", document), ("/model", document.get("model"))):
        if isinstance(value, dict) and "class_name" in value and isinstance(value.get("config"), dict):
            return pointer
    return None


def _write(value: Any) -> str:
    return f"write {text}" if (text := _shown(value)) else ""


def _shown(value: Any) -> str:
    """JSON to copy; empty if it is too long for a message."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else ""
