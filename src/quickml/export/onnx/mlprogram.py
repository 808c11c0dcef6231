"""Translate an ML program: the operations of Apple's `MIL.proto`, in order, as an ONNX graph.

Half-precision programs are computed in float32, and every result that is declared as float16 is rounded to
it. This is as close to a phone as possible, gives the same results on every machine, and overflows like
float16.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading import milvalues
from quickml.export.coreml.reading.files import CoreMLFile, outer_package
from quickml.export.coreml.reading.interface import interface
from quickml.export.coreml.reading.milvalues import Constant, Constants
from quickml.export.onnx import arrays, features
from quickml.export.onnx.features import InputSpec
from quickml.export.onnx.graph import DAMAGE, OnnxGraph, Tensor
from quickml.export.onnx.mil_ops import OPERATIONS, MilArguments, Value
from quickml.export.onnx.network import Network, checked_labels

_EXACT = frozenset({
    "const", "cast", "identity", "reshape", "transpose", "squeeze", "expand_dims", "split", "concat", "stack",
    "slice_by_index", "slice_by_size", "reverse", "tile", "crop", "pad", "gather", "relu", "relu6", "maximum",
    "minimum", "max_pool", "reduce_max", "reduce_min",
})  # fmt: skip
"""Operations whose results consist of inputs that are already rounded, so that no rounding is needed."""


def read(file: CoreMLFile, g: OnnxGraph, given: Mapping[str, Tensor] | None = None) -> Network:
    """Add the file's main function to a graph. In a pipeline, `given` are the values of the earlier parts."""
    description = file.model.description
    specs = features.inputs(interface(description))
    function, block = _main(file.model)
    opset = _number(function.opset)
    values: dict[str, Value] = {}
    for spec in specs:
        values[spec.name] = _fed(g, spec, function, given)
    constants = Constants(file.weights, _without_weights(file))
    classifier: Any = None
    for operation in block.operations:
        if operation.type == "classify":
            classifier = operation
        else:
            _run(g, opset, operation, values, constants)
    outputs = {
        feature.name: _tensor(g, values, feature.name)
        for feature in interface(description).output
        if feature.type.WhichOneof("Type") in ("multiArrayType", "imageType")
    }
    labels, probabilities = None, None
    if classifier is not None:
        probabilities = description.predictedProbabilitiesName or "probabilities"
        labels, scores = _classified(_arguments(g, opset, classifier, values, constants))
        checked_labels(labels, scores)
        outputs[probabilities] = arrays.reshape(g, scores, (1, scores.size))
    if not outputs:
        raise UnsupportedModelError("the program has no output that can be run here")
    tensors = {name: value for name, value in values.items() if isinstance(value, Tensor)}
    return Network(
        inputs=tuple(specs), outputs=outputs, values=tensors, labels=labels, probabilities=probabilities
    )


def _main(model: Any) -> tuple[Any, Any]:
    name = model.description.defaultFunctionName or "main"
    functions = model.mlProgram.functions
    if name not in functions:
        raise CoreMLFileError(f"the program has no function {name!r}")
    function = functions[name]
    if function.opset not in function.block_specializations:
        raise CoreMLFileError(f"the function {name!r} has no block for its opset {function.opset!r}")
    return function, function.block_specializations[function.opset]


def _without_weights(file: CoreMLFile) -> str:
    if file.kind == "mlpackage":
        return "the program refers to a weights file, but the package has none"
    whole = outer_package(file.path)
    return (
        "expected the whole .mlpackage, found only the program of one; the weights are in another file of it"
        f"{f'; pass {whole.name}' if whole else ''}"
    )


def _number(opset: str) -> int:
    """The number of an opset: 5 for `CoreML5`."""
    number = opset.removeprefix("CoreML")
    if not number.isdecimal():
        raise UnsupportedModelError(f"the opset {opset!r} cannot be run here")
    return int(number)


