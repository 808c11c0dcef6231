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
from quickml.datasets.dataset import Reference
from quickml.document import spellings
from quickml.document.advice import (
    MAX_SHOWN,
    NOTHING,
    Advice,
    drop,
    leave_out,
    meant,
    move,
    put,
    rename,
    shown_json,
    told,
    write,
    written,
)
from quickml.document.document import MAX_LAYERS, Model
from quickml.document.export import Export
from quickml.document.layers import LAYERS, Layer
from quickml.document.place import Kind, Place, escaped, field, takes
from quickml.document.spellings import plain, question, similar
from quickml.document.training import OPTIMIZERS, EarlyStopping, Training

OWN_DATA = (
    'write {"name": "table", "file": "flowers.csv", "target": "species"} for a table of your own, see'
    ' docs/how-to/use-your-own-table.md, or {"name": "pictures", "file": "fruit"} for pictures, see'
    ' docs/how-to/use-your-own-pictures.md, or {"name": "recordings", "file": "motion"} for sensors, see'
    " docs/how-to/use-your-own-recordings.md; other files need a dataset class, see"
    " docs/how-to/add-a-dataset.md"
)
_NO_SHAPE = "leave it out: the dataset gives the shape of the input"
_NO_INPUT = "leave this layer out: the dataset gives the shape of the input"
_WRAPPERS = frozenset({"config", "args", "arguments", "params", "parameters", "options", "kwargs"})


def value_advice(place: Place) -> Advice:
    """What to write instead of a value; nothing if nothing is likely."""
    if not place.is_in_document or (place.key == "inputs" and (place.is_item or _merges(place.owner))):
        return NOTHING
    if place.key == "input_shape":
        return leave_out(place.pointer, _NO_SHAPE)
    if isinstance(place.value, list | dict) and len(place.value) > MAX_LAYERS:
        return NOTHING
    for value, words in _values(place.value, place):
        if words and place.takes(value):
            return write(place.pointer, value, words)
    if place.value is None and not place.is_required() and not place.is_item:
        return leave_out(place.pointer, "leave it out for the default")
    return NOTHING


def _merges(owner: Kind) -> bool:
    return issubclass(owner, Layer) and owner.merges


def _values(value: Any, place: Place) -> Iterator[tuple[Any, str]]:
    """Values that may be meant, each with the words for it."""
    if value is None and place.key.endswith("activation"):
        yield "linear", written("linear")
    elif isinstance(value, str):
        yield from _read(value)
        for meant in spellings.VALUES.get(plain(value), ()) if value.isascii() else ():
            yield meant, question([meant]) if isinstance(meant, str) else written(meant)
        for name in similar(value, _options(place), cutoff=0.6):
            yield name, question([name])
        yield {"type": value}, written({"type": value})
        if 0 < len(value) <= MAX_SHOWN:
            yield [value], written([value])
    elif isinstance(value, list):
        yield from ((item, written(item)) for item in value[:1] if len(set(map(str, value))) == 1)
        if place.key == "model":
            yield {"layers": value}, 'write {"layers": [...]}'
    elif isinstance(value, dict):
        if list(value) in (["type"], ["name"]):
            yield from ((name, written(name)) for name in value.values())
        if isinstance(value.get("class_name"), str):
            meant = _without_class(value)
            yield meant, written(meant)
        yield [value], written([value])
    elif isinstance(value, int | float):
        yield from _numbers(value, place)


def _numbers(value: float, place: Place) -> Iterator[tuple[Any, str]]:
    if value is True:
        for whole in ({"monitor": "loss"}, {}):
            yield whole, written(whole)
    elif value in (0, 1):
        yield bool(value), written(bool(value))
    if isinstance(value, float) and value.is_integer():
        yield int(value), written(int(value))
    if 1 < value < 100 and place.key.endswith(("rate", "fraction", "dropout", "drop")):
        yield value / 100, f"write {value / 100:g} for {value:g} %"
    if not isinstance(value, bool):
        yield [value], written([value])
    if not isinstance(value, bool) and not place.is_item:
        yield str(value), written(str(value))


def _read(text: str) -> Iterator[tuple[Any, str]]:
    """The value that a string contains: a number, true or false, or several numbers."""
    bare = text.strip().lower()[:64]
    if re.fullmatch(r"\d{1,2}(\.\d{1,4})? ?%", bare):
        share = round(float(bare.rstrip(" %")) / 100, 6)
        yield share, written(share)
    if re.fullmatch(r"[(\[]?\s*\d{1,9}(\s*[,x*]\s*\d{1,9}){1,3}\s*[)\]]?", bare):
        several = [int(number) for number in re.findall(r"\d+", bare)]
        yield several, written(several)
    try:
        value = json.loads(bare.strip("() ,") or '""')
    except (ValueError, RecursionError):
        return
    if isinstance(value, int | float):
        yield value, f"{written(value)} without quotes"
        if isinstance(value, float) and value.is_integer():
            yield int(value), f"{written(int(value))} without quotes"


