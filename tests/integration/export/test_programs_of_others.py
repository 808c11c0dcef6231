"""ML programs that coremltools writes for others: shapes that are computed, integers, the limits of float16."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import types

from commands import quickml
from networks import load, normal
from programs import convert
from quickml.errors import CoreMLFileError
from quickml.export.coreml.reading.describe import describe
from quickml.export.coreml.reading.files import read

IOS17 = ct.target.iOS17
UNCHANGED = ct.PassPipeline.EMPTY  # coremltools would compute shapes itself while it writes the file


def answer(path: Path, x: np.ndarray) -> np.ndarray:
    (y,) = load(path).run({"x": x}).values()
    return y


# --- shapes that are computed -----------------------------------------------------------------------------


def sizes(x: Any, *places: int) -> Any:
    return mb.gather(x=mb.shape(x=x), indices=list(places), axis=0)


SHAPES: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "doubled": (lambda x: mb.concat(values=[mb.mul(x=sizes(x, 0), y=[2]), [-1]], axis=0), (8, 6)),
    "divided": (lambda x: mb.concat(values=[mb.floor_div(x=sizes(x, 1), y=[5]), [-1]], axis=0), (2, 24)),
    "remainder": (lambda x: mb.concat(values=[mb.mod(x=sizes(x, 1), y=[10]), [-1]], axis=0), (2, 24)),
    "real_division": (lambda x: mb.concat(values=[mb.real_div(x=sizes(x, 1), y=[4]), [-1]], axis=0), (3, 16)),
    "sliced": (lambda x: mb.concat(values=[[-1], mb.slice_by_index(x=mb.shape(x=x), begin=[0], end=[1])], axis=0), (12, 4)),
    "reversed": (lambda x: mb.reverse(x=mb.shape(x=x)), (12, 4)),
    "product": (lambda x: mb.expand_dims(x=mb.reduce_prod(x=mb.shape(x=x)), axes=[0]), (48,)),
    "selected": (lambda x: mb.select(cond=mb.greater(x=mb.shape(x=x), y=[5, 5]), a=[3, 3], b=[16, 16]), (16, 3)),
    "through_float": (lambda x: mb.cast(x=mb.mul(x=mb.cast(x=mb.shape(x=x), dtype="fp32"), y=[0.5, 2.0]), dtype="int32"), (2, 24)),
    "split": (lambda x: mb.concat(values=mb.split(x=mb.shape(x=x), num_splits=2, axis=0)[::-1], axis=0), (12, 4)),
    "stacked": (lambda x: mb.reshape(x=mb.stack(values=[mb.shape(x=x), [1, 1]], axis=0), shape=[4]), (4, 12, 1, 1)),
    "ranged": (lambda x: mb.gather(x=mb.shape(x=x), indices=mb.range_1d(start=1, end=-1, step=-1), axis=0), (12, 4)),
}  # fmt: skip


@pytest.mark.parametrize("case", SHAPES)
def test_a_shape_that_is_computed(case: str, tmp_path: Path) -> None:
    body, expected = SHAPES[case]
    x = normal(4, 12)
    path = convert(lambda x: mb.reshape(x=x, shape=body(x)), x.shape, tmp_path, pass_pipeline=UNCHANGED)
    np.testing.assert_array_equal(answer(path, x), x.reshape(expected))


def arguments_of_other_operations(x: Any) -> Any:
    height = mb.gather(x=mb.shape(x=x), indices=2, axis=0)
    half = mb.floor_div(x=height, y=2)
    y = mb.slice_by_size(x=x, begin=[0, 0, 0, 0], size=mb.stack(values=[1, 2, half, -1], axis=0))
    y = mb.tile(x=y, reps=mb.stack(values=[1, 1, half, 1], axis=0))
    places = mb.range_1d(start=0, end=half, step=1)
    return mb.gather(x=y, indices=places, axis=2)


def test_arguments_that_are_computed_from_shapes(tmp_path: Path) -> None:
    x = normal(1, 2, 6, 4)
    path = convert(arguments_of_other_operations, x.shape, tmp_path, pass_pipeline=UNCHANGED)
    np.testing.assert_array_equal(answer(path, x), x[:, :, :3])


def test_a_flexible_shape_has_its_default(tmp_path: Path) -> None:
    """What converters write for a size that varies: only `shape` knows it."""
    rows = ct.RangeDim(2, 9, default=4)
    inputs = [ct.TensorType(name="x", shape=(rows, 6))]

    @mb.program(input_specs=[mb.TensorSpec(shape=(rows.symbol, 6))], opset_version=IOS17)
    def program(x: Any) -> Any:
        return mb.reshape(x=x, shape=mb.concat(values=[mb.mul(x=sizes(x, 0), y=[2]), [3]], axis=0))

    path, x = tmp_path / "m.mlpackage", normal(4, 6)
    precision = {"compute_precision": ct.precision.FLOAT32, "minimum_deployment_target": IOS17}
    ct.convert(program, source="milinternal", inputs=inputs, **precision).save(str(path))
    np.testing.assert_array_equal(answer(path, x), x.reshape(8, 3))


@pytest.mark.parametrize(
    ("shape", "target", "expected"),
    [
        ((2, 50), (1, 0, -1, 0), (1, 1, 2, 50)),
        ((2, 3, 50), (-1, 0), (6, 50)),
        ((2, 3, 50), (3, 0, 0, 10, 5), (3, 1, 2, 10, 5)),
        ((2, 3, 50), (0, -1, 0), (2, 3, 50)),
    ],
)
def test_from_ios_17_on_zeros_count_from_the_last_axis(
    shape: tuple[int, ...], target: tuple[int, ...], expected: tuple[int, ...], tmp_path: Path
) -> None:
    x = normal(*shape)
    path = convert(lambda x: mb.reshape(x=x, shape=target), shape, tmp_path, target=IOS17)
    np.testing.assert_array_equal(answer(path, x), x.reshape(expected))


@pytest.mark.parametrize("factor", [0.7, 0.29, 1.1, 2.6])
@pytest.mark.parametrize("kind", ["upsample_nearest_neighbor", "upsample_bilinear"])
def test_a_scaled_size_is_the_declared_one(kind: str, factor: float, tmp_path: Path) -> None:
    x = normal(1, 1, 10, 5)
    scale = {"scale_factor_height": factor, "scale_factor_width": factor}
    path = convert(lambda x: getattr(mb, kind)(x=x, **scale), x.shape, tmp_path)
    height, width = np.floor(np.float32(factor) * np.float32([10, 5]))
    assert answer(path, x).shape == (1, 1, height, width)


@pytest.mark.parametrize(("start", "end", "step"), [(0.0, 0.3, 0.1), (0.0, 1.1, 0.1), (1.0, 2.2, 0.4), (1.0, -0.2, -0.4)])  # fmt: skip
def test_the_length_of_a_range_is_the_declared_one(
    start: float, end: float, step: float, tmp_path: Path
) -> None:
    def body(x: Any) -> Any:
        return mb.add(x=x, y=mb.range_1d(start=start, end=end, step=step))

    path = convert(body, (1,), tmp_path, pass_pipeline=UNCHANGED)
    np.testing.assert_allclose(
        answer(path, np.zeros(1)), np.arange(*np.float32([start, end, step])), atol=1e-6
    )


# --- integers ---------------------------------------------------------------------------------------------


def integer_program(tmp_path: Path, body: Callable[[Any], Any], size: int = 1) -> Path:
    @mb.program(input_specs=[mb.TensorSpec(shape=(size,), dtype=types.int32)], opset_version=ct.target.iOS16)
    def program(x: Any) -> Any:
        return body(x)

    path = tmp_path / "m.mlpackage"
    inputs = [ct.TensorType(name="x", shape=(size,), dtype=np.int32)]
    target = ct.target.iOS16
    ct.convert(program, source="milinternal", inputs=inputs, minimum_deployment_target=target).save(str(path))
    return path


X = np.int32([16_777_217, -16_777_219, 2_147_483_646, -2_147_483_648])
INTEGERS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "add": (lambda x: mb.add(x=x, y=np.int32(1)), X + 1),
    "floor_div": (lambda x: mb.floor_div(x=x, y=np.int32(-3)), X // -3),
    "mod": (lambda x: mb.mod(x=x, y=np.int32(-3)), X % -3),
    "mod_itself": (lambda x: mb.mod(x=mb.add(x=x, y=np.int32(1)), y=x), (X + 1) % X),
    "real_div": (lambda x: mb.real_div(x=x, y=np.int32(7)), np.trunc(X / 7)),
    "maximum": (lambda x: mb.maximum(x=x, y=np.int32(16_777_216)), np.maximum(X, 16_777_216)),
    "greater": (lambda x: mb.cast(x=mb.greater(x=x, y=np.int32(16_777_216)), dtype="int32"), X > 16_777_216),
    "equal": (lambda x: mb.cast(x=mb.equal(x=x, y=np.int32(16_777_216)), dtype="int32"), X * 0),
    "reduce_sum": (lambda x: mb.reduce_sum(x=mb.slice_by_size(x=x, begin=[0], size=[2])), np.int32(-2)),
    "square": (lambda x: mb.square(x=mb.sub(x=x, y=np.int32(16_777_207))), (X[:1] - 16_777_207) ** 2),
    "cumsum": (lambda x: mb.cumsum(x=x), np.cumsum(X, dtype=np.int32)),
    "gather": (lambda x: mb.gather(x=x, indices=np.int32([2, 0])), X[[2, 0]]),
}  # fmt: skip


def test_integers_are_exact_beyond_what_float32_holds(tmp_path: Path) -> None:
    def body(x: Any) -> Any:
        return tuple(mb.identity(x=body(x), name=name) for name, (body, _) in INTEGERS.items())

    path = integer_program(tmp_path, body, len(X))
    values = load(path).run({"x": X})
    for name, (_, expected) in INTEGERS.items():
        found = values[name][: np.size(expected)] if np.ndim(expected) else values[name]
        np.testing.assert_array_equal(found, expected, err_msg=name)


def test_a_large_integer_is_printed_with_all_its_digits(tmp_path: Path) -> None:
    path = integer_program(tmp_path, lambda x: mb.add(x=x, y=np.int32(2)))
    assert quickml("predict", path, "16777217").stdout == "16777217: 16777219\n"


def test_a_division_of_integers_by_zero_ends_in_an_answer(tmp_path: Path) -> None:
    """ONNX Runtime's own division would end the process."""

    def body(x: Any) -> Any:
        zero = mb.sub(x=x, y=x)
        return mb.floor_div(x=x, y=zero), mb.mod(x=x, y=zero), mb.real_div(x=x, y=zero)

    assert len(load(integer_program(tmp_path, body)).run({"x": np.int32([7])})) == 3


