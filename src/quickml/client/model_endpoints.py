"""Calls about trained models: predictions, explanations, interfaces, answers."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from quickml.api import routes
from quickml.api.arrays import MEDIA_TYPE
from quickml.api.interface import InterfaceMessage
from quickml.api.predictions import ALL_LAYERS, PredictionMessage, Predictions
from quickml.api.routes import address
from quickml.client import arrays
from quickml.client.arrays import ExplanationArrays, PredictionArrays
from quickml.client.request import Call, posted
from quickml.errors import InputError

if TYPE_CHECKING:
    from quickml.answers import Answers

_predictions = Predictions.model_validate_json


def predictions(
    job_id: str, inputs: Sequence[Any], activations: bool | Sequence[str], file: str | None, most: int | None
) -> Call[tuple[PredictionMessage, ...]]:
    """Run the model of a job. Bytes are a PNG or JPEG file, a mapping is a row of a table, anything else is
    numbers."""
    body = {
        "inputs": [_input(value) for value in inputs],
        "activations": activations if isinstance(activations, bool) else list(activations),
    }
    return posted(
        address(routes.JOB_PREDICTIONS, job_id=job_id),
        lambda content: _predictions(content).predictions,
        json.dumps(body).encode(),
        query=_query(file=file, most=most),
    )


def predict(
    job_id: str, sample: Any, activations: bool | Sequence[str], file: str | None, most: int | None
) -> Call[PredictionArrays]:
    """Run the model of a job on one input, with bytes in both directions; see `predictions`."""
    content, kind = _sample(sample, lambda picture: {"inputs": [picture]})
    layers = activations
    if isinstance(layers, bool):
        layers = [ALL_LAYERS] if layers else []
    return posted(
        address(routes.JOB_PREDICTIONS, job_id=job_id),
        arrays.prediction,
        content,
        query=_query(file=file, most=most, activations=list(layers)),
        headers={"Accept": MEDIA_TYPE, "Content-Type": kind},
    )


def explain(job_id: str, sample: Any, **options: str | int | None) -> Call[ExplanationArrays]:
    """Hide parts of an input one after the other, and see how the output changes."""
    content, kind = _sample(sample, lambda picture: {"input": picture})
    return posted(
        address(routes.JOB_EXPLANATIONS, job_id=job_id),
        arrays.explanation,
        content,
        query=_query(**options),
        headers={"Accept": MEDIA_TYPE, "Content-Type": kind},
    )


def _sample(value: Any, message: Callable[[Any], dict[str, Any]]) -> tuple[bytes, str]:
    """A body for one input, and its Content-Type: picture files and values by name go into a message, numbers
    are sent raw."""
    if isinstance(value, bytes | Mapping):
        return json.dumps(message(_input(value))).encode(), "application/json"
    import numpy as np

    try:
        array = np.asarray(value)
        array = array if array.dtype == np.uint8 else array.astype("<f4")
    except (ValueError, TypeError) as error:
        raise InputError(
            f"input: expected numbers, or the bytes of a picture, found {value!r:.80}"
        ) from error
    return array.tobytes(), MEDIA_TYPE


def _query(**given: str | int | list[str] | None) -> dict[str, str | int | list[str]]:
    return {name: value for name, value in given.items() if value is not None and value != []}


def interface(job_id: str, file: str | None) -> Call[InterfaceMessage]:
    """What a Core ML file of a job says about itself."""
    path = address(routes.JOB_INTERFACE, job_id=job_id)
    read = InterfaceMessage.model_validate_json
    return Call(method="GET", path=path, read=read, query=_query(file=file))


def answers(job_id: str) -> Call[Answers]:
    """The trained model's answers to all test samples."""

    def read(content: bytes) -> Answers:
        from quickml.answers import Answers  # not above: it loads numpy

        return Answers.read(content)

    path = address(routes.JOB_ANSWERS, job_id=job_id)
    return Call(method="GET", path=path, read=read, headers={"Accept": "*/*"})


def _input(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value.tolist() if hasattr(value, "tolist") else value  # numpy arrays and the like


def _plain(value: Any) -> Any:
    """A value of a table as JSON has it: NaN is a missing one."""
    value = value.item() if hasattr(value, "item") else value  # of numpy
    return None if isinstance(value, float) and math.isnan(value) else value
