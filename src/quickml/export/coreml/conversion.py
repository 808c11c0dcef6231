"""A MIL program → a coremltools model: which passes run, and what coremltools says meanwhile."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import numpy as np

from quickml.errors import CompileError
from quickml.export.coreml.library import coremltools

_PASSES = (
    "common::const_elimination",
    "common::sanitize_input_output_names",
    "common::noop_elimination",
    "common::fuse_linear_bias",
    "common::fuse_conv_scale",
    "common::fuse_conv_bias",
    "common::merge_consecutive_reshapes",
    "common::merge_consecutive_transposes",
    "common::reduce_transposes",
    "common::dedup_op_and_var_names",  # before add_fp16_cast, which counts on it
    "common::add_fp16_cast",  # taken out again by coremltools for float32
    "common::update_output_dtypes",
    "common::cast_optimization",
    "common::const_elimination",
    "common::dead_code_elimination",
)
"""What coremltools may do to a program, of the 90 passes that it runs by default: our programs are tidy from
the start, and the others cost a third of the time. One of them is wrong, too: `fuse_elementwise_to_batchnorm`
makes a scale and an offset a batch_norm and forgets about its epsilon of 1e-5, which is off by 5e-6."""

_OLDEST_IOS = 15  # of ML programs
_NEWEST_IOS = 26
"""That coremltools 9 can write for; a later one reads the same."""


def target_of(kind: str, minimum_ios: int | None = None) -> Any:
    """The coremltools target of a format: the oldest that `minimum_ios` allows."""
    targets = coremltools().target
    if kind == "mlmodel":
        return targets.iOS13
    oldest = max(minimum_ios or 0, _OLDEST_IOS)
    return getattr(targets, f"iOS{min(oldest, _NEWEST_IOS)}")


def convert(program: Any, kind: str, target: Any, **arguments: Any) -> Any:
    """A MIL program as a coremltools model, in float32 unless asked otherwise.

    Raises:
        CompileError: coremltools cannot write it.
    """
    ct = coremltools()
    passes = ct.PassPipeline(pass_names=list(_PASSES), pipeline_name="quickml")
    if kind == "mlpackage":
        arguments.setdefault("compute_precision", ct.precision.FLOAT32)
    try:
        with _quick_weights():
            return ct.convert(
                program,
                source="milinternal",
                convert_to="mlprogram" if kind == "mlpackage" else "neuralnetwork",
                minimum_deployment_target=target,
                skip_model_load=True,
                pass_pipeline=passes,
                **arguments,
            )
    except (ValueError, TypeError, NotImplementedError, RuntimeError) as error:
        raise CompileError(f"{kind}: coremltools could not write the model ({error})") from error


class _Listed(np.ndarray):
    """An array that flattens to a list."""

    def flatten(self, *_: Any) -> Any:
        """All numbers in a row, as Python's own."""
        return np.asarray(self).reshape(-1).tolist()


@contextmanager
def _quick_weights() -> Iterator[None]:
    """A third off the time of writing a neural network whose weights lie in Dense layers.

    coremltools fills protobuf's lists from numpy arrays, number by number; a list takes a quarter of it.
    """
    builder = coremltools().models.neural_network.NeuralNetworkBuilder
    original = builder.add_inner_product

    def quick(self: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(kwargs.get("W"), np.ndarray):
            kwargs["W"] = kwargs["W"].view(_Listed)
        return original(self, *args, **kwargs)

    builder.add_inner_product = quick
    try:
        yield
    finally:
        builder.add_inner_product = original


@contextmanager
def quiet() -> Iterator[None]:
    """coremltools draws progress bars, prints each layer that it quantizes and warns about what we know."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        import tqdm

        with warnings.catch_warnings(), _no_bars(tqdm), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


@contextmanager
def _no_bars(tqdm: Any) -> Iterator[None]:
    original = tqdm.tqdm.__init__

    def silent(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **{**kwargs, "disable": True})

    tqdm.tqdm.__init__ = silent
    try:
        yield
    finally:
        tqdm.tqdm.__init__ = original
