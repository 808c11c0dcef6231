"""`quickml validate`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from quickml.cli.display.formatting import aligned, counted, problem_lines, size
from quickml.cli.display.output import note, say, say_json
from quickml.cli.document_file import read_plan
from quickml.cli.past_runs import past_runs
from quickml.document import Plan
from quickml.document.shapes import rows, summary, table
from quickml.errors import DocumentError
from quickml.estimate import Estimate, PastByDevice, estimate

UNITS = ((1, "second"), (60, "minute"), (3600, "hour"))


def validate_specs(paths: Sequence[Path], *, as_json: bool) -> None:
    """Print the table of layers, or every problem; of several documents, a line each, or the problems.

    The exit code is 2 if a document is invalid. Plain text: importing Rich would take longer than the check.
    """
    several = len(paths) > 1
    is_wrong, history = False, past_runs()
    for path in paths:
        file = {"file": str(path)} if several else {}
        try:
            plan = read_plan(path)
        except DocumentError as error:
            is_wrong = True
            if as_json:
                say_json({**file, **refusal(error)})
            else:
                tell_problems(error, path if several else None)
            continue
        if as_json:
            say_json({**file, **answer(plan, history)})
        else:
            say(*valid_lines(plan, path if several else None, history))
    if is_wrong:
        sys.exit(2)


def tell_problems(error: DocumentError, path: Path | None) -> None:
    """Print every problem, and of a single document the layers whose shapes are known."""
    known = _known(error) if path is None else []
    note(*known, *problem_lines(error, "the document" if path is None else str(path)))


def valid_lines(plan: Plan, path: Path | None, history: PastByDevice) -> list[str]:
    """What a document means; on one line for one of several documents."""
    return _lines(plan, _estimated(plan, history)) if path is None else _short(path, plan)


def _estimated(plan: Plan, history: PastByDevice) -> Estimate:
    return estimate(plan, history.of(plan.document.training.accelerator))


def answer(plan: Plan, history: PastByDevice) -> dict[str, object]:
    """What a document means, for JSON."""
    return {
        "valid": True,
        "warnings": [vars(notice) for notice in plan.notices],
        **summary(plan.graph),
        "memory_bytes": plan.memory_bytes,
        "estimate": _estimated(plan, history).to_json(),
        "spec": plan.document.model_dump(mode="json", exclude_none=True),
    }


def refusal(error: DocumentError) -> dict[str, object]:
    """What is wrong with a document, and what is known about it, for JSON."""
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


def _lines(plan: Plan, needs: Estimate) -> list[str]:
    train, test = plan.info.sizes
    parameters = plan.graph.parameters
    return [
        *_table(rows(plan.graph.nodes)),
        "",
        f"{plan.document.name}: input {plan.graph.input_shape}, {counted(parameters.total, 'parameter')}"
        f" ({parameters.trainable:,} trainable)",
        f"{plan.info.title}: {train:,} training and {test:,} test samples",
        estimated(needs),
        *_warnings(plan),
    ]


def _warnings(plan: Plan) -> list[str]:
    return [f"warning: {notice}" for notice in plan.notices]


def estimated(found: Estimate) -> str:
    """An estimate on a line: `about 3 minutes (1 to 6, from 5 runs), 0.9 GB of memory, model.onnx 5 MB`."""
    seconds = found.seconds
    unit_s, unit = next(one for one in UNITS if seconds.total < 100 * one[0] or one is UNITS[-1])
    about, low, high = (_figure(value / unit_s) for value in (seconds.total, seconds.low, seconds.high))
    basis = counted(seconds.based_on, "run") if seconds.based_on else "another machine"
    files = "".join(f", {file.name} {size(file.size_bytes)}" for file in found.files)
    return (
        f"estimate: about {about} {unit}{'' if about == '1' else 's'} ({low} to {high}, from {basis}),"
        f" {size(found.memory_bytes)} of memory{files}"
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.5 else f"{float(f'{value:.1g}'):g}"