def _options(place: Place) -> list[str]:
    """The words that a field takes."""
    found = field(place.owner, place.key)
    return list(_words(found.annotation)) if found is not None else []


def _words(annotation: Any) -> Iterator[str]:
    if isinstance(annotation, str):
        yield annotation
    for part in get_args(annotation):
        yield from _words(part)


def type_advice(pointer: str, value: Any, tags: Sequence[str]) -> tuple[Advice, list[str]]:
    """What to write instead of an unknown type of the object at a pointer, and the types that it suggests."""
    if not isinstance(value, dict):
        return NOTHING, []
    key = "name" if _is_dataset(tags) else "type"
    if key not in value:
        return _untyped(pointer, value, key, tags), []
    if not isinstance(value[key], str):
        return NOTHING, []
    place = f"{pointer}/{key}"
    word = value[key].rpartition(".")[2] if "Dense" in tags else value[key]  # of `keras.layers.Dense`
    bare = plain(word)
    if _is_dataset(tags):
        names = similar(word, tags, cutoff=0.7)
        return (told(OWN_DATA), []) if _is_file(word) and not names else (meant(place, names), names)
    if bare in spellings.INPUTS and "Dense" in tags:
        return leave_out(pointer, _NO_INPUT), []
    if bare in spellings.FUNCTIONS and "Activation" in tags and bare not in map(plain, tags):
        return _function(pointer, value, spellings.FUNCTIONS[bare]), []
    names = [name for name in tags if name == spellings.TYPES.get(bare)]
    names = names or ([] if word in spellings.OTHER_TYPES else similar(word, tags))
    if not names and word in spellings.OTHER_TYPES:
        return told(f"QuickML does not have Keras' {word}; known: {', '.join(tags)}"), []
    return meant(place, names), names


def _function(pointer: str, layer: Mapping[str, Any], name: str) -> Advice:
    """An Activation instead of a layer that other libraries have; its name and inputs remain."""
    written_layer = {"type": "Activation", "activation": name}
    kept = {key: layer[key] for key in ("name", "inputs") if key in layer}
    return write(pointer, {**written_layer, **kept}, written(written_layer))


def _is_dataset(tags: Sequence[str]) -> bool:
    return "iris" in tags


def _is_file(word: str) -> bool:
    return plain(word) in spellings.OWN_DATA or any(sign in word for sign in "./\\")


def _untyped(pointer: str, value: Mapping[str, Any], key: str, tags: Sequence[str]) -> Advice:
    """How an object without a type may be meant."""
    if key == "name":
        if any(_is_file(str(word)) for item in value.items() for word in item):
            return told(OWN_DATA)
        keys = [(other, name) for other, name in value.items() if name in tags and other.isidentifier()]
        return next((_instead(pointer, key, name, other, name) for other, name in keys), NOTHING)
    if isinstance(value.get("class_name"), str):
        layer = _without_class(value)
        if plain(value["class_name"]) in spellings.INPUTS:
            return leave_out(pointer, _NO_INPUT)
        is_whole = isinstance(layer, dict) and layer.get("type") in tags and _is_valid(layer)
        words = (
            written(layer) if is_whole else ""
        ) or 'write the class as "type", and the keys of "config" beside it'
        return write(pointer, layer, words) if is_whole else told(words)
    (first, inner), *others = [*value.items()] or [("", None)]
    if not others and first in tags and isinstance(inner, dict):
        return write(pointer, {"type": first, **inner})
    for other, name in value.items():
        if isinstance(name, str) and (other == "name" or _means_type(other)):
            for tag in tags:
                if plain(tag) == plain(name):
                    return _instead(pointer, "type", tag, other, name)
    return NOTHING


def _means_type(key: str) -> bool:
    return "type" in spellings.KEYS.get(plain(key), ()) or bool(similar(key, ("type",), cutoff=0.75))


def _instead(pointer: str, key: str, name: str, other: str, found: str) -> Advice:
    """A key with another name, and maybe another spelling of its value."""
    place = f"{pointer}/{key}"
    steps = [move(f"{pointer}/{escaped(other)}", place), *([] if name == found else [put(place, name)])]
    return Advice(words=f'write "{key}": "{name}" instead of "{other}": "{found}"', steps=tuple(steps))


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


