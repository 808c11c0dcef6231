"""ML programs: the operations of Apple's `MIL.proto`, in the order they are written, as an ONNX graph.

Half-precision programs are computed in float32, and what an operation gives as float16 is rounded to it: as
close to a phone as can be told, and the same on every machine. What overflows there overflows here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading import milvalues
from quickml.export.coreml.reading.files import CoreMLFile
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
"""What is made of numbers that were rounded before, and needs no rounding again."""


def read(file: CoreMLFile, g: OnnxGraph) -> Network:
    """Add the file's main function to a graph."""
    description = file.model.description
    specs = features.inputs(features.interface(description))
    function, block = _main(file.model)
    values: dict[str, Value] = {}
    for spec in specs:
        values[spec.name] = _fed(g, spec, function)
    constants = Constants(file.weights)
    classifier: Any = None
    for operation in block.operations:
        if operation.type == "classify":
            classifier = operation
        else:
            _run(g, operation, values, constants)
    outputs = {
        feature.name: _tensor(g, values, feature.name)
        for feature in features.interface(description).output
        if feature.type.WhichOneof("Type") in ("multiArrayType", "imageType")
    }
    labels, probabilities = None, None
    if classifier is not None:
        probabilities = description.predictedProbabilitiesName or "probabilities"
        labels, scores = _classified(g, classifier, values, constants)
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
        raise CoreMLFileError(f"the function {name!r} has no block for its operations ({function.opset!r})")
    return function, function.block_specializations[function.opset]


def _fed(g: OnnxGraph, spec: InputSpec, function: Any) -> Tensor:
    declared = next((one.type.tensorType for one in function.inputs if one.name == spec.name), None)
    if declared is None:
        raise CoreMLFileError(f"the input {spec.name!r} is described, but the program has none of that name")
    x = g.input(spec.name, spec.graph_shape)
    x = features.image_tensor(g, x, spec) if spec.kind == "image" else x
    shape = milvalues.static_shape(declared)
    if shape is not None and shape != x.shape:
        raise CoreMLFileError(
            f"the input {spec.name!r} is described with the shape {x.shape}, the program takes {shape}"
        )
    return arrays.cast(g, x, milvalues.type_name(declared))


def _run(g: OnnxGraph, operation: Any, values: dict[str, Value], constants: Constants) -> None:
    name = operation.outputs[0].name if operation.outputs else ""
    where = f"the operation {name!r} ({operation.type})"
    if operation.type != "const" and operation.type not in OPERATIONS:
        raise UnsupportedModelError(f"{where} cannot be run here")
    try:
        made = _made(g, operation, values, constants)
        if len(made) < len(operation.outputs):
            raise CoreMLFileError(f"{len(operation.outputs)} outputs, where it has {len(made)}")
        for output, value in zip(operation.outputs, made, strict=False):
            _check_shape(value, output.type)
            if isinstance(value, Tensor) and operation.type not in _EXACT and _is_half(output.type):
                value = arrays.round_half(g, value)  # noqa: PLW2901 - what the program calls it
            if isinstance(value, np.ndarray) and operation.type != "const":  # constants lie in the file
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


def _made(g: OnnxGraph, operation: Any, values: dict[str, Value], constants: Constants) -> Sequence[Value]:
    if operation.type == "const":
        return [constants.read(operation.attributes["val"])]
    made = OPERATIONS[operation.type](g, _arguments(g, operation, values, constants))
    return made if isinstance(made, tuple) else (made,)


def _arguments(g: OnnxGraph, operation: Any, values: dict[str, Value], constants: Constants) -> MilArguments:
    """Inputs by their names; what older programs keep as attributes (of `constexpr` operations) as well."""
    given: dict[str, list[Value]] = {}
    for name, argument in operation.inputs.items():
        given[name] = [_bound(binding, values, constants) for binding in argument.arguments]
    for name, value in operation.attributes.items():
        if name != "name" and name not in given:
            given[name] = [constants.read(value)]
    return MilArguments(g, operation.type, given)


def _bound(binding: Any, values: dict[str, Value], constants: Constants) -> Value:
    if binding.WhichOneof("binding") == "value":
        return constants.read(binding.value)
    if binding.name not in values:
        raise CoreMLFileError(f"its input {binding.name!r} is computed by no operation")
    return values[binding.name]


def _check_shape(value: Value, declared: Any) -> None:
    """The program says what every operation gives: a difference is an error of the file, or of ours."""
    if declared.WhichOneof("type") != "tensorType" or isinstance(value, str | list):
        return
    shape = milvalues.static_shape(declared.tensorType)
    if shape is not None and shape != tuple(value.shape):
        raise CoreMLFileError(f"it is declared to give the shape {shape}, and gives {tuple(value.shape)}")


def _tensor(g: OnnxGraph, values: dict[str, Value], name: str) -> Tensor:
    value = values.get(name)
    if isinstance(value, np.ndarray):
        return g.constant(value)
    if not isinstance(value, Tensor):
        raise CoreMLFileError(f"the output {name!r} is computed by no operation")
    return value


def _classified(
    g: OnnxGraph, operation: Any, values: dict[str, Value], constants: Constants
) -> tuple[tuple[str, ...], Tensor]:
    arguments = _arguments(g, operation, values, constants)
    classes: Constant | Tensor = arguments.value("classes")
    if not isinstance(classes, list):
        raise UnsupportedModelError("a classifier whose classes are no list")
    return tuple(str(label) for label in classes), arguments.tensor("probabilities")
