"""coremltools without sympy, as long as no size is unknown; with it, all is as ever."""

import subprocess
import sys

import pytest

SYMBOLS = """
import sys
{}
from quickml.export.coreml.library import coremltools
ct = coremltools()
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.input_types import RangeDim
from coremltools.converters.mil.mil import Function, Program, get_new_symbol, program, types
from coremltools.converters.mil.mil.types import symbolic, type_mapping

loaded = "sympy" in sys.modules
numbers = [symbolic.is_symbolic(one) for one in (1, "a", None)], symbolic.any_symbolic((1, 2)), symbolic.isscalar(1)
assert loaded == ("sympy" in sys.modules)
size, other = get_new_symbol(), get_new_symbol("rows")
print(numbers, size, other, size * 2 + 1, size == size, size == other, sorted(map(str, {{size, other}})))
print([symbolic.is_symbolic(one) for one in (size, size + 1, 3)], symbolic.is_variadic(size), symbolic.any_symbolic((1, size)))
print([isinstance(one, program.Symbol) for one in (size, size + 1, 3)], issubclass(type(size), program.Symbol))
print(type(size).__name__, [one.__name__ for one in type(size).__mro__[1:3]], RangeDim(1, 5, symbol="range").symbol)
print(type_mapping.is_subtype(types.tensor(types.fp32, (size,)), types.tensor(types.fp32, (size,))))
for name in ("rows", "1rows"):
    try: program.Symbol(name)
    except ValueError as error: print(error)
asked = Program()
with Function({{"x": mb.placeholder(shape=(size, 2, 3))}}, opset_version=ct.target.iOS15) as function:
    flat = mb.reshape(x=function.inputs["x"], shape=(-1, 6))
    function.set_outputs([mb.relu(x=mb.concat(values=[flat, flat], axis=0))])
asked.add_function("main", function)
print(flat.shape, function.outputs[0].shape)
"""


def told(before=""):
    command = [sys.executable, "-c", SYMBOLS.format(before)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_unknown_sizes_are_what_they_are():
    assert told() == told("import sympy")


@pytest.mark.parametrize("spec", ["iris_spec.json", "mnist_cnn.json"])
def test_a_network_is_written_without_it(spec):
    code = """
import sys
from pathlib import Path
import numpy as np
from quickml.document import read
from quickml.export.coreml.emit.program import emit, input_shape
from quickml.export.coreml.library import coremltools
from quickml.export.coreml.conversion import convert, target_of
from quickml.training.build import build
from quickml.training.weights import weights
plan = read(Path(sys.argv[1]).read_bytes())
found = weights(build(plan, "float32"))
for kind in ("mlpackage", "mlmodel"):
    target = target_of(kind)
    program = emit(plan.graph, found, input_names=["x"], opset=target, kind=plan.info.kind)
    convert(program, kind, target)
print(sorted({"sympy", "mpmath"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code, spec], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr
