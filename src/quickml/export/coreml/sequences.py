"""Describe a network that takes recordings: an array of all steps for each sensor column, by name.

The network itself joins the arrays, so a classifier is no pipeline. A forecast is one of two parts: the
network, and an extractor that gives a single number.
"""

from __future__ import annotations

from typing import Any

from quickml.datasets.info import DatasetInfo
from quickml.export.coreml.pipeline import add_prediction, add_titles
from quickml.export.coreml.reading import proto


def finished(network: Any, info: DatasetInfo, prediction: str) -> Any:
    """The message `Model` of the file.

    Args:
        network: the message `Model` of the network, with its metadata. Its inputs are arrays, (steps,), in
            the order of the columns; its output is a classifier's, or `pipeline.INNER`.
        info: describes the columns.
        prediction: the name of a forecast's output.
    """
    steps = f"{info.shape[0]} numbers, one for each step, the oldest first"
    for feature, column in zip(network.description.input, info.columns, strict=True):
        feature.shortDescription = f"{column.name}: {steps}{f'; {info.rate}' if info.rate else ''}"
    add_titles(network.description, info.columns)
    return network if info.labels else _forecast(network, prediction)


def _forecast(network: Any, prediction: str) -> Any:
    model = proto.new_model()
    model.specificationVersion = network.specificationVersion
    model.description.input.extend(network.description.input)
    model.description.metadata.CopyFrom(network.description.metadata)
    network.description.ClearField("metadata")
    model.pipeline.names.append("network")
    model.pipeline.models.append(network)
    add_prediction(model, model.pipeline, prediction, network.description.output[0].shortDescription)
    return model
