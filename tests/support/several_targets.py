"""Tables with several targets: numbers of a regression, and labels of which a row can have any number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

ROWS = 240


def write(folder: Path) -> None:
    """`flats.csv` with the numbers price and area; `tags.csv` and `lists.csv` with labels of songs."""
    random = np.random.default_rng(0)
    rooms, built = random.integers(1, 6, ROWS), random.integers(1950, 2020, ROWS)
    districts = random.choice(["Mitte", "Nord", "Süd"], ROWS)
    area = rooms * 22 + random.normal(0, 4, ROWS)
    price = area * 3000 + (districts == "Mitte") * 90_000 + (built - 1950) * 900
    days = [f"{2000 + row // 200}-{row % 200 // 20 + 1:02d}-{row % 20 + 1:02d}" for row in range(ROWS)]
    flats = [
        f"{days[row]},{rooms[row] if row % 17 else ''},{built[row]},{districts[row]},{price[row]:.0f},{area[row]:.2f}"
        for row in range(ROWS)
    ]
    _write(folder / "flats.csv", "day,rooms,built,district,price (EUR),area", flats)
    speed, mood = random.normal(0, 1, ROWS), random.normal(0, 1, ROWS)
    loud = speed + mood / 3 > 0.5
    happy = mood - speed / 2 + (districts == "Nord") > 0.4
    tags = [
        f"{speed[row]:.3f},{mood[row]:.3f},{districts[row]},{('no', 'yes')[int(loud[row])]},"
        f"{('no', 'yes')[int(happy[row])]}"
        for row in range(ROWS)
    ]
    _write(folder / "tags.csv", "speed,mood,district,loud,happy song", tags)
    lists = [
        f"{speed[row]:.3f},{mood[row]:.3f},{';'.join(name for name, on in (('loud', loud[row]), ('happy', happy[row])) if on)}"
        for row in range(ROWS)
    ]
    _write(folder / "lists.csv", "speed,mood,tags", lists)


def _write(path: Path, names: str, lines: list[str]) -> None:
    path.write_text("\n".join([names, *lines]) + "\n", encoding="utf-8")


def document(kind: str, **options: Any) -> dict[str, Any]:
    """A document for `flats`, `tags` or `lists`."""
    targets = {"flats": ["price (EUR)", "area"], "tags": ["loud", "happy song"], "lists": "tags"}
    dataset = {"name": "table", "file": f"{kind}.csv", "target": targets[kind], **options}
    last = {"units": 2} if kind == "flats" else {"units": 2, "activation": "sigmoid"}
    layers = [{"type": "Dense", "units": 12, "activation": "relu"}, {"type": "Dense", **last}]
    return {
        "name": kind,
        "dataset": dataset,
        "model": {"layers": layers},
        "training": {"epochs": 20, "seed": 1, "optimizer": {"type": "Adam", "learning_rate": 0.01}},
        "export": {"formats": ["mlmodel", "mlpackage", "onnx"]},
    }
