"""`report.html`: the content of `report.json` as a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from quickml.report import charts, formatting, matrix, network, sequences, stills
from quickml.report.compiled import CompiledTemplates
from quickml.report.headline import errors, headline, proof
from quickml.report.mistakes import Mistake
from quickml.report.pictures import data_uri
from quickml.report.player import Player

_FILTERS = (
    "number", "count", "percent", "change", "size", "duration", "shape", "moment", "words", "setting",
)  # fmt: skip
STAGES = ("load", "build", "train", "evaluate", "compile", "verify")
REFERENCES = {
    "trained": "the trained model",
    "decompressed": "its decompressed weights",
    "translated": "the Core ML file it was made from",
}
"""What a file was compared with, by `Parity.reference`."""
STOPPED = {
    "asked": "stopped on request",
    "early_stopping": "stopped early: no further improvement",
    "max_seconds": "stopped: time limit reached",
}


def render(
    report: Mapping[str, Any], mistakes: Sequence[Mistake] | None, player: Player | None = None
) -> str:
    """Write the page.

    Args:
        report: the content of `report.json`; any measured number may be None.
        mistakes: samples to show, in this order. An array of three dimensions is an image, of two a sequence,
            of one a row of features, or of tokens if the dataset has a vocabulary. None: none may be shown.
        player: the film of the training; without it, the page has no script.

    Returns:
        One HTML document that loads no other file and needs no network.
    """
    dataset = report["dataset"]
    confusion = report["confusion_matrix"]
    return _template().render(
        report=report,
        headline=headline(report),
        proof=proof(report["parity"]),
        is_compressed=any(row["reference"] != "trained" for row in report["parity"]),
        references=REFERENCES,
        curves=charts.learning_curves(report["history"]),
        matrix=matrix.rows(confusion, dataset["labels"]) if confusion else (),
        classes=report.get("classes", ()),
        scatters=_scatters(report),
        label_counts=report.get("confusion_matrices", ()),
        mistakes=mistakes,
        player=player,
        network=network.drawing(report["layers"], dataset["shape"]),
        are_drawn=bool(dataset["vocabulary"]) or any(mistake.values.ndim > 1 for mistake in mistakes or ()),
        stages=_stages(report["seconds"]),
        stopped=STOPPED.get(report["training"]["stopped"], report["training"]["stopped"]),
        spec=json.dumps(report["spec"], indent=2, ensure_ascii=False),
    )


def _scatters(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of each number that the model predicts: a chart, its errors, and its scores if there are several.

    True values that are not shown have no chart.
    """
    found: list[Mapping[str, Any]] = [
        {"target": report["dataset"]["target_name"], "scatter": report["scatter"]}
    ]
    return [
        {"chart": chart, "errors": errors(one["scatter"]), **one}
        for one in report.get("targets") or (found if report["scatter"] else ())
        if (chart := charts.scatter(one["scatter"], one["target"])) is not None or one["scatter"] is None
    ]


@cache
def _template() -> Template:
    options: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates", encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        bytecode_cache=CompiledTemplates(options),
        **options,
    )
    for name in _FILTERS:
        environment.filters[name] = getattr(formatting, name)
    environment.filters |= {"data_uri": data_uri, "paths": sequences.paths, "meanings": sequences.meanings}
    environment.filters["details"] = network.details
    environment.globals |= {"drawing": (sequences.WIDTH, sequences.HEIGHT), "loss_curve": stills.CURVE}
    return environment.get_template("page.html")


def _stages(seconds: Mapping[str, float | None]) -> list[dict[str, Any]]:
    """Stages in order, each with its share of the total; time outside all stages comes last."""
    spent = {name: seconds.get(name) or 0.0 for name in (*STAGES, *seconds) if name != "total"}
    total = max(seconds.get("total") or 0.0, sum(spent.values()))
    rest = total - sum(spent.values())
    if rest > 0.005 * total:
        spent["start-up, other"] = rest
    return [{"name": name, "seconds": s, "share": s / total if total else 0.0} for name, s in spent.items()]
