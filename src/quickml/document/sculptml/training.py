"""Convert the optimizer, the loss and the metrics of a SculptML document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quickml.datasets.info import DatasetInfo
from quickml.document.checks.training import losses_of, metrics_for
from quickml.document.sculptml.notes import Notes
from quickml.document.sculptml.values import is_absent, number, step, word
from quickml.document.training import OPTIMIZERS, SHORT_NAMES
from quickml.document.validation_errors import shown_value

RATES_OF_2018 = {"Adadelta": 1.0, "Adagrad": 0.01, "Nadam": 0.002}
"""Default learning rates of Keras in 2018 that have changed since."""
KEYS = frozenset({"batch_size", "epochs", "loss", "metrics", "optimizer"})
"""Keys of the model or the dataset that are about the training."""
_OPTIONS = {"lr": "learning_rate"}
_NAMES = ("class_name", "type", "name")

Asked = Callable[[str], tuple[Any, str]]
"""Takes a key; returns its value in the document, or None, and the JSON pointer of the key."""


def converted(asked: Asked, info: DatasetInfo, notes: Notes) -> dict[str, Any]:
    """The `training` of the converted document."""
    result: dict[str, Any] = {}
    for key in KEYS:
        notes.places[f"/training/{key}"] = asked(key)[1]
    for key in ("batch_size", "epochs"):
        value, _ = asked(key)
        if not is_absent(value):
            result[key] = number(value)
    if loss := _loss(*asked("loss"), info, notes):
        result["loss"] = loss
    if metrics := _metrics(*asked("metrics"), info, notes):
        result["metrics"] = metrics
    if optimizer := _optimizer(*asked("optimizer"), notes):
        result["optimizer"] = optimizer
    return result


def _keras_name(value: Any) -> Any:
    """`keras.losses.mse` and `MeanSquaredError` as `mean_squared_error`."""
    found = word(value.rpartition(".")[2]) if isinstance(value, str) else value
    return SHORT_NAMES.get(found, found) if isinstance(found, str) else found


def _loss(value: Any, pointer: str, info: DatasetInfo, notes: Notes) -> Any:
    if is_absent(value):
        return None
    loss = _keras_name(value)
    if loss in losses_of(info):
        return loss
    found = shown_value(value)
    notes.notice(pointer, f"ignored: {found} is not a loss for {info.task}; the default is used")
    return None


def _metrics(value: Any, pointer: str, info: DatasetInfo, notes: Notes) -> list[str]:
    """The metrics that fit the task; a classification always has its accuracy, which the app shows."""
    known = metrics_for(info)
    found = ["accuracy"] if "accuracy" in known else []
    items = value if isinstance(value, list) else [] if is_absent(value) else [value]
    for position, item in enumerate(items):
        metric = _keras_name(item)
        if isinstance(metric, str) and metric in known:
            found.append(metric)
        else:
            place = f"{pointer}/{position}" if isinstance(value, list) else pointer
            notes.notice(place, f"ignored: {shown_value(item)} is not a metric for {info.task}")
    return list(dict.fromkeys(found))


def _optimizer(value: Any, pointer: str, notes: Notes) -> dict[str, Any] | None:
    if is_absent(value):
        return None
    config = value.get("config", value) if isinstance(value, dict) else {}
    name = next((value[key] for key in _NAMES if key in value), None) if isinstance(value, dict) else value
    known = {key.lower(): key for key in OPTIMIZERS}
    kind = known.get(name.rpartition(".")[2].strip().lower()) if isinstance(name, str) else None
    if kind is None:
        notes.notice(pointer, f"ignored: {shown_value(name or value)} is not a known optimizer; Adam is used")
        return {"type": "Adam"}
    result: dict[str, Any] = {"type": kind}
    inside = f"{pointer}/config" if config is not value else pointer
    if not isinstance(config, dict):
        notes.unknown(inside, config)
        config = {}
    for key, option in config.items():
        new = _OPTIONS.get(key, key)
        if key in _NAMES or is_absent(option):
            continue
        if new in OPTIMIZERS[kind].model_fields:
            result[new] = number(option)
            notes.places[f"/training/optimizer/{new}"] = f"{inside}/{step(key)}"
        elif option:
            notes.notice(f"{inside}/{step(key)}", f"ignored: {kind} has no such argument")
    if kind in RATES_OF_2018:
        result.setdefault("learning_rate", RATES_OF_2018[kind])
    return result
