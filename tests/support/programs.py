"""Core ML files that coremltools writes from a MIL program, for tests that know what the program computes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb

from networks import load

RNG = np.random.default_rng(7)
TARGETS = {"neuralnetwork": ct.target.iOS14, "mlprogram": ct.target.iOS16}
SUFFIX = {"neuralnetwork": ".mlmodel", "mlprogram": ".mlpackage"}
BOTH = ("mlprogram", "neuralnetwork")


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def convert(
    body: Callable[[Any], Any], shape: tuple[int, ...], folder: Path, fmt: str = "mlprogram", **options: Any
) -> Path:
    """Write a program with one input `x` (or the image that `options` say) to a file."""
    target = options.pop("target", TARGETS[fmt])

    @mb.program(input_specs=[mb.TensorSpec(shape=shape)], opset_version=target)
    def program(x):
        return body(x)

    options.setdefault("inputs", [ct.TensorType(name="x", shape=shape)])
    if fmt == "mlprogram":
        options.setdefault("compute_precision", ct.precision.FLOAT32)
    else:
        options.pop("compute_precision", None)
    model = ct.convert(
        program, source="milinternal", convert_to=fmt, minimum_deployment_target=target, **options
    )
    path = folder / f"model{SUFFIX[fmt]}"
    model.save(str(path))
    return path


@dataclass
class Case:
    name: str
    shape: tuple[int, ...]
    body: Callable[[Any], Any]
    expected: Callable[[np.ndarray], np.ndarray]
    formats: tuple[str, ...] = BOTH
    target: Any = None


def run_together(cases: Sequence[Case], fmt: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Cases of one shape in one program: a conversion takes longer than all the rest."""
    x = (normal(*cases[0].shape) * 2).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = convert(
            lambda x: tuple(mb.identity(x=case.body(x), name=case.name) for case in cases),
            x.shape, Path(folder), fmt, target=cases[0].target or TARGETS[fmt],
        )  # fmt: skip
        return x, load(path).run({"x": x})
