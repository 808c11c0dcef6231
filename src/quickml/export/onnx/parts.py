"""Translate the parts of a pipeline that are not networks: what prepares values, and linear models.

A single number or text has the shape (1,), an array is a vector. Linear models are computed in double
precision, as in Core ML. The rules are in the comments of Apple's `Imputer.proto`, `OneHotEncoder.proto` and
so on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading import proto
from quickml.export.coreml.reading.columns import is_nan
from quickml.export.onnx import arrays, features
from quickml.export.onnx.graph import BOOL, DOUBLE, FLOAT, INT32, INT64, STRING, OnnxGraph, Tensor

_MOST_CATEGORIES = 1_000_000
_MOST_COLUMNS = 10_000
_HALF_SQRT = 0.7071067811865476


@dataclass(frozen=True, kw_only=True)
class Classified:
    """The result of a classifier: labels, and their probabilities in the same order."""

    labels: tuple[str, ...]
    probabilities: Tensor


@dataclass(frozen=True, kw_only=True)
class PipelinePart:
    """A part: its parameters, and the values of its inputs by name, in order."""

    params: Any
    inputs: Mapping[str, Tensor]
    is_double: bool
    """Whether the output is declared with numbers of double precision."""

    @property
    def x(self) -> Tensor:
        """The only input."""
        if len(self.inputs) != 1:
            raise CoreMLFileError(f"expected one input, found {len(self.inputs)}")
        return next(iter(self.inputs.values()))

    def vector(self, g: OnnxGraph) -> Tensor:
        """The only input, which is numbers, as a vector of the output's precision."""
        return as_vector(g, self.x, DOUBLE if self.is_double else FLOAT)


Translator = Callable[[OnnxGraph, PipelinePart], Tensor | Classified]
PARTS: dict[str, Translator] = {}
"""The translators by the names of types in `Model.proto`."""


def _translates(kind: str) -> Callable[[Translator], Translator]:
    def register(translator: Translator) -> Translator:
        PARTS[kind] = translator
        return translator

    return register


def as_vector(g: OnnxGraph, x: Tensor, type: int) -> Tensor:
    """Numbers as a vector of an element type."""
    if x.type == STRING:
        raise CoreMLFileError("expected numbers, found a text")
    flat = arrays.reshape(g, x, (x.size,))
    return flat if flat.type == type else g.op("Cast", flat, to=type)


@_translates("identity")
def _identity(_: OnnxGraph, part: PipelinePart) -> Tensor:
    return part.x


@_translates("imputer")
def _imputer(g: OnnxGraph, part: PipelinePart) -> Tensor:
    """Replace missing values. Without a value to replace, only inputs that are not given are missing."""
    imputer, x = part.params, part.x
    replaced, given = imputer.WhichOneof("ReplaceValue"), imputer.WhichOneof("ImputedValue")
    if replaced is None or given is None:
        return x
    missing, value = getattr(imputer, replaced), getattr(imputer, given)
    of = {STRING: "String", INT64: "Int64", DOUBLE: "Double"}.get(x.type, "Double")
    is_single = given == f"imputed{of}Value" and replaced == f"replace{of}Value"
    if not is_single and not (given.endswith("Array") and x.type in (FLOAT, DOUBLE, INT32)):
        raise UnsupportedModelError(f"{replaced} with {given} cannot be run here")
    if x.type == STRING:
        is_missing = _one_hot(g, x, [missing], cats_strings=[missing])
        return g.op("Where", g.op("Cast", is_missing, to=BOOL), g.text(str(value)), x)
    numbers = np.asarray(value.vector if given.endswith("Array") else [value])
    if numbers.size not in (1, x.size):
        raise CoreMLFileError(f"expected 1 or {x.size} replacements, found {numbers.size}")
    where = g.op("IsNaN", x) if is_nan(missing) else g.op("Equal", x, _constant(g, np.asarray([missing]), x))
    shape = x.shape if numbers.size == x.size else (1,) * x.rank
    return g.op("Where", where, _constant(g, numbers.reshape(shape), x), x)


