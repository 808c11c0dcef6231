"""`quickml validate`."""

from __future__ import annotations

import sys
from pathlib import Path

from quickml.cli.display.formatting import counted, size
from quickml.cli.display.output import say, say_json
from quickml.cli.document_file import read_plan
from quickml.document import Plan
from quickml.document.shapes import summary, table
from quickml.errors import DocumentError


def validate_spec(path: Path, *, as_json: bool) -> None:
    """Print the table of layers, or every problem.

    Plain text: importing Rich would take longer than the check.

    Raises:
        DocumentError: the problems. With `as_json` they are printed and the exit code is 2.
    """
    try:
        plan = read_plan(path)
    except DocumentError as error:
        if not as_json:
            raise
        say_json({"valid": False, "problems": [vars(problem) for problem in error.problems]})
        sys.exit(2)
    say_json(_answer(plan)) if as_json else say(*_lines(plan))


def _answer(plan: Plan) -> dict[str, object]:
    return {
        "valid": True,
        "warnings": [vars(notice) for notice in plan.notices],
        **summary(plan.graph),
        "memory_bytes": plan.memory_bytes,
        "spec": plan.document.model_dump(mode="json", exclude_none=True),
    }


def _lines(plan: Plan) -> list[str]:
    rows = [("layer", "type", "output shape", "parameters"), *table(plan.graph)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join(
            cell.rjust(width) if column == 3 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    train, test = plan.info.sizes
    parameters = plan.graph.parameters
    return [
        *lines,
        "",
        f"{plan.document.name}: input {plan.graph.input_shape}, {counted(parameters.total, 'parameter')}"
        f" ({parameters.trainable:,} trainable), about {size(plan.memory_bytes)} for training",
        f"{plan.info.title}: {train:,} training and {test:,} test samples",
        *(f"warning: {notice}" for notice in plan.notices),
    ]