def _fed(g: OnnxGraph, spec: InputSpec, function: Any, given: Mapping[str, Tensor] | None) -> Tensor:
    declared = next((one.type.tensorType for one in function.inputs if one.name == spec.name), None)
    if declared is None:
        raise CoreMLFileError(f"the input {spec.name!r} is in the description but not in the program")
    x = features.graph_input(g, spec, given)
    x = features.image_tensor(g, x, spec) if spec.kind == "image" else x
    shape = milvalues.static_shape(declared)
    if shape is not None and shape != x.shape:
        raise CoreMLFileError(
            f"the input {spec.name!r} has the shape {x.shape} in the description but {shape} in the program"
        )
    return arrays.cast(g, x, milvalues.type_name(declared))


def _run(g: OnnxGraph, opset: int, operation: Any, values: dict[str, Value], constants: Constants) -> None:
    name = operation.outputs[0].name if operation.outputs else ""
    where = f"the operation {name!r} ({operation.type})"
    if operation.type != "const" and operation.type not in OPERATIONS:
        raise UnsupportedModelError(f"{where} cannot be run here")
    try:
        results = _results(g, opset, operation, values, constants)
        if len(results) < len(operation.outputs):
            raise CoreMLFileError(f"expected at most {len(results)} outputs, found {len(operation.outputs)}")
        for output, value in zip(operation.outputs, results, strict=False):
            _check_shape(value, output.type)
            if isinstance(value, Tensor) and operation.type not in _EXACT and _is_half(output.type):
                value = arrays.round_half(g, value)  # noqa: PLW2901 - still the same value of the program
            if (
                isinstance(value, np.ndarray) and operation.type != "const"
            ):  # constants are stored in the file
                g.take(value.size)
            values[output.name] = value
    except CoreMLFileError as error:
        raise type(error)(f"{where}: {error}") from error
    except DAMAGE as error:
        raise CoreMLFileError(f"{where} is damaged: {error}") from error


def _is_half(declared: Any) -> bool:
    return (
        declared.WhichOneof("type") == "tensorType" and milvalues.type_name(declared.tensorType) == "float16"
    )


def _results(
    g: OnnxGraph, opset: int, operation: Any, values: dict[str, Value], constants: Constants
) -> Sequence[Value]:
    if operation.type == "const":
        return [constants.read(operation.attributes["val"])]
    result = OPERATIONS[operation.type](g, _arguments(g, opset, operation, values, constants))
    return result if isinstance(result, tuple) else (result,)


def _arguments(
    g: OnnxGraph, opset: int, operation: Any, values: dict[str, Value], constants: Constants
) -> MilArguments:
    """The inputs by name, and the attributes, where older programs store arguments of `constexpr`."""
    arguments: dict[str, list[Value]] = {}
    for name, argument in operation.inputs.items():
        arguments[name] = [_bound(binding, values, constants) for binding in argument.arguments]
    for name, value in operation.attributes.items():
        if name != "name" and name not in arguments:
            arguments[name] = [constants.read(value)]
    return MilArguments(g, opset, arguments)


def _bound(binding: Any, values: dict[str, Value], constants: Constants) -> Value:
    if binding.WhichOneof("binding") == "value":
        return constants.read(binding.value)
    if binding.name not in values:
        raise CoreMLFileError(f"no operation computes the input {binding.name!r}")
    return values[binding.name]


def _check_shape(value: Value, declared: Any) -> None:
    """Check a result against its declared shape: a difference is an error of the file or the translation."""
    if declared.WhichOneof("type") != "tensorType" or isinstance(value, str | list):
        return
    shape = milvalues.static_shape(declared.tensorType)
    if shape is not None and shape != tuple(value.shape):
        raise CoreMLFileError(f"expected a result of the declared shape {shape}, found {tuple(value.shape)}")


def _tensor(g: OnnxGraph, values: dict[str, Value], name: str) -> Tensor:
    value = values.get(name)
    if isinstance(value, np.ndarray):
        return g.constant(value)
    if not isinstance(value, Tensor):
        raise CoreMLFileError(f"no operation computes the output {name!r}")
    return value


def _classified(arguments: MilArguments) -> tuple[tuple[str, ...], Tensor]:
    classes: Constant | Tensor = arguments.value("classes")
    if not isinstance(classes, list):
        raise UnsupportedModelError("the classes of a classifier: expected a list, found another type")
    return tuple(str(label) for label in classes), arguments.tensor("probabilities")