def _constant(g: OnnxGraph, numbers: NDArray[Any], like: Tensor) -> Tensor:
    if like.type == DOUBLE:
        return g.double(numbers)
    return g.constant(numbers.astype(np.float32 if like.is_float else np.int64))


@_translates("oneHotEncoder")
def _one_hot_encoder(g: OnnxGraph, part: PipelinePart) -> Tensor:
    """1 at the position of the value's category, 0 elsewhere. A sparse output is computed as a dense one."""
    encoder, x = part.params, part.x
    which = encoder.WhichOneof("CategoryType")
    values = list(getattr(encoder, which).vector) if which else []
    expected = STRING if which == "stringCategories" else INT64
    if x.size != 1 or x.type != expected:
        what = "a text" if expected == STRING else "a whole number"
        raise CoreMLFileError(f"expected {what}, found another value")
    options = {"cats_strings" if expected == STRING else "cats_int64s": values}
    return _one_hot(g, x, values, zeros=int(encoder.handleUnknown == encoder.IgnoreUnknown), **options)


def _one_hot(g: OnnxGraph, x: Tensor, values: Sequence[Any], zeros: int = 1, **options: Any) -> Tensor:
    if not 1 <= len(values) <= _MOST_CATEGORIES or len(set(values)) < len(values):
        expected = f"expected 1 to {_MOST_CATEGORIES:,} different categories"
        raise CoreMLFileError(f"{expected}, found {len(values):,}")
    g.take(len(values))
    return arrays.reshape(g, g.ml("OneHotEncoder", x, zeros=zeros, **options), (len(values),))


@_translates("dictVectorizer")
def _dict_vectorizer(_: OnnxGraph, part: PipelinePart) -> Tensor:
    """The values of a dictionary in the order of its keys. What is passed is this vector already."""
    which = part.params.WhichOneof("Map")
    keys = list(getattr(part.params, which).vector) if which else []
    if not 1 <= len(keys) <= _MOST_CATEGORIES or len(keys) != part.x.size or len(set(keys)) < len(keys):
        raise CoreMLFileError(f"expected a dictionary with {len(keys)} different keys, found another value")
    return part.x


@_translates("featureVectorizer")
def _feature_vectorizer(g: OnnxGraph, part: PipelinePart) -> Tensor:
    """All inputs in one vector, in the order of the list."""
    columns, pieces = part.params.inputList, []
    if not 1 <= len(columns) <= _MOST_COLUMNS:
        raise CoreMLFileError(f"expected 1 to {_MOST_COLUMNS:,} columns, found {len(columns):,}")
    for column in columns:
        if column.inputColumn not in part.inputs:
            raise CoreMLFileError(f"it has no input {column.inputColumn!r}")
        x = part.inputs[column.inputColumn]
        if column.inputDimensions not in (0, x.size):
            raise CoreMLFileError(
                f"the input {column.inputColumn!r}: expected {column.inputDimensions} numbers, found {x.size}"
            )
        pieces.append(as_vector(g, x, DOUBLE if part.is_double else FLOAT))
    return pieces[0] if len(pieces) == 1 else arrays.concat(g, pieces, 0)


@_translates("arrayFeatureExtractor")
def _array_feature_extractor(g: OnnxGraph, part: PipelinePart) -> Tensor:
    """The numbers of an array at some positions, counted in row-major order."""
    x, positions = part.vector(g), [int(index) for index in part.params.extractIndex]
    if not 1 <= len(positions) <= _MOST_COLUMNS or max(positions) >= x.size:
        raise CoreMLFileError(f"expected positions below {x.size}, found {positions[:10]}")
    return arrays.gather(g, x, np.asarray(positions, np.int64), 0)


@_translates("scaler")
def _scaler(g: OnnxGraph, part: PipelinePart) -> Tensor:
    """(x + shift) * scale."""
    x = part.vector(g)
    for kind, numbers in (("Add", part.params.shiftValue), ("Mul", part.params.scaleValue)):
        if len(numbers) not in (0, 1, x.size):
            raise CoreMLFileError(f"expected 1 or {x.size} numbers, found {len(numbers)}")
        if numbers:
            x = g.op(kind, x, _constant(g, np.asarray(numbers), x))
    return x


