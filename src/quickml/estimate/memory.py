"""The memory of a process that trains."""

from __future__ import annotations

import math

from quickml.datasets.data import PART_BYTES, RESIDENT_BYTES
from quickml.document.plan import Plan

PROGRAM_BYTES = 650_000_000
"""TensorFlow, coremltools and ONNX Runtime, before a network is built (x86-64, measured)."""
LAYER_BYTES = 4_000_000
"""Graphs and compiled code, for each layer."""
COPIES = 2
"""Of samples in memory: while they are divided, and then as arrays or pages, and as TensorFlow's tensors."""
PARTS = 4
"""Parts that are there at once: one that is computed with, one that waits, and one that is read, as an array
and as a tensor."""


def memory_bytes(plan: Plan) -> int:
    """Resident memory of the process at its peak: program, samples, weights and activations."""
    layers = LAYER_BYTES * len(plan.graph.nodes)
    return PROGRAM_BYTES + layers + data_bytes(plan) + 2 * plan.memory_bytes


def least_memory_bytes(plan: Plan) -> int:
    """Resident memory at the peak, if Keras shares the memory of all activations that it can."""
    return PROGRAM_BYTES + data_bytes(plan) + plan.memory_bytes


def data_bytes(plan: Plan) -> int:
    """Memory for the samples."""
    sample = math.prod(plan.info.shape) * (1 if plan.info.is_image else 4)
    train, test = (count * sample for count in plan.info.sizes)
    if not plan.info.is_mapped:
        return COPIES * (train + test)
    return COPIES * train if train <= RESIDENT_BYTES else PARTS * max(PART_BYTES, sample)
