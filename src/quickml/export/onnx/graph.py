"""A small builder of ONNX graphs that knows the shape of every value while it builds.

Core ML's layers are defined by ranks and shapes ("the third axis from the end"), so a translator needs them
at every step. ONNX's own inference gives them node by node; what it refuses, no runtime would run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, defs, helper, numpy_helper, shape_inference

from quickml.errors import CoreMLFileError, UnsupportedModelError

OPSET = 18
IR_VERSION = 8
_LARGEST_TENSOR_ELEMENTS = 2**26  # a quarter of a GiB: no phone's network comes near
_LARGEST_PEAK_ELEMENTS = 2**27  # of all values that are needed at one time; nodes take scratch memory besides
_MOST_AXES = 16  # Core ML has 5, or 6 in places
_MOST_NODES = 10_000  # what is read in a second or two; the deepest networks on phones have some 2,000
_PLAIN = 4096  # constants up to this size are shown to the shape inference

DAMAGE = (ArithmeticError, AttributeError, IndexError, KeyError, MemoryError, TypeError, ValueError)
"""What a damaged file does to Python, numpy and ONNX cannot be listed beforehand; it ends in one of these."""

FLOAT, INT32, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL
FLOAT16 = TensorProto.FLOAT16


@dataclass(frozen=True)
class Tensor:
    """A value of the graph: its name, its shape (always known) and ONNX element type."""

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
        """Whether its elements are floating-point numbers."""
        return self.type in (FLOAT, FLOAT16)


Operand = Tensor | NDArray[Any] | float | int
"""What a node can take: a value of the graph, an array, or a number (float32 unless it is an int)."""


class OnnxGraph:
    """Collects nodes, constants, inputs and outputs; `model()` makes the ModelProto of them.

    `public` are the names that inputs and outputs will have; no inner value gets one of them. `room` is how
    many numbers its constants may have in all.
    """

    def __init__(self, public: Iterable[str] = (), *, room: int) -> None:
        self._taken = set(public)
        self._room = room
        self._count = 0
        self._nodes: list[Any] = []
        self._free_nodes = 0
        self._initializers: dict[str, Any] = {}
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._types: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}
        self._opset = helper.make_opsetid("", OPSET)

    def input(self, name: str, shape: Sequence[int]) -> Tensor:
        """A float32 input of the graph."""
        tensor = self._known(Tensor(name, _bounded(shape, name), FLOAT))
        self._inputs.append(helper.make_tensor_value_info(name, FLOAT, list(shape)))
        return tensor

    def constant(self, value: Operand) -> Tensor:
        """A constant; float64 and float16 become float32, as everything is computed in float32."""
        if isinstance(value, Tensor):
            return value
        array = np.asarray(value, dtype=np.float32 if isinstance(value, float) else None)
        if array.dtype.kind == "f":
            array = array.astype(np.float32)
        elif array.dtype.kind in "iu" and array.dtype not in (np.int32, np.int64):
            array = array.astype(np.int64 if array.dtype.itemsize == 8 else np.int32)
        self.take(array.size)
        name = self._name("const")
        proto = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        self._initializers[name] = proto
        return self._known(Tensor(name, _bounded(array.shape, "a constant"), proto.data_type))

    def take(self, numbers: int) -> None:
        """Count numbers of constants; raises UnsupportedModelError where there is no room for them.

        A few bytes of a file may ask for a long range, or to unpack the same weights a thousand times.
        """
        self._room -= numbers
        if self._room < 0:
            raise UnsupportedModelError("its constants are too large to run here")

    def known(self, value: Tensor) -> NDArray[Any] | None:
        """The numbers of a constant; nothing for a value that depends on the inputs.

        Weights are rearranged with these while translating: ONNX Runtime would do it when it loads, but is
        told not to compute then, as a hostile file would have it compute for long.
        """
        proto = self._initializers.get(value.name)
        return None if proto is None else numpy_helper.to_array(proto)

    def op(self, kind: str, *inputs: Operand | None, **attributes: Any) -> Tensor:
        """One node with one output; an operand that is None is an optional input left out."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: Operand | None, **attributes: Any) -> tuple[Tensor, ...]:
        """One node with several outputs. Raises CoreMLFileError where the operands do not fit."""
        if len(self._nodes) - self._free_nodes >= _MOST_NODES:
            raise UnsupportedModelError(f"more than {_MOST_NODES} nodes cannot be run here")
        operands = [None if value is None else self.constant(value) for value in inputs]
        names = [self._name(kind) for _ in range(outputs)]
        given = [value.name if value else "" for value in operands]
        node = helper.make_node(kind, given, names, **attributes)
        inferred = self._infer(kind, node, [value for value in operands if value])
        self._nodes.append(node)
        return tuple(self._known(_tensor(name, inferred.get(name), kind)) for name in names)

    def rounded(self, x: Tensor) -> Tensor:
        """A float32 value, rounded to half precision.

        A program does this behind most of its operations, so it is quick: two nodes that need no inference
        and do not count.
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
        """The finished `onnx.ModelProto`; raises UnsupportedModelError where running it takes too much."""
        peak = self._peak()
        if peak > _LARGEST_PEAK_ELEMENTS:
            raise UnsupportedModelError(f"it needs {peak} numbers in memory at a time: too many to run here")
        used = {name for node in self._nodes for name in node.input}
        constants = [proto for name, proto in self._initializers.items() if name in used]
        graph = helper.make_graph(self._nodes, "coreml", self._inputs, self._outputs, constants)
        return helper.make_model(
            graph, opset_imports=[self._opset], ir_version=IR_VERSION, producer_name="quickml"
        )

    def _infer(self, kind: str, node: Any, operands: Sequence[Tensor]) -> dict[str, Any]:
        values = {
            value.name: self._initializers[value.name]
            for value in operands
            if value.name in self._initializers and value.size <= _PLAIN
        }
        types = {value.name: self._types[value.name] for value in operands}
        try:
            inferred: dict[str, Any] = shape_inference.infer_node_outputs(
                defs.get_schema(kind, OPSET, ""), node, types, values, {}, [self._opset], IR_VERSION
            )
        except (shape_inference.InferenceError, checker.ValidationError, RuntimeError, ValueError) as error:
            shapes = ", ".join(str(value.shape) for value in operands)
            reason = str(error).splitlines()[0]
            raise CoreMLFileError(f"operands of shape {shapes} do not fit ({reason})") from error
        return inferred

    def _peak(self) -> int:
        """The most elements that are alive at a time, when nodes run in order and free what is used up."""
        last = {name: place for place, node in enumerate(self._nodes) for name in node.input}
        alive = peak = sum(self._sizes[value.name] for value in self._inputs)
        for place, node in enumerate(self._nodes):
            alive += sum(self._sizes.get(name, 0) for name in node.output)
            peak = max(peak, alive)
            freed = {name for name in (*node.input, *node.output) if last.get(name, place) == place}
            alive -= sum(self._sizes.get(name, 0) for name in freed if name not in self._initializers)
        return peak

    def _known(self, tensor: Tensor) -> Tensor:
        self._sizes[tensor.name] = tensor.size
        self._types[tensor.name] = helper.make_tensor_type_proto(tensor.type, list(tensor.shape))
        return tensor

    def _name(self, kind: str) -> str:
        self._count += 1
        name = f"{kind}_{self._count}"
        while name in self._taken:
            name = f"_{name}"
        self._taken.add(name)
        return name


def _tensor(name: str, inferred: Any, kind: str) -> Tensor:
    if inferred is None or not inferred.tensor_type.HasField("shape"):
        raise UnsupportedModelError(f"the shape of its result ({kind}) cannot be told beforehand")
    dimensions = inferred.tensor_type.shape.dim
    if any(not dimension.HasField("dim_value") for dimension in dimensions):
        raise UnsupportedModelError(f"the shape of its result ({kind}) cannot be told beforehand")
    shape = _bounded([dimension.dim_value for dimension in dimensions], "its result")
    return Tensor(name, shape, inferred.tensor_type.elem_type)


def _bounded(shape: Sequence[int], what: str) -> tuple[int, ...]:
    too_many = len(shape) > _MOST_AXES or math.prod(shape) > _LARGEST_TENSOR_ELEMENTS
    if too_many or any(size < 0 for size in shape):
        raise CoreMLFileError(f"{what} has the shape {tuple(shape)}, which is no shape to run")
    return tuple(int(size) for size in shape)
