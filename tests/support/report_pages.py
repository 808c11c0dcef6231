"""Reports to render, and a parser of the pages."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

HOSTILE = "<script>alert('x')</script>\"&'</style>"
VOID = {"meta", "link", "img", "br", "col", "input", "hr"}


class Page(HTMLParser):
    """Text, tags and attributes of a page; fails on tags that do not close in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute twice in {tag}"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split()).replace("\N{NO-BREAK SPACE}", " ")

    def find(self, tag: str, name: str = "") -> list[dict[str, str | None]]:
        """Tags of a kind, those of a class where one is given."""
        return [a for t, a in self.tags if t == tag and (not name or name in (a.get("class") or "").split())]


def history(epochs: int, *metrics: str) -> list[dict[str, Any]]:
    return [
        {"epoch": e, "learning_rate": 1.0, "seconds": 1.5}
        | {m: (0.9 if "acc" in m else 1) / e for m in metrics}
        for e in range(1, epochs + 1)
    ]


def a_report(**changes: Any) -> dict[str, Any]:
    report: dict[str, Any] = {
        "quickml": "0.1.0",
        "name": "three kinds",
        "created": "2026-11-22T21:08:20+00:00",
        "dataset": {
            "name": "iris", "title": "Iris flowers", "source": "Fisher 1936", "task": "classification",
            "labels": ["setosa", "versicolor", "virginica"], "feature_names": ["a (cm)", "b (cm)"],
            "vocabulary": [],
            "target_name": "", "shape": [2], "train": 108, "validation": 12, "test": 30,
        },
        "spec": {"name": "three kinds", "model": {"layers": [{"type": "Dense", "units": 3}]}},
        "layers": [
            {"name": "norm", "type": "Normalization", "output_shape": [2], "parameters": 0,
             "inputs": ["input"], "settings": {}},
            {"name": "dense", "type": "Dense", "output_shape": [3], "parameters": 1234,
             "inputs": ["norm"], "settings": {"activation": "softmax", "units": 3}},
        ],
        "parameters": 1234, "trainable_parameters": 1230, "memory_bytes": 12_000_000,
        "training": {
            "optimizer": {"type": "Adam", "learning_rate": 0.01}, "loss": "sparse_categorical_crossentropy",
            "batch_size": 16, "epochs": 20, "epochs_run": 8, "stopped": "early_stopping",
            "precision": "float32", "seed": 7,
        },
        "history": history(8, "loss", "accuracy", "val_loss", "val_accuracy"),
        "metrics": {"loss": 0.0712, "accuracy": 0.9333},
        "confusion_matrix": [[10, 0, 0], [0, 9, 1], [0, 1, 9]],
        "classes": [
            {"label": "setosa", "samples": 10, "predicted": 10, "precision": 1.0, "recall": 1.0, "f1": 1.0, "roc_auc": 1.0},
            {"label": "versicolor", "samples": 10, "predicted": 10, "precision": 0.9, "recall": 0.9, "f1": 0.9, "roc_auc": None},
            {"label": "virginica", "samples": 10, "predicted": 10, "precision": 0.9, "recall": 0.9, "f1": 0.9, "roc_auc": 0.97},
        ],
        "macro": {"precision": 0.9333, "recall": 0.9333, "f1": 0.9333, "roc_auc": 0.985},
        "baseline": {
            "metric": "accuracy", "label": "setosa", "value": 1 / 3, "model": 0.9333, "is_no_better": False,
        },
        "scatter": None,
        "parity": [{
            "file": "model.mlmodel", "samples": 256, "held_out": 30, "largest_difference": 3.1e-6,
            "tolerance": 1e-4, "label_agreement": 1.0, "accuracy": 0.9333, "reference": "trained",
        }],
        "compression": [],
        "files": [{"name": "model.mlmodel", "size_bytes": 4_800_123, "sha256": "ab" * 32}],
        "skipped": {"mlmodelc": "needs macOS"},
        "seconds": {
            "load": 0.1, "build": 0.2, "train": 1.0, "evaluate": 0.1, "compile": 0.3, "verify": 0.3,
            "total": 4.0,
        },
        "versions": {"python": "3.11.7", "keras": "3.13.0"},
        "warnings": [{"pointer": "/model/layer_0", "message": "dim was ignored"}],
    }  # fmt: skip
    return report | changes


def poisoned(value: Any) -> Any:
    """The same with every string, and every key of settings, made hostile."""
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, list):
        return [poisoned(item) for item in value]
    if isinstance(value, dict):
        return {key: poisoned(item) for key, item in value.items()}
    return value
