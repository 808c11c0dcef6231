"""Write and verify `model.onnx`: the graph that verification executes, as a file for any ONNX runtime.

The file is the translation of a Core ML file, with the weights inside. It describes its own inputs and
outputs: ONNX has `doc_string` for inputs and outputs, and `metadata_props` for other facts (`onnx.proto`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.datasets.columns import Column, Value
from quickml.datasets.encoding import by_column, decode
from quickml.errors import CoreMLFileError
from quickml.events import Parity, Reference
from quickml.export.coreml.reading import files
from quickml.export.coreml.reading.describe import Description, describe
from quickml.export.onnx import translate
from quickml.export.onnx.session import onnxruntime, options
from quickml.export.verify import in_order, judge
from quickml.model import Array, Probe


def write(core_ml_file: Path, folder: Path) -> Path:
    """Translate a file written by QuickML to `model.onnx` in `folder`, reproducibly.

    The input is one sample: a picture as float32 (1, height, width, channels) of raw pixels 0 to 255, or
    values as the Core ML file declares them. A table's file has an input (1,) for each column: float64, int64
    or text. That of recordings has an input (steps,) for each column. The output is `probabilities`,
    (1, classes), `prediction`, or of a table's file with several targets one for each.

    Raises:
        CoreMLFileError: the file cannot be read.
    """
    file = files.read(core_ml_file)
    translation, about = translate(file), describe(file)
    model = translation.model
    _add_texts(model, about)
    for key, value in _facts(about, translation.labels):
        model.metadata_props.add(key=key, value=value)
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString(deterministic=True))
    return path


def _add_texts(model: Any, about: Description) -> None:
    texts = {feature.name: feature.description for feature in (*about.inputs, *about.outputs)}
    model.doc_string = about.short_description
    for value in (*model.graph.input, *model.graph.output):
        value.doc_string = texts.get(value.name, "")


def _facts(about: Description, labels: tuple[str, ...] | None) -> Iterator[tuple[str, str]]:
    """The metadata, for programs that have only this file. `labels` is a JSON list, in the outputs' order."""
    yield "name", str(json.loads(about.user_defined.get("quickml.document", "{}")).get("name", ""))
    if len(about.inputs) == 1:
        yield "input", about.inputs[0].description
    else:
        inputs = {feature.name: feature.description for feature in about.inputs}
        yield "inputs", json.dumps(inputs, ensure_ascii=False)
    if labels:
        yield "labels", json.dumps(labels, ensure_ascii=False)
    yield "author", about.author
    yield "license", about.license


def verify(path: Path, probe: Probe, labels: tuple[str, ...], *, reference: Reference = "trained") -> Parity:
    """Check the file, run it with plain ONNX Runtime, and compare its outputs with the expected ones.

    Args:
        path: the file that `write` created.
        probe: at least 256 samples with the expected outputs.
        labels: the class labels, in the order of the probe's outputs; empty for a regression.
        reference: the source of the expected outputs.

    Raises:
        VerificationError: the outputs differ too much; the error carries the figures.
        CoreMLFileError: the file is not a valid ONNX model.
    """
    import onnx

    try:
        onnx.checker.check_model(path, full_check=True)
        session = onnxruntime().InferenceSession(path, options(), providers=["CPUExecutionProvider"])
        answers = _answers(session, probe)
    except Exception as error:  # ONNX Runtime's exceptions have no other common base
        raise CoreMLFileError(f"{path.name} cannot be run: {error}") from error
    file_labels = json.loads(session.get_modelmeta().custom_metadata_map.get("labels", "[]"))
    ordered = in_order(answers, tuple(file_labels), labels, path.name)
    return judge(path.name, ordered, probe, labels, "float32", reference=reference)


def _answers(session: Any, probe: Probe) -> Array:
    """The outputs, (n, k) float32, computed one sample at a time."""
    of_columns = _windows if probe.inputs.ndim == 3 else _rows
    feeds = of_columns(session, probe) if probe.columns else _samples(session, probe.inputs)
    several = [one.name for one in session.get_outputs()] if probe.expected.shape[1] > 1 else []
    names = several if len(several) == probe.expected.shape[1] else None  # a number for each target
    answers = (session.run(names, feed)[: len(names or (0,))] for feed in feeds)
    return np.stack([np.concatenate([one.reshape(-1) for one in row]) for row in answers]).astype(np.float32)


def _samples(session: Any, inputs: NDArray[np.generic]) -> Iterator[dict[str, NDArray[Any]]]:
    (feed,) = session.get_inputs()
    dtype = np.int32 if feed.type == "tensor(int32)" else np.float32
    for sample in inputs:
        yield {feed.name: sample.astype(dtype).reshape(feed.shape)}


def _windows(session: Any, probe: Probe) -> Iterator[dict[str, NDArray[Any]]]:
    """An array of all steps for each column; the inputs are in the order of the columns."""
    names = [one.name for one in session.get_inputs()]
    for window in by_column(probe.columns, probe.inputs):
        yield dict(zip(names, (one.astype(np.float32) for one in window.values()), strict=True))


def _rows(session: Any, probe: Probe) -> Iterator[dict[str, NDArray[Any]]]:
    """Raw rows, with what stands for missing values; the inputs are in the order of the columns."""
    types = {"tensor(double)": np.float64, "tensor(int64)": np.int64, "tensor(string)": np.object_}
    given = [
        (one.name, types[one.type], column)
        for one, column in zip(session.get_inputs(), probe.columns, strict=True)
    ]
    for row in decode(probe.columns, probe.inputs):
        yield {name: np.asarray([_given(row[column.name], column)], dtype) for name, dtype, column in given}


def _given(value: Value, column: Column) -> Value:
    if value is not None:
        return value
    return min(column.values) - 1 if column.is_integer else ""  # type: ignore[operator]
