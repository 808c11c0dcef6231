"""The content of `report.json`."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from quickml import results
from quickml._version import __version__
from quickml.answers import Flips
from quickml.answers.scores import baseline, macro, per_class
from quickml.answers.targets import confusions, label_baseline, per_label, per_target
from quickml.datasets.data import Data
from quickml.datasets.info import DatasetInfo
from quickml.document.layers.layer import Layer
from quickml.document.plan import Plan
from quickml.document.shapes import Graph, summary
from quickml.errors import Notice
from quickml.estimate import TrainingWork
from quickml.events import Compressed, FileRow, Parity
from quickml.model import TrainedModel
from quickml.report.mistakes import worst
from quickml.report.page import render
from quickml.report.player import player

_LIBRARIES = ("keras", "tensorflow", "tensorflow-cpu", "coremltools", "onnx", "onnxruntime", "numpy")
_SHOWN = ("activation", "kernel_size", "pool_size", "strides", "padding", "dilation_rate", "units", "rate")
"""The settings of layers that tell most about a network."""


MAX_FLIPPED = 50
"""Number of samples with another label that the report lists for each form of weights."""


def record(
    trained: TrainedModel,
    data: Data,
    *,
    parity: Sequence[Parity],
    compression: Sequence[Compressed],
    flips: Sequence[Flips],
    variants: Sequence[tuple[str, FileRow]],
    files: Sequence[FileRow],
    skipped: Mapping[str, str],
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Everything about a run as JSON types; numbers that are not finite become null."""
    plan, dataset, found = trained.plan, trained.plan.info, trained.predictions[:, 0]
    content: dict[str, Any] = _plain(
        {
            "quickml": __version__,
            "name": plan.document.name,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "dataset": _dataset(trained, len(data.y_test)),
            "spec": plan.reported(),
            **summary(plan.graph),
            "layers": _layers(plan.graph),
            "memory_bytes": plan.memory_bytes,
            "training": _training(trained),
            "history": trained.history,
            "metrics": trained.metrics,
            **_scores(trained, data),
            "scatter": None if dataset.outputs > 1 else _scatter(dataset, data.y_test, found),
            "parity": [row.model_dump() for row in parity],
            "compression": _compression(compression, flips, trained, data),
            "variants": [{**row.model_dump(), "weights": weights} for weights, row in variants],
            "files": [row.model_dump() for row in files],
            "skipped": skipped,
            "seconds": seconds,
            "work": replace(TrainingWork.of(plan), epochs=max(1, len(trained.history))).to_json(),
            "versions": _versions(),
            "warnings": [{"pointer": one.pointer, "message": one.message} for one in _warnings(plan)],
        }
    )
    return content


def _scores(trained: TrainedModel, data: Data) -> dict[str, Any]:
    """Confusion matrix, scores of each class and their means; none for a regression. The baseline."""
    if trained.plan.info.target_names:
        return _scores_of_targets(trained, data)
    labels, truth, found = trained.plan.info.labels, data.y_test, trained.predictions
    is_weighted = trained.plan.document.training.class_weight is not None
    compared = baseline(truth, found, labels, is_weighted=is_weighted)
    classes = per_class(truth, found.argmax(axis=1), found, labels) if labels else ()
    return {
        "confusion_matrix": None if trained.confusion is None else trained.confusion.tolist(),
        "classes": [asdict(one) for one in classes],
        "macro": macro(classes) if classes else None,
        "baseline": {**asdict(compared), "is_no_better": compared.is_no_better} if compared else None,
    }


def _scores_of_targets(trained: TrainedModel, data: Data) -> dict[str, Any]:
    """The scores of each label, with a matrix of 2 x 2 counts; or of each number. The baseline."""
    names, truth, found = trained.plan.info.target_names, data.y_test, trained.predictions
    if trained.plan.info.is_multi_label:
        compared, classes = label_baseline(truth, found, names), per_label(truth, found, names)
        matrices = confusions(truth, found).tolist()
    else:
        compared, classes, matrices = baseline(truth, found, ()), (), []
    return {
        "confusion_matrix": None,
        "confusion_matrices": matrices,
        "classes": [asdict(one) for one in classes],
        "macro": macro(classes) if classes else None,
        "targets": []
        if classes
        else [
            {
                **asdict(one),
                "is_no_better": one.is_no_better,
                "scatter": _scatter(trained.plan.info, truth[:, index], found[:, index]),
            }
            for index, one in enumerate(per_target(truth, found, names))
        ],
        "baseline": {**asdict(compared), "is_no_better": compared.is_no_better} if compared else None,
    }


