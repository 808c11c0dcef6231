"""Convert documents of the SculptML app (2018) to the current format.

The app writes tuples as strings, sends keys without meaning, and ends every network with a softmax, whatever
the last layer is. Such documents must be trainable, so keys are ignored and layers are added. Each change is
reported as a notice. JSON pointers refer to the original document.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import ValidationError

from quickml.datasets import registry
from quickml.datasets.catalog import Catalog
from quickml.datasets.dataset import Reference
from quickml.datasets.info import DatasetInfo
from quickml.document.layers import LAYERS, Layer
from quickml.document.layers.layer import ShapeError
from quickml.document.training import OPTIMIZERS, ClassificationLoss, RegressionLoss
from quickml.errors import DocumentError, Notice, Problem
from quickml.fields import Shape

RATES_OF_2018 = {"Adadelta": 1.0, "Adagrad": 0.01, "Nadam": 0.002}
"""Default learning rates of Keras in 2018 that have changed since."""

_TYPES = {
    "DenseLyr": "Dense",
    "Conv2DLyr": "Conv2D",
    "MaxPooling2DLyr": "MaxPooling2D",
    "DropoutLyr": "Dropout",
    "FlattenLyr": "Flatten",
    "ReshapeLyr": "Reshape",
    "BatchNormalizationLyr": "BatchNormalization",
}
_KEYS = {"stride": "strides", "kernal_initializer": "kernel_initializer", "dim": "target_shape"}
_SILENT = frozenset({"layer", "__info__", "info"})
_REPEATS = frozenset({"__info__", "info", "name", "img_rows", "img_cols", "num_classes"})
"""Dataset keys that are redundant."""


@dataclass(frozen=True, kw_only=True)
class Translation:
    """The converted document, the notices, and the original pointers."""

    document: dict[str, Any]
    notices: tuple[Notice, ...]
    places: Mapping[str, str]
    """Pointers into `document`, each with the corresponding pointer into the original document."""

    def original(self, pointer: str) -> str:
        """Convert a pointer into `document` to a pointer into the original document."""
        for mine in sorted(self.places, key=len, reverse=True):
            if pointer == mine or pointer.startswith(f"{mine}/"):
                return self.places[mine] + pointer[len(mine) :]
        return pointer


def recognises(document: Any) -> bool:
    """Whether a document has SculptML's format."""
    model = document.get("model") if isinstance(document, dict) else None
    return isinstance(model, dict) and ("num_layers" in model or "layer_0" in model)


def name_of(model_name: str) -> str:
    """Convert a SculptML model name to a valid name: letters, digits, spaces, '.', '_' and '-'."""
    return re.sub(r"[^A-Za-z0-9 ._-]+", "-", model_name).strip(" -")[:64] or "model"


def translate(document: dict[str, Any], catalog: Catalog) -> Translation:
    """Convert a SculptML document to the current format. Does not validate single values.

    Raises:
        DocumentError: a layer is missing or of an unknown type, or the dataset is unknown.
    """
    return _Translator(document, catalog).run()


