"""Choose the precision of a training: float32, or a shorter type that the device multiplies faster."""

from __future__ import annotations

import math
import platform
from functools import cache
from pathlib import Path
from typing import Literal

from quickml.document import Plan
from quickml.document.shapes import Graph
from quickml.training.device import CPU, TrainingDevice

Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
"""With `mixed_float16`, the loss is scaled, because small gradients would become zero; see `Stages.fit`."""

NATIVE_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
WORTH_IT = 50_000_000
"""Minimum number of multiplications per step for a shorter type.

Below this, it is not faster, and float32 gives the same result for a seed on every machine.
"""
BFLOAT16_CAPABILITY, FLOAT16_CAPABILITY = (8, 0), (7, 0)
"""Compute capability from which a GPU has tensor cores for these types (CUDA C++ Programming Guide)."""


@cache
def has_native_bfloat16() -> bool:
    """Whether this processor has bfloat16 instructions, as Linux reports them; False elsewhere."""
    if platform.system() != "Linux":
        return False
    try:
        return reads_native_bfloat16(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return False


def reads_native_bfloat16(cpuinfo: str) -> bool:
    """Whether the text of /proc/cpuinfo lists bfloat16 instructions."""
    flags = next((line for line in cpuinfo.splitlines() if line.startswith("flags")), "")
    return not NATIVE_FLAGS.isdisjoint(flags.split())


def multiplications(graph: Graph) -> int:
    """Number of multiplications per sample in the forward pass that are faster in bfloat16.

    Each weight is used once per output position. A recurrent layer counts with one step, or with the steps
    that it returns: its steps run one after another, and bfloat16 only speeds up large products.
    """
    return sum(
        node.parameters.trainable * math.prod(node.output_shape[:-1])
        for node in graph.nodes
        if node.layer.gains_from_bfloat16 and not node.layer.needs_float32()
    )


def choose(plan: Plan, device: TrainingDevice = CPU) -> Precision:
    """The precision of a plan; for `auto`, the fastest one on the device."""
    training = plan.document.training
    if training.precision != "auto":
        return training.precision
    batch = min(training.batch_size, plan.info.sizes[0])
    worth_it = multiplications(plan.graph) * batch >= WORTH_IT
    return fastest(device) if worth_it else "float32"


def fastest(device: TrainingDevice) -> Precision:
    """The type in which a device multiplies large matrices fastest."""
    if not device.is_gpu:
        return "mixed_bfloat16" if has_native_bfloat16() else "float32"
    if device.capability >= BFLOAT16_CAPABILITY:
        return "mixed_bfloat16"
    return "mixed_float16" if device.capability >= FLOAT16_CAPABILITY else "float32"
