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
                hint="add a Dense or a Conv2D",
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
                hint="use fewer units, or a pooling layer before the Flatten",
            )
        )
    elif memory > MAX_MEMORY_BYTES:
        problems.append(
            Problem(
                pointer="/model",
                expected=f"at most {MAX_MEMORY_BYTES / 2**30:.0f} GiB of memory for training",
                found=f"about {memory / 2**30:,.0f} GiB",
                hint="use a smaller batch_size or smaller layers",
            )
        )
    return problems