def key_advice(place: Place, known: Sequence[str], document: Any) -> Advice:
    """What to do with an unknown key."""
    key, owner, is_layer = place.key, place.owner, issubclass(place.owner, Layer)
    if key in spellings.SHAPE_KEYS:
        return leave_out(place.pointer, _NO_SHAPE)
    if isinstance(place.holder, dict) and isinstance(place.holder.get("class_name"), str):
        whole = _without_class(place.holder)
        return write(place.holder_pointer, whole, f"{text} instead" if (text := written(whole)) else "")
    if is_layer and key in _WRAPPERS and isinstance(place.value, dict):
        whole = {name: value for name, value in place.holder.items() if name != key} | place.value
        return write(place.holder_pointer, whole, f'write its keys beside "type", without "{key}"')
    if key == "target" and issubclass(owner, Reference) and _is_picture(place.value):
        return told(spellings.PICTURES)
    elsewhere = NOTHING if is_layer else _elsewhere(place, document)
    if elsewhere:
        return elsewhere
    if spellings.OTHER_KEYS.fullmatch(key):
        return leave_out(place.pointer, "QuickML does not have it: leave it out")
    free = [name for name in known if name not in place.holder]
    likely = [name for name in _names(key)[1:] if name in free]
    likely += similar(key, free, cutoff=0.65) + similar(key, known)
    wanted = next((name for name in likely if takes(owner, name, place.value)), "")
    if wanted:
        return rename(place.pointer, place.holder_pointer, wanted)
    listed = next((name for name in likely if takes(owner, name, [place.value])), "")
    if listed and (text := shown_json([place.value])):
        steps = (drop(place.pointer), put(f"{place.holder_pointer}/{listed}", [place.value]))
        return Advice(words=f'write "{listed}": {text} instead', steps=steps)
    return told(f"known: {', '.join(known)}" if len(known) <= 20 else "")


def _is_picture(value: Any) -> bool:
    return isinstance(value, str) and plain(value) in spellings.PICTURE_TARGETS


def _names(key: str) -> tuple[str, ...]:
    return (key, *(spellings.KEYS.get(plain(key), ()) if key.isascii() else ()))


def _elsewhere(place: Place, document: Any) -> Advice:
    """Where a key belongs that is in the wrong object."""
    for path, kind in _sections(document):
        if kind is place.owner:
            continue
        section = _at(document, path)
        for name in _names(place.key):
            is_free = section is None or (isinstance(section, dict | str) and name not in section)
            if is_free and name not in place.owner.model_fields and takes(kind, name, place.value):
                return _belongs(path, section, place, name, document)
    return NOTHING


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


def _belongs(path: tuple[str, ...], section: Any, place: Place, name: str, document: Any) -> Advice:
    target = "".join(f"/{step}" for step in path)
    if len(path) == 1 and path != ("dataset",):
        words = f'it belongs in "{path[0]}"' + (f', as "{name}"' if name != place.key else "")
        return Advice(words=words, steps=(move(place.pointer, f"{target}/{name}"),))
    start: dict[str, Any] = dict(section) if isinstance(section, dict) else {}
    if path[-1] == "optimizer" and not start:
        start = {"type": section or "Adam"}
    elif path[-1] == "dataset" and not start:
        start = {"name": section}
    elif not start and not _at(document, ("training", "validation_fraction")):
        start = {"monitor": "loss"}
    where = f' in "{path[0]}"' if len(path) > 1 else ""
    whole = {**start, name: place.value}
    words = (
        f'write "{path[-1]}": {text}{where}'
        if (text := shown_json(whole))
        else f'it belongs in "{path[-1]}"{where.replace("in", "of", 1)}'
    )
    return Advice(words=words, steps=(drop(place.pointer), put(target, whole)))


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


def layers_of_keras(model: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The layers of a Keras `Sequential`, as a document has them; none if one of them cannot be written."""
    config = model.get("config")
    given = config.get("layers") if isinstance(config, dict) else None
    if model.get("class_name") != "Sequential" or not isinstance(given, list) or len(given) > MAX_LAYERS:
        return []
    items = [item for item in given if isinstance(item, dict) and isinstance(item.get("class_name"), str)]
    layers = [_without_class(item) for item in items if plain(item["class_name"]) not in spellings.INPUTS]
    is_whole = len(items) == len(given) and all(isinstance(one, dict) and "type" in one for one in layers)
    return layers if is_whole else []
