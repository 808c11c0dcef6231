"""model.onnx: what the verifier executes, as a file that any ONNX runtime takes, without QuickML.

It is the translation of a Core ML file, with the weights inside, and says for itself what goes in and what
comes out: ONNX has `doc_string`s for inputs and outputs, and `metadata_props` for the rest (`onnx.proto`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError
from quickml.events import Parity, Reference
from quickml.export.coreml.reading import files
from quickml.export.coreml.reading.describe import Description, describe
from quickml.export.onnx import translate
from quickml.export.onnx.session import onnxruntime, options
from quickml.export.verify import in_order, judge
from quickml.model import Array, Probe


def write(core_ml_file: Path, folder: Path) -> Path:
    """Translate a file that QuickML wrote to `model.onnx` in `folder`; same file, same bytes.

    One sample goes in at a time: a picture as float32 (1, height, width, channels) of raw pixels 0 to 255, or
    values as the Core ML file declares them. Out come the `probabilities`, (1, classes), or the `prediction`.

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
    """What a program needs that has this file alone; `labels` is a JSON list, in the order of the numbers."""
    yield "name", str(json.loads(about.user_defined.get("quickml.document", "{}")).get("name", ""))
    yield "input", about.inputs[0].description
    if labels:
        yield "labels", json.dumps(labels, ensure_ascii=False)
    yield "author", about.author
    yield "license", about.license


def verify(path: Path, probe: Probe, labels: tuple[str, ...], *, reference: Reference = "trained") -> Parity:
    """Check the file, run it as anybody would, and compare.

    Args:
        path: as `write` left it.
        probe: at least 256 samples with the answers of what was translated.
        labels: the classes, in the order of the probe's answers; none for a regression.
        reference: whose answers they are.

    Raises:
        VerificationError: it computes something else; the error carries the figures.
        CoreMLFileError: it is no sound ONNX model.
    """
    import onnx

    try:
        onnx.checker.check_model(path, full_check=True)
        session = onnxruntime().InferenceSession(path, options(), providers=["CPUExecutionProvider"])
        answers = _answers(session, probe.inputs)
    except Exception as error:  # ONNX Runtime's exceptions share no root but this
        raise CoreMLFileError(f"{path.name} cannot be run: {error}") from error
    found = json.loads(session.get_modelmeta().custom_metadata_map.get("labels", "[]"))
    ordered = in_order(answers, tuple(found), labels, path.name)
    return judge(path.name, ordered, probe, labels, "float32", reference=reference)


def _answers(session: Any, inputs: NDArray[np.generic]) -> Array:
    """(n, k) float32, one sample after the other."""
    (feed,) = session.get_inputs()
    rows = [
        session.run(None, {feed.name: sample.astype(np.float32).reshape(feed.shape)})[0].reshape(-1)
        for sample in inputs
    ]
    return np.stack(rows).astype(np.float32)
