"""What training computes in: float32, or bfloat16 where the processor multiplies it natively."""

from __future__ import annotations

import math
import platform
from functools import cache
from pathlib import Path
from typing import Literal

from quickml.document import Plan
from quickml.document.shapes import Graph

Precision = Literal["float32", "mixed_bfloat16"]

NATIVE_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
WORTH_IT = 50_000_000
"""Multiplications in one step above which bfloat16 pays.

Below it there is nothing to gain, and float32 gives the same result for the same seed.
"""


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
    """Those that bfloat16 makes faster, of one sample on its way forward.

    Each weight is used once for every place of the output. Of a recurrent layer one step counts, or those
    that it returns: they come one after the other, and it is the size of each product that pays.
    """
    return sum(
        node.parameters.trainable * math.prod(node.output_shape[:-1])
        for node in graph.nodes
        if node.layer.gains_from_bfloat16 and not node.layer.needs_float32()
    )


def choose(plan: Plan) -> Precision:
    """The precision a plan asks for; for `auto`, the one that is faster here."""
    training = plan.document.training
    if training.precision != "auto":
        return training.precision
    batch = min(training.batch_size, plan.info.sizes[0])
    worth_it = multiplications(plan.graph) * batch >= WORTH_IT
    return "mixed_bfloat16" if worth_it and has_native_bfloat16() else "float32"
