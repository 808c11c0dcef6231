"""Limits of the size of a network."""

from __future__ import annotations

from quickml.document.advice import Advice, told, write
from quickml.document.problem import problem
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
    problems = [] if graph.parameters.trainable else [_nothing()]
    total, memory = graph.parameters.total, memory_of(graph, training)
    if total > MAX_PARAMETERS:
        problems.append(_too_many(graph, total))
    elif memory > MAX_MEMORY_BYTES:
        problems.append(_too_much(graph, training, memory))
    return problems


def _nothing() -> Problem:
    return problem(
        "nothing-to-train",
        "/model/layers",
        expected="at least one layer that learns",
        found="none with weights",
        advice=told("add a Dense"),
    )


def _too_many(graph: Graph, total: int) -> Problem:
    largest = max(graph.nodes, key=lambda node: node.parameters.total)
    return problem(
        "too-many-parameters",
        f"/model/layers/{largest.index}",
        expected=f"at most {MAX_PARAMETERS:,} parameters in total",
        found=f"{total:,}, of which {largest.parameters.total:,} here",
        advice=told("make this layer or its input smaller"),
        layer=largest.name,
        maximum_parameters=MAX_PARAMETERS,
        found_parameters=total,
        parameters_of_layer=largest.parameters.total,
    )


def _too_much(graph: Graph, training: Training, memory: int) -> Problem:
    return problem(
        "too-much-memory",
        "/model",
        expected=f"at most {MAX_MEMORY_BYTES / 2**30:.0f} GiB of memory for training",
        found=f"about {memory / 2**30:,.0f} GiB",
        advice=_memory_advice(graph, training),
        maximum_bytes=MAX_MEMORY_BYTES,
        found_bytes=memory,
    )


def _memory_advice(graph: Graph, training: Training) -> Advice:
    """The largest power of two that the batch size may be, if one sample fits."""
    slots, size = training.optimizer.slots, 1
    if graph.memory_bytes(1, slots) > MAX_MEMORY_BYTES:
        return told("use smaller layers")
    while graph.memory_bytes(2 * size, slots) <= MAX_MEMORY_BYTES:
        size *= 2
    return write("/training/batch_size", size, f"use a batch_size of at most {size}, or smaller layers")
