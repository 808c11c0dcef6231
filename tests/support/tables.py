"""Tables as datasets: raw rows with missing values and categories, encoded as an app never has to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

from quickml.datasets import Column, Data, Dataset, DatasetInfo, register, registry
from quickml.datasets.columns import feature_names, width
from quickml.datasets.encoding import encode

COLUMNS = (
    Column(name="Größe (m²)", type="number", replacement=71.25),
    Column(name="district", type="category", values=("Mitte", "Süd", "Prenzlauer Berg")),
    Column(name="class", type="number", replacement=0.1),
    Column(name="floor", type="category", values=(0, 1, 2, -1)),
    Column(name="features", type="number"),
)
INPUTS = ("Groesse_m2", "district", "class_", "floor", "features_")
"""Names of the columns in the delivered files."""
WIDTH = width(COLUMNS)


def raw_rows(count: int, seed: int = 0, *, gaps: bool = True) -> list[dict[str, Any]]:
    """Rows with missing values and categories that are not among the values."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for _ in range(count):
        row: dict[str, Any] = {
            "Größe (m²)": float(random.uniform(20, 200)),
            "district": str(
                random.choice(["Mitte", "Süd", "Prenzlauer Berg", "Nord"] if gaps else ["Mitte", "Süd"])
            ),
            "class": float(random.normal()),
            "floor": int(random.choice([0, 1, 2, -1, 99] if gaps else [0, 1, 2, -1])),
            "features": float(random.integers(1, 8)),
        }
        for name, missing in (
            ("Größe (m²)", float("nan")),
            ("district", ""),
            ("class", None),
            ("floor", None),
        ):
            if gaps and random.random() < 0.15:
                row[name] = missing
        rows.append(row)
    return rows


def prices(encoded: np.ndarray) -> np.ndarray:
    weights = np.linspace(-1, 2, encoded.shape[1]) * np.where(np.arange(encoded.shape[1]) == 0, 1, 30)
    return (200 + encoded @ weights).astype(np.float32)


class _Table(Dataset):
    def _described(self, **fields: Any) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            title="Flats",
            source="invented",
            shape=(WIDTH,),
            columns=COLUMNS,
            feature_names=feature_names(COLUMNS),
            sizes=(240, 60),
            **fields,
        )

    def _encoded(self) -> tuple[np.ndarray, np.ndarray]:
        encoded = encode(COLUMNS, raw_rows(300, self.seed))
        return encoded, prices(encoded)


class Flats(_Table):
    """The rent of flats."""

    name: Literal["flats"] = "flats"

    def info(self) -> DatasetInfo:
        return self._described(task="regression", target_name="rent (EUR)")

    def load(self) -> Data:
        x, y = self._encoded()
        return Data(x_train=x[:240], y_train=y[:240], x_test=x[240:], y_test=y[240:])


class Offers(_Table):
    """Whether a flat is cheap, fair or dear."""

    name: Literal["offers"] = "offers"

    def info(self) -> DatasetInfo:
        return self._described(labels=("cheap", "fair", "dear"))

    def load(self) -> Data:
        x, rents = self._encoded()
        y = np.digitize(rents, np.quantile(rents, [1 / 3, 2 / 3])).astype(np.int32)
        return Data(x_train=x[:240], y_train=y[:240], x_test=x[240:], y_test=y[240:])


class Costs(_Table):
    """What a flat costs in two ways."""

    name: Literal["costs"] = "costs"

    def info(self) -> DatasetInfo:
        return self._described(task="regression", target_names=("rent (EUR)", "heating"))

    def load(self) -> Data:
        x, rents = self._encoded()
        y = np.stack([rents, rents / 40 + x[:, 0]], axis=1).astype(np.float32)
        return Data(x_train=x[:240], y_train=y[:240], x_test=x[240:], y_test=y[240:])


@contextmanager
def registered() -> Iterator[None]:
    """These tables are among the datasets for a while."""
    before = dict(registry._classes)
    register(Flats)
    register(Offers)
    register(Costs)
    try:
        yield
    finally:
        registry._classes.clear()
        registry._classes.update(before)


def document(dataset: str = "flats", **export: Any) -> dict[str, Any]:
    lasts = {"flats": {"units": 1}, "costs": {"units": 2}, "offers": {"units": 3, "activation": "softmax"}}
    last = lasts[dataset]
    layers = [
        {"type": "Normalization"},
        {"type": "Dense", "units": 16, "activation": "relu"},
        {"type": "Dense", **last},
    ]
    return {
        "name": dataset,
        "dataset": {"name": dataset},
        "model": {"layers": layers},
        "training": {"epochs": 3, "seed": 1},
        "export": {"formats": ["mlmodel", "mlpackage"], **export},
    }
