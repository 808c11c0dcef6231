"""Pipelines and their parts, put together by hand from protobuf messages."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from quickml.export.coreml.reading import proto

DOUBLE = 65600
Types = dict[str, Any]
"""By name: `double`, `int64`, `string`, `labels`, or the shape of an array."""


def declare(features: Any, types: Types) -> None:
    for name, kind in types.items():
        feature = features.add(name=name).type
        if isinstance(kind, tuple):
            feature.multiArrayType.shape.extend(kind)
            feature.multiArrayType.dataType = DOUBLE
        elif kind == "labels":
            feature.dictionaryType.stringKeyType.SetInParent()
        else:
            getattr(feature, f"{kind}Type").SetInParent()


def part(kind: str, inputs: Types, outputs: Types) -> Any:
    model = proto.new_model()
    model.specificationVersion = 1
    declare(model.description.input, inputs)
    declare(model.description.output, outputs)
    getattr(model, kind).SetInParent()
    return model


def piped(inputs: Types, outputs: Types, *parts: Any, kind: str = "pipeline") -> Any:
    model = part(kind, inputs, outputs)
    body = model.pipeline if kind == "pipeline" else getattr(model, kind).pipeline
    body.models.extend(parts)
    if "label" in outputs:
        model.description.predictedFeatureName = "label"
        model.description.predictedProbabilitiesName = "shares"
    return model


def saved(model: Any, folder: Path) -> Path:
    path = folder / "piped.mlmodel"
    path.write_bytes(model.SerializeToString())
    return path


def vectorizer(inputs: Types, name: str = "x") -> Any:
    sizes = {one: math.prod(kind) if isinstance(kind, tuple) else 1 for one, kind in inputs.items()}
    made = part("featureVectorizer", inputs, {name: (sum(sizes.values()),)})
    for one, size in sizes.items():
        made.featureVectorizer.inputList.add(inputColumn=one, inputDimensions=size)
    return made


def regressor(weights: Any, offsets: Any, outputs: Types | None = None, transform: int = 0) -> Any:
    made = part("glmRegressor", {"x": (len(weights[0]),)}, outputs or {"price": "double"})
    for row in weights:
        made.glmRegressor.weights.add().value.extend(row)
    made.glmRegressor.offset.extend(offsets)
    made.glmRegressor.postEvaluationTransform = transform
    made.description.predictedFeatureName = "price"
    return made


def classifier(weights: Any, offsets: Any, labels: Any, *, encoding: int = 0, transform: int = 0) -> Any:
    kind = "string" if isinstance(labels[0], str) else "int64"
    made = part("glmClassifier", {"x": (len(weights[0]),)}, {"label": kind, "shares": "labels"})
    for row in weights:
        made.glmClassifier.weights.add().value.extend(row)
    made.glmClassifier.offset.extend(offsets)
    made.glmClassifier.classEncoding = encoding
    made.glmClassifier.postEvaluationTransform = transform
    getattr(made.glmClassifier, f"{kind}ClassLabels").vector.extend(labels)
    made.description.predictedFeatureName, made.description.predictedProbabilitiesName = "label", "shares"
    return made


def encoder(name: str, values: list[Any], *, ignore: bool = True) -> Any:
    kind = "string" if isinstance(values[0], str) else "int64"
    made = part("oneHotEncoder", {name: kind}, {f"{name}_places": (len(values),)})
    getattr(made.oneHotEncoder, f"{kind}Categories").vector.extend(values)
    made.oneHotEncoder.handleUnknown = int(ignore)
    return made


def imputer(name: str, kind: Any, given: str, value: Any, replaced: str, missing: Any) -> Any:
    made = part("imputer", {name: kind}, {f"{name}_filled": kind})
    if given.endswith("Array"):
        getattr(made.imputer, given).vector.extend(value)
    else:
        setattr(made.imputer, given, value)
    if replaced:
        setattr(made.imputer, replaced, missing)
    return made


def extractor(positions: list[int], size: int = 2, output: Any = None) -> Any:
    made = part("arrayFeatureExtractor", {"x": (size,)}, {"y": output or (len(positions),)})
    made.arrayFeatureExtractor.extractIndex.extend(positions)
    return made
