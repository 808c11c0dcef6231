"""Wrap a written network in a pipeline that takes the raw values of a table's columns, one input each.

The parts are: an imputer for each number that may be missing, a one-hot encoder for each category, a feature
vectorizer, the network and, unless it is a classifier, an extractor for each target that gives its number.
`datasets.encoding` does the same in Python. All of these parts have been in Core ML since iOS 11, so the
network decides which systems read the file; see Apple's `Model.proto`, `Imputer.proto` and so on.

An encoder ignores categories that it does not know: their places are all 0, as those of a missing category.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from quickml.datasets.columns import Column
from quickml.datasets.info import DatasetInfo
from quickml.export.coreml.input_names import input_names
from quickml.export.coreml.reading import proto
from quickml.export.coreml.reading.columns import TARGETS, TITLES
from quickml.export.coreml.reading.contents import network_of

INNER = "prediction__values"
"""The network's output in the pipeline of several numbers, or of one: an array."""
SHOWN = 20
"""Number of categories that the description of an input names."""


def wrapped(network: Any, info: DatasetInfo, prediction: str) -> Any:
    """A pipeline around a network.

    Args:
        network: the message `Model` of a network that takes an encoded row, (n,), with its metadata. Its
            output is a classifier's, or `INNER`.
        info: describes the columns and targets.
        prediction: the name of the output of a single target.

    Returns:
        The message `Model` of the pipeline, which has the metadata.
    """
    model = proto.new_model()
    model.specificationVersion = network.specificationVersion
    model.description.metadata.CopyFrom(network.description.metadata)
    network.description.ClearField("metadata")
    names = input_names([column.name for column in info.columns])
    for name, column in zip(names, info.columns, strict=True):
        _declare(model.description.input.add(name=name), column)
    add_titles(model.description, info.columns)
    parts = model.pipelineClassifier.pipeline if info.labels else model.pipeline
    for title, part in _parts(model, network, info):
        parts.names.append(title)
        parts.models.append(part)
    if info.labels:
        model.description.output.extend(network.description.output)
        model.description.predictedFeatureName = network.description.predictedFeatureName
        model.description.predictedProbabilitiesName = network.description.predictedProbabilitiesName
    elif info.target_names:
        given = input_names(info.target_names, names)
        for index, (name, title) in enumerate(zip(given, info.target_names, strict=True)):
            what = f"The probability of {title}" if info.is_multi_label else title
            add_prediction(model, parts, name, what, index)
        about = dict(zip(given, info.target_names, strict=True))
        model.description.metadata.userDefined[TARGETS] = json.dumps(about, ensure_ascii=False)
    else:
        what = network.description.output[0].shortDescription
        add_prediction(model, parts, prediction, what)
    return model


def add_titles(description: Any, columns: Sequence[Column]) -> None:
    """Write down the columns of inputs, which are in the same order, whose names differ."""
    pairs = zip(description.input, columns, strict=True)
    titles = {feature.name: column.name for feature, column in pairs if feature.name != column.name}
    if titles:
        description.metadata.userDefined[TITLES] = json.dumps(titles, ensure_ascii=False)


def with_network(model: Any, network: Any) -> Any:
    """A file with another network in the place of its own."""
    if network_of(model) is model:
        return network
    changed = proto.new_model()
    changed.CopyFrom(model)
    network_of(changed).CopyFrom(network)
    return changed


def _declare(feature: Any, column: Column) -> None:
    kind = "doubleType" if not column.is_category else "int64Type" if column.is_integer else "stringType"
    getattr(feature.type, kind).SetInParent()
    feature.shortDescription = f"{column.name}: {_meaning(column)}"


def _meaning(column: Column) -> str:
    if not column.is_category:
        if column.replacement is None:
            return "a number, which must not be missing"
        return f"a number; pass NaN if it is missing, and the model takes {column.replacement:.6g}"
    shown = ", ".join(map(str, column.values[:SHOWN])) + (", ..." if len(column.values) > SHOWN else "")
    what = "a whole number" if column.is_integer else "a text"
    return f"{what}, one of {shown}; any other counts as missing"


def _parts(model: Any, network: Any, info: DatasetInfo) -> Iterator[tuple[str, Any]]:
    """The parts in order, with their names."""
    taken = network.description.input[0]
    vectorizer = proto.new_model()
    vectorizer.specificationVersion = 1
    for feature, column in zip(model.description.input, info.columns, strict=True):
        source = feature
        if column.is_category or column.replacement is not None:
            part = _one_hot(feature, column, taken) if column.is_category else _imputer(feature, column)
            yield part.description.output[0].name, part
            source = part.description.output[0]
        vectorizer.description.input.add(name=source.name).type.CopyFrom(source.type)
        vectorizer.featureVectorizer.inputList.add(inputColumn=source.name, inputDimensions=column.width)
    vectorizer.description.output.add(name=taken.name).type.CopyFrom(taken.type)
    yield "vectorizer", vectorizer
    yield "network", network


def _imputer(feature: Any, column: Column) -> Any:
    part = _preparing(feature, "filled")
    part.imputer.imputedDoubleValue = column.replacement
    part.imputer.replaceDoubleValue = math.nan
    part.description.output[0].type.CopyFrom(feature.type)
    return part


def _one_hot(feature: Any, column: Column, taken: Any) -> Any:
    part = _preparing(feature, "places")
    encoder = part.oneHotEncoder
    categories = encoder.int64Categories if column.is_integer else encoder.stringCategories
    categories.vector.extend(column.values)
    encoder.handleUnknown = encoder.IgnoreUnknown
    array = part.description.output[0].type.multiArrayType
    array.shape.append(column.width)
    array.dataType = taken.type.multiArrayType.dataType
    return part


def _preparing(feature: Any, what: str) -> Any:
    """A part that prepares an input, without its parameters and the type of its output."""
    part = proto.new_model()
    part.specificationVersion = 1
    part.description.input.add(name=feature.name).type.CopyFrom(feature.type)
    part.description.output.add(name=f"{feature.name}__{what}")
    return part


def add_prediction(model: Any, parts: Any, name: str, what: str, index: int = 0) -> None:
    """Take one number out of the network's array."""
    inner = network_of(model).description.output[0]
    part = proto.new_model()
    part.specificationVersion = 1
    part.arrayFeatureExtractor.extractIndex.append(index)
    part.description.input.add(name=inner.name).type.CopyFrom(inner.type)
    part.description.output.add(name=name).type.doubleType.SetInParent()
    parts.names.append(name)
    parts.models.append(part)
    output = model.description.output.add(name=name, shortDescription=what)
    output.type.doubleType.SetInParent()
