"""A small builder of ONNX graphs that infers the shape of every value.

Core ML's layers are defined in terms of ranks and shapes ("the third axis from the end"), so the translation
needs them at every step. They come from ONNX's own shape inference, node by node; a node that it rejects
could not be run either.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, defs, helper, numpy_helper, shape_inference

from quickml.errors import CoreMLFileError, UnsupportedModelError

OPSET = 18
ML_DOMAIN, ML_OPSET = "ai.onnx.ml", 3
IR_VERSION = 8
LARGEST_TENSOR_ELEMENTS = 2**26  # a quarter of a GiB, far above the networks on phones
_LARGEST_PEAK_ELEMENTS = 2**27  # of all values in memory at the same time; nodes also need scratch memory
_COST_OF_COMPUTING = 5  # reading a node whose values are computed takes as long as reading five others
_MOST_AXES = 16  # Core ML has 5, in some layers 6
_MOST_NODES = 10_000  # read in one or two seconds; the deepest networks on phones have about 2,000
_LARGEST_INFERRED = 4096  # constants up to this size are passed to the shape inference
_LARGEST_FOLDED = 256  # constants up to this size are computed here: shapes, and sizes computed from shapes
_ARITHMETIC = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}
"""What ONNX's reference implementation does with float32, which takes 0.05 s to import."""

DAMAGE = (ArithmeticError, AttributeError, IndexError, KeyError, MemoryError, TypeError, ValueError)
"""The exceptions that Python, numpy and ONNX raise for damaged files, whose errors cannot be enumerated."""

FLOAT, INT32, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL
FLOAT16, DOUBLE, STRING = TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.STRING


@dataclass(frozen=True)
class Tensor:
    """A value of the graph: its name, its static shape and its ONNX element type."""

    name: str
    shape: tuple[int, ...]
    type: int

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def is_float(self) -> bool:
        """Whether the elements are floating-point numbers."""
        return self.type in (FLOAT, FLOAT16)


Operand = Tensor | NDArray[Any] | float | int
"""An input of a node: a value of the graph, an array, or a number (float32 unless it is an int)."""