@_translates("normalizer")
def _normalizer(g: OnnxGraph, part: PipelinePart) -> Tensor:
    """x divided by its largest absolute value, its sum of absolute values, or its length; 0 stays 0."""
    x, params = part.vector(g), part.params
    kinds = {"LMax": "ReduceMax", "L1": "ReduceSum", "L2": "ReduceSum"}
    name = proto.enum_name(params, "normType", params.normType)
    if name not in kinds:
        raise UnsupportedModelError(f"the norm {name} cannot be run here")
    size = arrays.reduce(g, kinds[name], g.op("Mul", x, x) if name == "L2" else g.op("Abs", x))
    size = g.op("Sqrt", size) if name == "L2" else size
    none, one = (_constant(g, np.asarray([number]), x) for number in (0.0, 1.0))
    return g.op("Div", x, g.op("Where", g.op("Equal", size, none), one, size))


@_translates("glmRegressor")
def _glm_regressor(g: OnnxGraph, part: PipelinePart) -> Tensor:
    """One weighted sum for each output."""
    params = part.params
    transform = proto.enum_name(params, "postEvaluationTransform", params.postEvaluationTransform)
    return _transformed(g, _sums(g, part), transform)


@_translates("glmClassifier")
def _glm_classifier(g: OnnxGraph, part: PipelinePart) -> Classified:
    """With a reference class, the sums are those of all classes but the first, whose sum is 0."""
    params, sums = part.params, _sums(g, part)
    labels = features.labels(params) or ()
    transform = proto.enum_name(params, "postEvaluationTransform", params.postEvaluationTransform)
    if params.classEncoding == params.OneVsRest and len(labels) != 2:  # two classes need one sum only
        _check_count(sums.size, len(labels))
        shares = _transformed(g, sums, transform)
        shares = g.op("Div", shares, arrays.reduce(g, "ReduceSum", shares))
        return Classified(labels=labels, probabilities=shares)
    _check_count(sums.size, len(labels) - 1)
    if sums.size == 1:
        second = _transformed(g, sums, transform)
        both = arrays.concat(g, [g.op("Sub", g.double(np.ones(1)), second), second], 0)
        return Classified(labels=labels, probabilities=both)
    if transform != "Logit":
        raise UnsupportedModelError(f"{transform} of several classes cannot be run here")
    every = arrays.concat(g, [g.double(np.zeros(1)), sums], 0)
    return Classified(labels=labels, probabilities=g.op("Softmax", every, axis=0))


def _check_count(found: int, expected: int) -> None:
    if found != expected:
        raise CoreMLFileError(f"expected weights for {expected} classes, found {found}")


def _sums(g: OnnxGraph, part: PipelinePart) -> Tensor:
    params, given = part.params, [as_vector(g, x, DOUBLE) for x in part.inputs.values()]
    x = given[0] if len(given) == 1 else arrays.concat(g, given, 0)
    rows = [list(row.value) for row in params.weights]
    if not rows or len(params.offset) not in (0, len(rows)) or any(len(row) != x.size for row in rows):
        found = f"{len(rows)} rows of {len(rows[0]) if rows else 0} and {len(params.offset)} offsets"
        raise CoreMLFileError(f"expected rows of {x.size} weights with an offset each, found {found}")
    offsets = np.asarray(params.offset if params.offset else np.zeros(len(rows)))
    weighted = g.op("MatMul", g.double(np.asarray(rows)), arrays.reshape(g, x, (x.size, 1)))
    return g.op("Add", arrays.reshape(g, weighted, (len(rows),)), g.double(offsets))


def _transformed(g: OnnxGraph, x: Tensor, transform: str) -> Tensor:
    """Logit: the logistic function. Probit: the normal distribution, in float32."""
    if transform == "NoTransform":
        return x
    if transform == "Logit":
        return g.op("Sigmoid", x)
    if transform != "Probit":
        raise UnsupportedModelError(f"the transform {transform} cannot be run here")
    error = g.op("Erf", g.op("Mul", g.op("Cast", x, to=FLOAT), _HALF_SQRT))
    return g.op("Cast", g.op("Mul", g.op("Add", error, 1.0), 0.5), to=DOUBLE)
