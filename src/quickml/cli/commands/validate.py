"""`quickml validate`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from quickml.cli.display.formatting import aligned, counted, problem_lines, size
from quickml.cli.display.output import note, say, say_json
from quickml.cli.document_file import read_plan
from quickml.document import Plan
from quickml.document.shapes import rows, summary, table
from quickml.errors import DocumentError


def validate_specs(paths: Sequence[Path], *, as_json: bool) -> None:
    """Print the table of layers, or every problem; of several documents, a line each, or the problems.

    The exit code is 2 if a document is invalid. Plain text: importing Rich would take longer than the check.
    """
    several = len(paths) > 1
    is_wrong = False
    for path in paths:
        file = {"file": str(path)} if several else {}
        try:
            plan = read_plan(path)
        except DocumentError as error:
            is_wrong = True
            if as_json:
                say_json({**file, **_refusal(error)})
            else:
                say(*(() if several else _known(error)))
                note(*problem_lines(error, str(path) if several else "the document"))
            continue
        if as_json:
            say_json({**file, **_answer(plan)})
        else:
            say(*(_short(path, plan) if several else _lines(plan)))
    if is_wrong:
        sys.exit(2)


def _answer(plan: Plan) -> dict[str, object]:
    return {
        "valid": True,
        "warnings": [vars(notice) for notice in plan.notices],
        **summary(plan.graph),
        "memory_bytes": plan.memory_bytes,
        "spec": plan.document.model_dump(mode="json", exclude_none=True),
    }


def _refusal(error: DocumentError) -> dict[str, object]:
    return {
        "valid": False,
        "problems": [vars(problem) for problem in error.problems],
        "more": error.more,
        "layers": error.layers,
    }


def _short(path: Path, plan: Plan) -> list[str]:
    layers, parameters = len(plan.graph.nodes), plan.graph.parameters.total
    about = f"{counted(layers, 'layer')}, {counted(parameters, 'parameter')}"
    return [f"{path}: valid, {plan.document.name}, {about}", *_warnings(plan)]


def _known(error: DocumentError) -> list[str]:
    """The layers of an invalid document whose shapes are known."""
    return [*_table(error.layers), ""] if error.layers else []


def _table(layers: Sequence[Mapping[str, Any]]) -> list[str]:
    head, *lines = aligned([("layer", "type", "output shape", "parameters"), *table(layers)], right=(3,))
    return [head, "-" * len(head), *lines]


def _lines(plan: Plan) -> list[str]:
    train, test = plan.info.sizes
    parameters = plan.graph.parameters
    return [
        *_table(rows(plan.graph.nodes)),
        "",
        f"{plan.document.name}: input {plan.graph.input_shape}, {counted(parameters.total, 'parameter')}"
        f" ({parameters.trainable:,} trainable), about {size(plan.memory_bytes)} for training",
        f"{plan.info.title}: {train:,} training and {test:,} test samples",
        *_warnings(plan),
    ]


def _warnings(plan: Plan) -> list[str]:
    return [f"warning: {notice}" for notice in plan.notices]
