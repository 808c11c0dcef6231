"""The content of `answers.bin`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.answers import scale
from quickml.answers.answers import Flips
from quickml.answers.container import MAX_CONTENT_BYTES, pack

MOST = 255
"""Greatest code of a probability: 10,000 digits take 30 KB; with 16 bits each they would take 130 KB."""
MOST_OF_FEW = 65_535
FEW = 4096
"""Number of probabilities up to which they are stored in 16 bits, because the file is small anyway."""


def to_bytes(
    truth: NDArray[Any],
    predictions: NDArray[np.float32],
    labels: Sequence[str],
    flips: Sequence[Flips] = (),
    *,
    targets: Sequence[str] = (),
    task: str = "",
) -> bytes:
    """`answers.bin`, for `Answers.read`.

    Args:
        truth: (samples,) class indices, or the targets of a regression; (samples, targets) of several.
        predictions: (samples, classes) probabilities in the order of `labels`, or (samples, 1) values, or
            (samples, targets).
        labels: names of the classes; empty for other tasks than a classification.
        flips: what other forms of the weights changed.
        targets: names of several targets.
        task: that of the dataset; by default `classification` with labels, `regression` without.
    """
    facts = {
        "of": "the trained model (float32), for all test samples in their order",
        "task": task or ("classification" if labels else "regression"),
        "labels": list(labels),
        **({"targets": list(targets)} if targets else {}),
        "samples": len(truth),
        "scale": scale.NAME,
        "flips": [
            {"file": one.file, "weights": one.weights, "artifact": one.artifact, "taken": one.taken}
            for one in flips
        ],
    }
    if targets:
        return pack(
            facts, {"truth": truth.astype(np.float32), "predicted": predictions.astype(np.float32)}, {}
        )
    if not labels:
        values = {"truth": truth.astype(np.float32), "predicted": predictions[:, 0].astype(np.float32)}
        return pack(facts, values, {})
    index = np.uint8 if len(labels) <= 2**8 else np.uint16
    predicted = predictions.argmax(axis=1)
    parts = {"truth": truth.astype(index), "predicted": predicted.astype(index)}
    for number, one in enumerate(flips):
        parts[f"flips/{number}/samples"] = one.samples.astype(np.uint32)
        parts[f"flips/{number}/labels"] = one.labels.astype(index)
    if predictions.size + sum(part.nbytes for part in parts.values()) > MAX_CONTENT_BYTES // 2:
        return pack(facts, parts, {})
    most = MOST_OF_FEW if predictions.size <= FEW else MOST
    codes = _codes(predictions, predicted, most)
    return pack(facts, {**parts, **codes}, dict.fromkeys(codes, most))


def _codes(
    predictions: NDArray[np.float32], predicted: NDArray[np.intp], most: int
) -> dict[str, NDArray[Any]]:
    """The probabilities of the predicted labels, and the others: apart, they take a tenth less."""
    others = scale.encoded(predictions, most)
    places = predicted[:, None]
    confidence = np.take_along_axis(others, places, axis=1)[:, 0]
    np.put_along_axis(others, places, 0, axis=1)
    return {"confidence": confidence, "others": others}
