"""The memory of a process that trains."""

from __future__ import annotations

import math

from quickml.document.plan import Plan

PROGRAM_BYTES = 650_000_000
"""TensorFlow, coremltools and ONNX Runtime, before a network is built (x86-64, measured)."""
LAYER_BYTES = 4_000_000
"""Graphs and compiled code, for each layer."""
COPIES = 2
"""Of the samples: as arrays, and as TensorFlow's tensors."""


def memory_bytes(plan: Plan) -> int:
    """Resident memory of the process at its peak: program, samples, weights and activations."""
    numbers = sum(plan.info.sizes) * math.prod(plan.info.shape)
    samples = COPIES * numbers * (1 if plan.info.is_image else 4)
    return PROGRAM_BYTES + LAYER_BYTES * len(plan.graph.nodes) + samples + 2 * plan.memory_bytes