class OnnxGraph:
    """Collects nodes, constants, inputs and outputs; `model()` creates the ModelProto.

    `public` are the names of inputs and outputs, which no intermediate value gets. `room` is the maximum
    number of elements of all constants together.
    """

    def __init__(self, public: Iterable[str] = (), *, room: int) -> None:
        self._used_names = set(public)
        self._room = room
        self._count = 0
        self._nodes: list[Any] = []
        self._free_nodes = 0
        self._computed_nodes = 0
        self._initializers: dict[str, Any] = {}
        self._shared: dict[Hashable, Tensor] = {}
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._types: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}
        self._opsets = [helper.make_opsetid("", OPSET)]

    def input(self, name: str, shape: Sequence[int], type: int = FLOAT) -> Tensor:
        """Add an input."""
        tensor = self._known(Tensor(name, _bounded(shape, name), type))
        self._inputs.append(helper.make_tensor_value_info(name, type, list(shape)))
        return tensor

    def constant(self, value: Operand) -> Tensor:
        """Add a constant. float64 and float16 are converted to float32, in which everything is computed."""
        if isinstance(value, Tensor):
            return value
        array = np.asarray(value, dtype=np.float32 if isinstance(value, float) else None)
        if array.dtype.kind == "f":
            array = array.astype(np.float32)
        elif array.dtype.kind in "iu" and array.dtype not in (np.int32, np.int64):
            array = array.astype(np.int64 if array.dtype.itemsize == 8 else np.int32)
        return self._stored(array)

    def double(self, value: NDArray[Any] | float) -> Tensor:
        """Add a constant of float64, for what Core ML computes in double precision."""
        return self._stored(np.asarray(value, np.float64))

    def text(self, value: str) -> Tensor:
        """Add a constant text, of shape (1,)."""
        self.take(1 + len(value))
        name = self._name("const")
        self._initializers[name] = helper.make_tensor(name, STRING, [1], [value.encode()])
        return self._known(Tensor(name, (1,), STRING))

    def _stored(self, array: NDArray[Any]) -> Tensor:
        """The constant of these numbers, stored once: the steps of a recurrent layer share their kernels."""
        self.take(array.size)  # even if it is there already: making the numbers took time
        whole = np.ascontiguousarray(array).reshape(array.shape)
        key = (whole.shape, whole.dtype.str, hashlib.sha256(whole.data).digest())
        if key not in self._shared:
            name = self._name("const")
            proto = numpy_helper.from_array(whole, name)
            self._initializers[name] = proto
            tensor = Tensor(name, _bounded(whole.shape, "a constant"), proto.data_type)
            self._shared[key] = self._known(tensor)
        return self._shared[key]

    def take(self, numbers: int) -> None:
        """Count elements of constants; raises UnsupportedModelError if they exceed the maximum.

        A few bytes of a file can request a long range, or unpack the same weights a thousand times.
        """
        self._room -= numbers
        if self._room < 0:
            raise UnsupportedModelError("the constants are too large to run here")

    def known(self, value: Tensor) -> NDArray[Any] | None:
        """The elements of a constant; None for a value that depends on the inputs.

        Used to rearrange weights during the translation, and for shapes that the file computes. ONNX
        Runtime's constant folding, which would do that when it loads the model, is disabled because a
        malicious file could make it run for very long.
        """
        proto = self._initializers.get(value.name)
        return None if proto is None else numpy_helper.to_array(proto)

    def op(self, kind: str, *inputs: Operand | None, **attributes: Any) -> Tensor:
        """Add a node with one output. An operand of None is an optional input that is omitted."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: Operand | None, **attributes: Any) -> tuple[Tensor, ...]:
        """Add a node with several outputs; of small constants, their values are computed instead.

        Raises CoreMLFileError if the operands do not fit.
        """
        if len(self._nodes) - self._free_nodes + self._computed_nodes >= _MOST_NODES:
            raise UnsupportedModelError(f"expected at most {_MOST_NODES} nodes, found more")
        operands = [None if value is None else self.constant(value) for value in inputs]
        names = [self._name(kind) for _ in range(outputs)]
        input_names = [value.name if value else "" for value in operands]
        node = helper.make_node(kind, input_names, names, **attributes)
        given = [value for value in operands if value]
        inferred = self._infer(kind, node, given)
        results = [_tensor(name, inferred.get(name), kind) for name in names]
        if given and all(one.size <= _LARGEST_FOLDED for one in results) and self._are_small(given):
            self._computed_nodes += _COST_OF_COMPUTING
            return tuple(self._stored(value) for value in self._computed(node, given, results))
        self._nodes.append(node)
        return tuple(self._known(one) for one in results)

    def ml(self, kind: str, x: Tensor, **attributes: Any) -> Tensor:
        """Add a node of ONNX's operators for classical machine learning, which takes one value."""
        if len(self._opsets) == 1:
            self._opsets.append(helper.make_opsetid(ML_DOMAIN, ML_OPSET))
        name = self._name(kind)
        node = helper.make_node(kind, [x.name], [name], domain=ML_DOMAIN, **attributes)
        result = _tensor(name, self._infer(kind, node, [x], ML_OPSET, ML_DOMAIN).get(name), kind)
        self._nodes.append(node)
        return self._known(result)

    def rounded(self, x: Tensor) -> Tensor:
        """Round a float32 value to half precision.

        Programs do this after most operations, so it is cheap: two nodes that need no shape inference and do
        not count towards the maximum.
        """
        half, result = (
            Tensor(self._name("Half"), x.shape, FLOAT16),
            Tensor(self._name("Cast"), x.shape, FLOAT),
        )
        for one, other in ((x, half), (half, result)):
            self._nodes.append(helper.make_node("Cast", [one.name], [other.name], to=other.type))
            self._known(other)
        self._free_nodes += 2
        return result

    def output(self, name: str, tensor: Tensor) -> None:
        """Make a value an output of the graph under a public name."""
        self._nodes.append(helper.make_node("Identity", [tensor.name], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, tensor.type, list(tensor.shape)))

    def model(self) -> Any:
        """The complete `onnx.ModelProto`. Raises UnsupportedModelError if it needs too much memory."""
        peak = self._peak()
        if peak > _LARGEST_PEAK_ELEMENTS:
            raise UnsupportedModelError(
                f"expected at most {_LARGEST_PEAK_ELEMENTS:,} elements in memory at a time, found {peak:,}"
            )
        used = {name for node in self._nodes for name in node.input}
        constants = [proto for name, proto in self._initializers.items() if name in used]
        graph = helper.make_graph(self._nodes, "coreml", self._inputs, self._outputs, constants)
        return helper.make_model(
            graph, opset_imports=self._opsets, ir_version=IR_VERSION, producer_name="quickml"
        )

    def _infer(
        self, kind: str, node: Any, operands: Sequence[Tensor], opset: int = OPSET, domain: str = ""
    ) -> dict[str, Any]:
        values = {
            value.name: self._initializers[value.name]
            for value in operands
            if value.name in self._initializers and value.size <= _LARGEST_INFERRED
        }
        types = {value.name: self._types[value.name] for value in operands}
        try:
            inferred: dict[str, Any] = shape_inference.infer_node_outputs(
                defs.get_schema(kind, opset, domain), node, types, values, {}, self._opsets, IR_VERSION
            )
        except (shape_inference.InferenceError, checker.ValidationError, RuntimeError, ValueError) as error:
            shapes = ", ".join(str(value.shape) for value in operands)
            reason = str(error).splitlines()[0]
            raise CoreMLFileError(f"operands of shape {shapes} do not fit ({reason})") from error
        return inferred

    def _are_small(self, operands: Sequence[Tensor]) -> bool:
        return all(one.size <= _LARGEST_FOLDED and one.name in self._initializers for one in operands)

    def _computed(
        self, node: Any, operands: Sequence[Tensor], results: Sequence[Tensor]
    ) -> Sequence[NDArray[Any]]:
        """The results of a node whose operands are constants."""
        if (compute := _ARITHMETIC.get(node.op_type)) is not None:
            values = [numpy_helper.to_array(self._initializers[one.name]) for one in operands]
            if all(value.dtype == np.float32 for value in values):
                with np.errstate(all="ignore"):
                    return [np.asarray(compute(*values)).reshape(results[0].shape)]
        from onnx.reference import ReferenceEvaluator  # 0.1 s to import, and few files need it

        outputs = [helper.make_tensor_value_info(one.name, one.type, list(one.shape)) for one in results]
        constants = [self._initializers[name] for name in {one.name for one in operands}]
        graph = helper.make_graph([node], "constants", [], outputs, constants)
        model = helper.make_model(graph, opset_imports=self._opsets, ir_version=IR_VERSION)
        try:
            computed: Sequence[NDArray[Any]] = ReferenceEvaluator(model).run(None, {})
        except Exception as error:  # it raises exceptions of any kind
            raise CoreMLFileError(f"constants do not fit ({error})") from error
        return [np.asarray(value).reshape(one.shape) for value, one in zip(computed, results, strict=True)]

    def _peak(self) -> int:
        """The peak number of elements in memory, if nodes run in order and values are freed after use."""
        last_use = {name: index for index, node in enumerate(self._nodes) for name in node.input}
        alive = peak = sum(self._sizes[value.name] for value in self._inputs)
        for index, node in enumerate(self._nodes):
            alive += sum(self._sizes.get(name, 0) for name in node.output)
            peak = max(peak, alive)
            freed = {name for name in (*node.input, *node.output) if last_use.get(name, index) == index}
            alive -= sum(self._sizes.get(name, 0) for name in freed if name not in self._initializers)
        return peak

    def _known(self, tensor: Tensor) -> Tensor:
        self._sizes[tensor.name] = tensor.size
        self._types[tensor.name] = helper.make_tensor_type_proto(tensor.type, list(tensor.shape))
        return tensor

    def _name(self, kind: str) -> str:
        self._count += 1
        name = f"{kind}_{self._count}"
        while name in self._used_names:
            name = f"_{name}"
        self._used_names.add(name)
        return name


def _tensor(name: str, inferred: Any, kind: str) -> Tensor:
    if inferred is None or not inferred.tensor_type.HasField("shape"):
        raise UnsupportedModelError(f"the shape of the result of {kind} cannot be inferred")
    dimensions = inferred.tensor_type.shape.dim
    if any(not dimension.HasField("dim_value") for dimension in dimensions):
        raise UnsupportedModelError(f"the shape of the result of {kind} cannot be inferred")
    shape = _bounded([dimension.dim_value for dimension in dimensions], "the result")
    return Tensor(name, shape, inferred.tensor_type.elem_type)


def _bounded(shape: Sequence[int], what: str) -> tuple[int, ...]:
    if len(shape) > _MOST_AXES or any(size < 0 for size in shape):
        raise CoreMLFileError(f"{what} has the shape {tuple(shape)}, which cannot be run")
    if math.prod(shape) > LARGEST_TENSOR_ELEMENTS:
        raise UnsupportedModelError(
            f"{what}: expected at most {LARGEST_TENSOR_ELEMENTS:,} elements, found {math.prod(shape):,}"
            f" in the shape {tuple(shape)}, which are too many to run here"
        )
    return tuple(int(size) for size in shape)