def _compression(
    rows: Iterable[Compressed], flips: Iterable[Flips], trained: TrainedModel, data: Data
) -> list[dict[str, Any]]:
    """The events, each with the first samples that changed their labels; `answers.bin` has all of them."""
    labels, before = trained.plan.info.labels, trained.predictions.argmax(axis=1)
    flipped = {
        (one.file, one.weights): [
            {
                "sample": int(sample),
                "truth": labels[int(data.y_test[sample])],
                "before": labels[int(before[sample])],
                "after": labels[int(after)],
            }
            for sample, after in zip(one.samples[:MAX_FLIPPED], one.labels, strict=False)
        ]
        for one in flips
    }
    return [
        {**row.model_dump(exclude={"type", "time"}), "flipped": flipped.get((row.file, row.weights), [])}
        for row in rows
    ]


def _dataset(trained: TrainedModel, test_samples: int) -> dict[str, Any]:
    dataset = trained.plan.info
    about = ("name", "title", "source", "task", "kind", "labels", "feature_names", "target_name", "shape")
    return {
        **{key: getattr(dataset, key) for key in about},
        **({"target_names": dataset.target_names} if dataset.target_names else {}),
        "vocabulary": dataset.vocabulary,
        "train": trained.train_samples,
        "validation": trained.validation_samples,
        "test": test_samples,
    }


def _layers(graph: Graph) -> list[dict[str, Any]]:
    """The layers of `summary`, with their inputs and the settings that the page shows."""
    return [
        {**row, "type": _type(node.layer), "inputs": node.inputs, "settings": _settings(node.layer)}
        for row, node in zip(summary(graph)["layers"], graph.nodes, strict=True)
    ]


def _type(layer: Layer) -> str:
    inner = getattr(layer, "layer", None)
    return f"{layer.type}({inner.type})" if isinstance(inner, Layer) else layer.type


def _settings(layer: Layer) -> dict[str, Any]:
    inner = getattr(layer, "layer", None)
    values = (inner if isinstance(inner, Layer) else layer).arguments()
    return {key: values[key] for key in _SHOWN if values.get(key) is not None}


def _training(trained: TrainedModel) -> dict[str, Any]:
    training = trained.plan.document.training
    return {
        "optimizer": training.optimizer.model_dump(mode="json", exclude_none=True),
        "loss": training.loss,
        "batch_size": training.batch_size,
        "epochs": training.epochs,
        "epochs_run": len(trained.history),
        "stopped": trained.stopped,
        "precision": trained.precision,
        "accelerator": trained.accelerator,
        "device": trained.device,
        "seed": training.seed,
    }


def write(report: Mapping[str, Any], trained: TrainedModel, data: Data, folder: Path) -> None:
    """Write `report.json` and `report.html` into a folder."""
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / results.REPORT.name).write_text(text + "\n", encoding="utf-8")
    dataset = trained.plan.info
    samples = data.x_test
    if dataset.is_image and samples.ndim == 3:  # the model reads rows of an image; show the image
        samples = samples[..., None]
    mistakes = None
    if not dataset.target_names and (dataset.shows_samples or _tells_labels_only(dataset)):
        mistakes = worst(samples, data.y_test, trained.predictions, dataset.labels)
        if not dataset.shows_samples:  # nobody wants rows of customers in a page that is passed on
            mistakes = [replace(mistake, values=mistake.values[:0]) for mistake in mistakes]
    page = render(report, mistakes, player(trained.film, trained.plan, data))
    (folder / results.PAGE.name).write_text(page, encoding="utf-8")


def _tells_labels_only(dataset: DatasetInfo) -> bool:
    """Whether mistakes without their inputs are a table of labels."""
    return bool(dataset.labels) and dataset.kind == "features"


def _warnings(plan: Plan) -> list[Notice]:
    """The notices, without those about data that is not shown, which may quote it."""
    return [one for one in plan.notices if plan.info.shows_samples or not one.pointer.startswith("/dataset")]


def _scatter(
    dataset: DatasetInfo, truth: Iterable[float], predicted: Iterable[float]
) -> list[list[float]] | None:
    if not dataset.shows_samples:
        return None
    return [[float(a), float(b)] for a, b in zip(truth, predicted, strict=True)]


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    for library in _LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:  # TensorFlow is installed under one of two names
            continue
    return versions


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
