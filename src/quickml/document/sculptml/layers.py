"""Convert the layers of a SculptML document, one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from quickml.document.advice import NOTHING, meant
from quickml.document.layers import LAYERS, Layer
from quickml.document.sculptml.notes import Notes
from quickml.document.sculptml.values import dim, is_absent, number, step, tuple_or_number, word
from quickml.document.spellings import similar

TYPES = {
    "DenseLyr": "Dense",
    "Conv2DLyr": "Conv2D",
    "MaxPooling2DLyr": "MaxPooling2D",
    "DropoutLyr": "Dropout",
    "FlattenLyr": "Flatten",
    "ReshapeLyr": "Reshape",
    "BatchNormalizationLyr": "BatchNormalization",
}
_INPUT = "InputLyr"
_KEYS = {"stride": "strides", "kernal_initializer": "kernel_initializer", "dim": "target_shape"}
_SILENT = frozenset({"layer", "__info__", "info"})
_RATE_OF_2018 = 0.01
"""Factor of a regularizer that is given by its name alone."""
_REGULARIZERS = {"l1": ("l1",), "l2": ("l2",), "l1l2": ("l1", "l2")}
_MOST_LAYERS = 1000


@dataclass(frozen=True, kw_only=True)
class Converted:
    """A layer, and where it comes from."""

    layer: dict[str, Any]
    """In the current format."""
    pointer: str
    keys: dict[str, str] = field(default_factory=dict)
    """Keys of `layer`, each with the pointer to the original value."""
    dim: tuple[int, ...] = ()
    """Of a `FlattenLyr`, which may be meant as a Reshape."""


def convert(model: Mapping[str, Any], base: str, outputs: int, notes: Notes) -> list[Converted]:
    """All layers of a model. Those that are missing or of an unknown type are added to the problems.

    Args:
        model: the object that contains the layers.
        base: its pointer.
        outputs: number of outputs that the dataset needs.
        notes: the notes.
    """
    present = sorted(int(key[6:]) for key in model if re.fullmatch(r"layer_[0-9]{1,6}", key))
    count = _count(model, present, base, notes)
    layers = []
    for index in range(count):
        pointer = f"{base}/layer_{index}"
        old = model.get(f"layer_{index}")
        kind = _kind(old)
        if kind == _INPUT:
            notes.notice(pointer, "ignored: the input comes from the dataset")
        elif isinstance(old, dict) and kind in TYPES:
            layers.append(_Conversion(old, TYPES[kind], pointer, outputs, notes).run())
        else:
            found = old.get("layer") if isinstance(old, dict) else old
            names = similar(found, list(TYPES)) if isinstance(found, str) else []
            advice = meant(f"{pointer}/layer", names) if names else NOTHING
            expected = f"a layer whose `layer` is one of {', '.join(TYPES)}"
            type_ = found if isinstance(found, str) else None
            notes.problem("unknown-type", pointer, expected, found, advice, type=type_, known=[*TYPES])
    for index in present:
        if index >= count:
            notes.notice(f"{base}/layer_{index}", f"ignored: num_layers is {count}")
    if not layers and not notes.problems:
        notes.problem("too-few-items", base, "at least one layer", None, minimum=1, found_items=0)
    return layers


def _count(model: Mapping[str, Any], present: list[int], base: str, notes: Notes) -> int:
    count = number(model.get("num_layers", len(present)))
    if not isinstance(count, int) or not 0 < count <= _MOST_LAYERS:
        notes.unknown(f"{base}/num_layers", count)
        count = min(len(present), _MOST_LAYERS)
    if not base and present == list(range(count + 1)):  # a mistake of documents with layers at the root
        notes.notice("/num_layers", f"changed to {count + 1}, the number of layers")
        return count + 1
    return count


def _kind(old: Any) -> str:
    """The type of a layer. An early version of the app wrote it as `name`."""
    return str(old.get("layer") or old.get("name")) if isinstance(old, dict) else ""


@dataclass
class _Conversion:
    old: Mapping[str, Any]
    kind: str
    pointer: str
    outputs: int
    notes: Notes

    def run(self) -> Converted:
        options = LAYERS[self.kind].model_fields
        result = Converted(
            layer={"type": self.kind},
            pointer=self.pointer,
            dim=tuple(dim(self.old)) if self.kind == "Flatten" else (),
        )
        silent = _SILENT | ({"dim"} if result.dim else set()) | (set() if "layer" in self.old else {"name"})
        for key, value in self.old.items():
            new = _KEYS.get(key, key)
            if key in silent or is_absent(value):
                continue
            pointer = f"{self.pointer}/{step(key)}"
            if key == "activation" and "activation" not in options:
                result.layer["activation"] = word(value)  # the network decides what it means
            elif new not in options or new in Layer.model_fields:
                self.notes.notice(pointer, f"ignored: {_kind(self.old)} has no such argument")
            elif (converted := self._value(new, value, pointer)) is not None:
                result.layer[new] = converted
                result.keys[new] = pointer
        if self.kind == "Reshape" and "target_shape" not in result.layer:
            self.notes.problem("missing-key", self.pointer, "the key 'dim'", None, keys=["dim"])
        return result

    def _value(self, key: str, value: Any, pointer: str) -> Any:
        """The value of an argument; None if it is ignored."""
        if key == "target_shape":
            return dim({"dim": value}) or value
        if key.endswith("_regularizer"):
            return self._regularizer(value, pointer)
        if key == "rate":
            return self._rate(number(value), pointer)
        if key == "units" and value == "num_classes":
            self.notes.notice(pointer, f"changed to {self.outputs}, the number of outputs")
            return self.outputs
        if key in ("activation", "padding") or key.endswith("_initializer"):
            if word(value) in get_args(LAYERS[self.kind].model_fields[key].annotation):
                return word(value)
            self.notes.unknown(pointer, value)
            return None
        return tuple_or_number(value)

    def _rate(self, rate: Any, pointer: str) -> Any:
        """Keras clipped rates to the range 0 to 1 in 2018, and dropped nothing at 0 and at 1."""
        if isinstance(rate, int | float) and not isinstance(rate, bool) and not 0 <= rate < 1:
            self.notes.notice(pointer, "changed to 0: Keras 2 dropped nothing at this rate")
            return 0
        return rate

    def _regularizer(self, value: Any, pointer: str) -> Any:
        """A name, or an object with `class_name` and `config`, or with `l1` and `l2`."""
        config = value.get("config", value) if isinstance(value, dict) else {}
        name = value.get("class_name", "L1L2") if isinstance(value, dict) else value
        factors = _REGULARIZERS.get(name.lower().replace("_", "")) if isinstance(name, str) else None
        if factors is None or not isinstance(config, dict):
            self.notes.unknown(pointer, value)
            return None
        inside = f"{pointer}/config" if config is not value else pointer
        for key in config:
            if key not in factors and key != "class_name":
                self.notes.notice(f"{inside}/{step(key)}", "ignored: unknown key")
        default = 0 if isinstance(value, dict) else _RATE_OF_2018
        return {factor: number(config.get(factor, default)) for factor in factors}