# --- float16 ----------------------------------------------------------------------------------------------


def test_an_overflow_of_float16_is_named(tmp_path: Path) -> None:
    options = {"compute_precision": ct.precision.FLOAT16}
    path = convert(lambda x: mb.mul(x=x, y=np.float32([1000, 1])), (2,), tmp_path, **options)
    assert quickml("predict", path, "2,3").stdout == "2,3: [2000.0, 3.0]\n"
    done = quickml("predict", path, "70,3")
    assert done.returncode != 0
    assert "70,3: expected a finite answer, found inf" in done.stderr
    assert "float16, whose largest number is 65,504" in " ".join(done.stderr.split())


def test_an_overflow_of_float32_does_not_blame_float16(tmp_path: Path) -> None:
    path = convert(lambda x: mb.mul(x=x, y=np.float32([1e30, 1])), (2,), tmp_path)
    done = quickml("predict", path, "1e20,3")
    assert "expected a finite answer, found inf" in done.stderr
    assert "float16" not in done.stderr


# --- packages ---------------------------------------------------------------------------------------------


def test_a_program_without_its_package_asks_for_it(tmp_path: Path) -> None:
    weight, bias = normal(40, 30), normal(40)
    package = convert(lambda x: mb.linear(x=x, weight=weight, bias=bias), (1, 30), tmp_path)
    inside = package / "Data" / "com.apple.CoreML" / "model.mlmodel"
    expected = (
        "expected the whole .mlpackage, found only the program of one; the weights are in another file of it"
    )
    with pytest.raises(CoreMLFileError, match=f"{expected}; pass model.mlpackage"):
        load(inside)
    alone = tmp_path / "model.mlmodel"
    shutil.copy(inside, alone)
    with pytest.raises(CoreMLFileError, match=f"{expected}$"):
        load(alone)
    assert describe(read(alone)).parameters == 1240


def test_parameters_of_programs(tmp_path: Path) -> None:
    """One number can be a weight; a number without axes is an option; weights used twice are counted once."""
    weight, bias = np.float32([[2.0]]), np.float32([1.0])

    def body(x: Any) -> Any:
        shared = {"weight": mb.const(val=normal(30, 30)), "bias": mb.const(val=normal(30))}
        y = mb.linear(x=mb.linear(x=x, **shared), **shared)
        y = mb.reduce_sum(x=y, axes=[1], keep_dims=True)
        return mb.leaky_relu(x=mb.linear(x=y, weight=weight, bias=bias), alpha=0.5)

    about = describe(read(convert(body, (1, 30), tmp_path)))
    assert about.parameters == 932
    assert [layer.parameters for layer in about.layers if layer.type == "linear"] == [930, 0, 2]