@dataclass
class _Translator:
    document: dict[str, Any]
    catalog: Catalog
    notices: list[Notice] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)

    def run(self) -> Translation:
        model = self.document["model"]
        kind = self._dataset_class()
        layers = self._layers(model)
        if self.problems or kind is None:
            raise DocumentError(self.problems)
        old = self.document.get("dataset", {})
        dataset = self._dataset(old, kind)
        info = self._info(dataset, kind)
        layers = _Repair(self, info).run(layers, _dim(model.get("input_layer")))
        for position, (_, pointer) in enumerate(layers):
            self.places[f"/model/layers/{position}"] = pointer
        result = {
            "name": self._name(model),
            "dataset": dataset,
            "model": {"layers": [layer for layer, _ in layers]},
            "training": self._training(old, model.get("optimizer"), info),
        }
        self._unknown_keys(model)
        return Translation(document=result, notices=tuple(self.notices), places=self.places)

    def notice(self, pointer: str, message: str) -> None:
        self.notices.append(Notice(pointer=pointer, message=message))

    # --------------------------------------------------------------------------- name and unknown keys

    def _name(self, model: Mapping[str, Any]) -> str:
        given = str(model.get("model_name") or "model")
        name = name_of(given)
        if name != given:
            self.notice("/model/model_name", f"changed to {name!r}")
        return name

    def _unknown_keys(self, model: Mapping[str, Any]) -> None:
        known = {"model_name", "num_layers", "optimizer", "input_layer", "__info__", "info"}
        for key in model:
            if key not in known and not re.fullmatch(r"layer_\d+", key):
                self.notice(f"/model/{_step(key)}", "ignored: unknown key")
        for key in self.document:
            if key not in ("model", "dataset", "__info__", "info"):
                self.notice(f"/{_step(key)}", "ignored: unknown key")

    # ------------------------------------------------------------------------------------ the dataset

    def _dataset_class(self) -> type[Reference] | None:
        old = self.document.get("dataset")
        name = old.get("name") if isinstance(old, dict) else None
        key = name.strip().lower().replace("-", "_").replace(" ", "_") if isinstance(name, str) else ""
        kind = registry.find(key)
        if kind is None:
            self.problems.append(
                Problem(
                    pointer="/dataset/name" if isinstance(old, dict) else "/dataset",
                    expected="a known dataset",
                    found=repr(name)[:80],
                    hint=f"known: {', '.join(registry.names())}",
                )
            )
        return kind

    def _info(self, dataset: dict[str, Any], kind: type[Reference]) -> DatasetInfo:
        """Describe the dataset; without its options if one is invalid, which is reported later."""
        try:
            reference = kind.model_validate(dataset)
        except ValidationError:
            reference = kind.model_construct(name=dataset["name"])
        return self.catalog.info(reference)

    def _dataset(self, old: Mapping[str, Any], kind: type[Reference]) -> dict[str, Any]:
        options = kind.model_fields
        result: dict[str, Any] = {"name": options["name"].default}
        for key, value in old.items():
            if key in _REPEATS or key in ("batch_size", "epochs", "metrics", "loss"):
                continue
            if key == "data_split" and "test_fraction" in options:
                result["test_fraction"] = self._test_fraction(value)
                self.places["/dataset/test_fraction"] = "/dataset/data_split"
            elif key in options:
                result[key] = _number(value)
            else:
                self.notice(f"/dataset/{_step(key)}", f"ignored: {result['name']} has no such option")
        return result

    def _test_fraction(self, split: Any) -> Any:
        share = _number(split)
        if not isinstance(share, int | float) or isinstance(share, bool):
            return split
        fraction = round(min(max(1 - share, 0.05), 0.5), 6)
        if abs(fraction - (1 - share)) > 1e-6:
            self.notice("/dataset/data_split", f"changed to a test fraction of {fraction}")
        return fraction

    # ------------------------------------------------------------------------------------ the training

    def _training(self, old: Mapping[str, Any], optimizer: Any, info: DatasetInfo) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key in ("batch_size", "epochs"):
            if key in old:
                result[key] = _number(old[key])
                self.places[f"/training/{key}"] = f"/dataset/{key}"
        allowed = get_args(ClassificationLoss if info.task == "classification" else RegressionLoss)
        loss = str(old.get("loss") or "").rpartition(".")[2].lower()
        if loss in allowed:
            result["loss"] = loss
        elif loss:
            self.notice(
                "/dataset/loss", f"ignored: {loss!r} is not a loss for {info.task}; the default is used"
            )
        if isinstance(optimizer, str) and optimizer:
            result["optimizer"] = self._optimizer(optimizer)
        return result

    def _optimizer(self, name: str) -> dict[str, Any]:
        known = {key.lower(): key for key in OPTIMIZERS}
        found = known.get(name.strip().lower())
        if found is None:
            self.notice("/model/optimizer", f"ignored: {name[:40]!r} is not a known optimizer; Adam is used")
            found = "Adam"
        rate = RATES_OF_2018.get(found)
        return {"type": found, "learning_rate": rate} if rate else {"type": found}

    # -------------------------------------------------------------------------------------- the layers

    def _layers(self, model: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
        present = sorted(int(key[6:]) for key in model if re.fullmatch(r"layer_\d{1,6}", key))
        asked = _number(model.get("num_layers", len(present)))
        count = asked if isinstance(asked, int) and 0 < asked <= 1000 else len(present)
        layers = []
        for index in range(count):
            pointer = f"/model/layer_{index}"
            old = model.get(f"layer_{index}")
            if not isinstance(old, dict) or _TYPES.get(str(old.get("layer"))) is None:
                found = old.get("layer") if isinstance(old, dict) else old
                self.problems.append(
                    Problem(
                        pointer=pointer,
                        found=repr(found)[:80] if old is not None else "none",
                        expected=f"a layer whose `layer` is one of {', '.join(_TYPES)}",
                    )
                )
                continue
            layers.append((self._layer(old, pointer), pointer))
        for index in present:
            if index >= count:
                self.notice(f"/model/layer_{index}", f"ignored: num_layers is {count}")
        if not layers and not self.problems:
            self.problems.append(Problem(pointer="/model", expected="at least one layer", found="none"))
        return layers

    def _layer(self, old: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        kind = _TYPES[str(old["layer"])]
        if kind == "Flatten" and _dim(old):
            kind = "Reshape"
            self.notice(pointer, f"a FlattenLyr with a dim is converted to a Reshape to {_dim(old)}")
        options = LAYERS[kind].model_fields
        layer: dict[str, Any] = {"type": kind}
        for key, value in old.items():
            new = _KEYS.get(key, key)
            if key in _SILENT or value is None:
                continue
            if key == "activation" and "activation" not in options:
                layer["activation"] = _word(value)  # handled by _Repair
            elif new not in options or new in Layer.model_fields:
                self.notice(f"{pointer}/{_step(key)}", f"ignored: {old['layer']} has no such argument")
            else:
                self._put(layer, new, value, f"{pointer}/{_step(key)}")
        return layer

    def _put(self, layer: dict[str, Any], key: str, value: Any, pointer: str) -> None:
        if key == "target_shape":
            layer[key] = _dim({"dim": value}) or value
        elif key in ("activation", "padding") or key.endswith("_initializer"):
            word = _word(value)
            if key == "padding" or word in get_args(LAYERS[layer["type"]].model_fields[key].annotation):
                layer[key] = word
            else:
                self.notice(pointer, f"ignored: {value!r} is not a known value")
        else:
            layer[key] = _tuple(value)


class _Repair:
    """Changes the network so that its input and output fit the dataset."""

    def __init__(self, translator: _Translator, info: DatasetInfo) -> None:
        self.notice = translator.notice
        self.info = info

    def run(
        self, layers: list[tuple[dict[str, Any], str]], dim: list[int]
    ) -> list[tuple[dict[str, Any], str]]:
        shape: Shape | None = self.info.shape
        result: list[tuple[dict[str, Any], str]] = []
        first = self._entrance(dim)
        if first:
            result.append((first, "/model/input_layer/dim"))
            shape = _after(first, shape)
        for index, (layer, pointer) in enumerate(layers):
            if layer["type"] == "Dense" and shape is not None and len(shape) > 1:
                self.notice(pointer, "a Flatten is inserted before it: Dense takes a flat input")
                result.append(({"type": "Flatten"}, pointer))
            activation = layer.pop("activation", None) if layer["type"] not in ("Dense", "Conv2D") else None
            if activation and (index < len(layers) - 1 or activation != "softmax"):
                self.notice(f"{pointer}/activation", f"ignored: {layer['type']} has no activation")
            result.append((layer, pointer))
            shape = _after(layer, (math.prod(shape),) if shape and layer["type"] == "Dense" else shape)
        return self._exit(result, shape)

    def _entrance(self, dim: list[int]) -> dict[str, Any] | None:
        """A Reshape, if the document's input has the same size as the dataset's, but another shape."""
        shape = self.info.shape
        if not dim or tuple(dim) == shape or (len(shape) == 3 and tuple(dim) == shape[:2]):
            return None
        if math.prod(dim) == math.prod(shape):
            return {"type": "Reshape", "target_shape": dim}
        self.notice("/model/input_layer/dim", f"ignored: the inputs of the dataset have the shape {shape}")
        return None

    def _exit(
        self, layers: list[tuple[dict[str, Any], str]], shape: Shape | None
    ) -> list[tuple[dict[str, Any], str]]:
        last, pointer = layers[-1]
        outputs = len(self.info.labels) or 1
        final = "softmax" if self.info.labels else "linear"
        if last["type"] == "Dense" and shape == (outputs,):
            if last.get("activation", "linear") != final:
                self.notice(
                    f"{pointer}/activation", f"changed to {final}: it is the last layer of a {self.info.task}"
                )
                last["activation"] = final
            return layers
        if shape == (1,) and outputs == 2 and last.get("activation") == "sigmoid":
            return layers
        learns = any(layer["type"] in ("Dense", "Conv2D") for layer, _ in layers)
        if shape == (outputs,) and final == "softmax" and learns:
            return [*layers, ({"type": "Softmax"}, pointer)]
        if last.get("activation") == "softmax":
            last["activation"] = "relu"
        self.notice(
            pointer, f"a Dense with {outputs} units and {final} is added after it, one unit per output"
        )
        flat = [({"type": "Flatten"}, pointer)] if shape is not None and len(shape) > 1 else []
        return [*layers, *flat, ({"type": "Dense", "units": outputs, "activation": final}, pointer)]


def _after(layer: dict[str, Any], shape: Shape | None) -> Shape | None:
    """The output shape of a layer; None if its values are invalid."""
    if shape is None:
        return None
    try:
        return LAYERS[layer["type"]].model_validate(layer).output_shape(shape)
    except (ShapeError, ValueError):
        return None


# ------------------------------------------------------------------------------- values of SculptML


def _step(key: str) -> str:
    return str(key)[:64].replace("~", "~0").replace("/", "~1")


def _number(value: Any) -> Any:
    """Convert `"12"` and `12.0` to 12; return other values unchanged."""
    if isinstance(value, str):
        try:
            value = float(value.strip())
        except ValueError:
            return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _tuple(value: Any) -> Any:
    """Convert `"(3,3)"` to [3, 3], `"(3)"` and `"3"` to 3, `"True"` to True; return others unchanged."""
    if not isinstance(value, str):
        return _number(value)
    if value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    found = re.fullmatch(r"\s*[(\[]?\s*(-?[\d.eE+-]+(?:\s*,\s*-?[\d.eE+-]+)*)\s*,?\s*[)\]]?\s*", value)
    if found is None:
        return value
    numbers = [_number(part) for part in found[1].split(",")]
    return numbers if len(numbers) > 1 else numbers[0]


def _dim(holder: Any) -> list[int]:
    """The sizes in the `dim` of an object, without zeros and blanks: `"(0, 0, 4)"` is [4]; empty if none."""
    value = holder.get("dim") if isinstance(holder, dict) else None
    if isinstance(value, str):
        value = [_number(part) for part in re.split(r"[,\s]+", value.strip(" ()[]")) if part]
    elif isinstance(value, int):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(size, int) for size in value):
        return []
    return [size for size in value if size]


def _word(value: Any) -> Any:
    """Convert a Keras name to its current spelling; no name is `linear`."""
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", "none")):
        return "linear"
    if not isinstance(value, str):
        return value
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", value.strip()).lower()
    return snake.replace("-", "_")
