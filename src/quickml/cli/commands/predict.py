"""`quickml predict`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quickml.cli.display.output import note, say, say_json
from quickml.cli.inputs import numbers, pictures
from quickml.cli.named_inputs import named_rows, unknown_categories
from quickml.cli.windows import takes_windows, windows
from quickml.errors import InputError

if TYPE_CHECKING:
    from quickml.export.runtime import Runtime

SHOWN = 5
"""Of a model's many classes, the most probable few are printed."""
MAX_NOTES = 10
"""Number of values that are told to count as missing."""


def predict_inputs(file: Path, inputs: Sequence[str], *, as_json: bool) -> None:
    """Run a file on each input and print the answers; all inputs are read before the first is run.

    Raises:
        CoreMLFileError: the file cannot be read or run.
        InputError: an input does not fit.
    """
    from quickml.export.runtime import Runtime

    runtime = Runtime.load(file)
    for name, sample in _samples(runtime, inputs):
        answer = {"input": name, **_answer(runtime, name, sample)}
        say_json(answer) if as_json else say(_sentence(answer))


def _samples(runtime: Runtime, inputs: Sequence[str]) -> list[tuple[str, Any]]:
    """Every input with its name: an array, or values by name."""
    if runtime.takes_columns:
        rows: list[tuple[str, Any]] = list(named_rows(inputs, runtime))
        note(*islice(unknown_categories(rows, runtime), MAX_NOTES))
        return rows
    if takes_windows(runtime, inputs):
        return list(windows(inputs, runtime))
    needed = runtime.only_input()
    read = pictures if needed.kind == "image" else numbers
    return list(read(inputs, needed.shape))


def _answer(runtime: Runtime, name: str, sample: Any) -> dict[str, Any]:
    try:
        found = runtime.rows([sample]) if isinstance(sample, dict) else runtime.outputs(sample[None])
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    values = found[0].tolist()
    runtime.check_finite(values, name)
    if len(runtime.each_label) == len(values):
        each = dict(zip(runtime.each_label, values, strict=True))
        return {"labels": [label for label, p in each.items() if p > 0.5], "probabilities": each}
    if runtime.targets:
        return {"prediction": dict(zip(runtime.targets, values, strict=True))}
    if not runtime.labels:
        return {"prediction": values[0] if len(values) == 1 else values}
    probabilities = dict(zip(runtime.labels, values, strict=True))
    return {
        "label": max(probabilities, key=lambda label: probabilities[label]),
        "probabilities": probabilities,
    }


def _sentence(answer: dict[str, Any]) -> str:
    if isinstance(answer.get("prediction"), dict):
        found = answer["prediction"].items()
        return f"{answer['input']}: {', '.join(f'{name} = {value}' for name, value in found)}"
    if "prediction" in answer:
        return f"{answer['input']}: {answer['prediction']}"
    said = answer["label"] if "label" in answer else ", ".join(answer["labels"]) or "no label"
    ranked = sorted(answer["probabilities"].items(), key=lambda item: -item[1])[:SHOWN]
    return f"{answer['input']}: {said}  ({', '.join(f'{label} {p:.1%}' for label, p in ranked)})"
