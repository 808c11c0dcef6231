"""Convert a MIL program to a coremltools model: select the passes, and silence coremltools' output."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from quickml.errors import CompileError
from quickml.export.coreml.fast import fast
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
    "common::dedup_op_and_var_names",  # required by add_fp16_cast
    "common::add_fp16_cast",  # removed by coremltools for float32
    "common::update_output_dtypes",
    "common::cast_optimization",
    "common::const_elimination",
    "common::dead_code_elimination",
)
"""The passes to run, out of the 90 that coremltools runs by default. The emitted programs do not need the
others, which take a third of the conversion time. One of the others is also incorrect:
`fuse_elementwise_to_batchnorm` turns a scale and an offset into a batch_norm but ignores its epsilon of 1e-5,
which gives an error of 5e-6."""

_OLDEST_IOS = 15  # the first with ML programs
_NEWEST_IOS = 26
"""The newest target of coremltools 9; later systems read the same files."""


def target_of(kind: str, minimum_ios: int | None = None) -> Any:
    """The coremltools target of a format: the oldest that `minimum_ios` allows."""
    targets = coremltools().target
    if kind == "mlmodel":
        return targets.iOS13
    oldest = max(minimum_ios or 0, _OLDEST_IOS)
    return getattr(targets, f"iOS{min(oldest, _NEWEST_IOS)}")


def convert(program: Any, kind: str, target: Any, **arguments: Any) -> Any:
    """Convert a MIL program to a coremltools model, in float32 unless `arguments` says otherwise.

    Raises:
        CompileError: coremltools cannot convert the program.
    """
    ct = coremltools()
    passes = ct.PassPipeline(pass_names=list(_PASSES), pipeline_name="quickml")
    if kind == "mlpackage":
        arguments.setdefault("compute_precision", ct.precision.FLOAT32)
    try:
        with fast():
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


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress coremltools' progress bars, its line per quantized layer and its warnings."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        import tqdm

        with warnings.catch_warnings(), _no_progress_bars(tqdm), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


@contextmanager
def _no_progress_bars(tqdm: Any) -> Iterator[None]:
    original = tqdm.tqdm.__init__

    def silent(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **{**kwargs, "disable": True})

    tqdm.tqdm.__init__ = silent
    try:
        yield
    finally:
        tqdm.tqdm.__init__ = original
