"""Limits of the size of a network."""

from __future__ import annotations

from quickml.document.shapes import Graph
from quickml.document.training import Training
from quickml.errors import Problem

MAX_PARAMETERS = 200_000_000
MAX_MEMORY_BYTES = 16 * 2**30


def memory_of(graph: Graph, training: Training) -> int:
    """Estimate of the memory that training needs, in bytes."""
    return graph.memory_bytes(training.batch_size, training.optimizer.slots)


def size_problems(graph: Graph, training: Training) -> list[Problem]:
    """Networks without trainable weights, and networks that are too large."""
    problems = []
    if graph.parameters.trainable == 0:
        problems.append(
            Problem(
                pointer="/model/layers",
                expected="at least one layer that learns",
                found="none with weights",
                hint="add a Dense",
            )
        )
    total, memory = graph.parameters.total, memory_of(graph, training)
    if total > MAX_PARAMETERS:
        largest = max(graph.nodes, key=lambda node: node.parameters.total)
        problems.append(
            Problem(
                pointer=f"/model/layers/{largest.index}",
                expected=f"at most {MAX_PARAMETERS:,} parameters in total",
                found=f"{total:,}, of which {largest.parameters.total:,} here",
                hint="make this layer or its input smaller",
            )
        )
    elif memory > MAX_MEMORY_BYTES:
        problems.append(
            Problem(
                pointer="/model",
                expected=f"at most {MAX_MEMORY_BYTES / 2**30:.0f} GiB of memory for training",
                found=f"about {memory / 2**30:,.0f} GiB",
                hint=_memory_hint(graph, training),
            )
        )
    return problems


def _memory_hint(graph: Graph, training: Training) -> str:
    """The largest power of two that the batch size may be, if one sample fits."""
    slots, size = training.optimizer.slots, 1
    if graph.memory_bytes(1, slots) > MAX_MEMORY_BYTES:
        return "use smaller layers"
    while graph.memory_bytes(2 * size, slots) <= MAX_MEMORY_BYTES:
        size *= 2
    return f"use a batch_size of at most {size}, or smaller layers"
