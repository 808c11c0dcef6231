"""All checks between the parts of a document: dataset, model, training and export.

Values are valid by themselves when they get here. Each problem has its place in the document.
"""

from __future__ import annotations

from quickml.datasets.info import DatasetInfo
from quickml.document.checks.export import export_problems
from quickml.document.checks.inputs import input_problems
from quickml.document.checks.outputs import output_problems
from quickml.document.checks.size import size_problems
from quickml.document.checks.training import training_problems
from quickml.document.checks.updatable import updatable_problems
from quickml.document.document import Model
from quickml.document.export import Export
from quickml.document.shapes import Walk, explore
from quickml.document.training import Training
from quickml.errors import Problem


def check(
    *, info: DatasetInfo | None, model: Model | None, training: Training | None, export: Export | None
) -> tuple[Walk, list[Problem]]:
    """All problems between the parts of a document. A part that is invalid by itself is None.

    Returns:
        What is known about the layers, and the problems in document order.
    """
    layers = explore(model.layers, info.shape) if info and model else Walk(graph=None, nodes=(), problems=[])
    graph = layers.graph
    problems: list[Problem] = []
    if info and model:
        misfits = layers.problems
        problems = input_problems(model, graph, info)
        known = {problem.pointer for problem in problems}  # a layer that takes tokens for numbers
        problems += [problem for problem in misfits if problem.pointer not in known]
    misplaced = output_problems(graph, info) if graph and info else []
    problems += misplaced
    if graph and training:
        problems += size_problems(graph, training)
    if training and info:
        problems += training_problems(training, info)
    if export:
        problems += export_problems(export)
    if export and export.updatable:
        # What a phone trains depends on the end of the network.
        problems += updatable_problems(export.updatable, None if misplaced else graph, info)
    return layers, problems
