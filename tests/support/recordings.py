"""Recordings of three movements, as files: a folder for each, and one file of all."""

import zipfile

import numpy as np

LABELS = ("rest", "walk", "run")
RATE = 50


def signals(label, rows, seed=0):
    """Two sensors, (rows, 2): how fast they swing depends on the label."""
    random = np.random.default_rng((seed, LABELS.index(label)))
    turns = 2 * np.pi * 2 * LABELS.index(label) * np.arange(rows) / RATE + random.uniform(0, 6)
    return np.stack([np.sin(turns), 9.81 + np.cos(turns)], axis=1) + random.normal(scale=0.1, size=(rows, 2))


def table(label, rows=200, seed=0):
    """A recording as a .csv file."""
    lines = ["time_s,acc_x,acc y"]
    lines += [f"{step / RATE:.2f},{x:.4f},{y:.4f}" for step, (x, y) in enumerate(signals(label, rows, seed))]
    return "\n".join(lines) + "\n"


def folder(path, each=5, rows=200, labels=LABELS):
    """A folder for each label, with recordings."""
    for label in labels:
        (path / label).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            (path / label / f"{number}.csv").write_text(table(label, rows, number))
    return path


def archive(path, source):
    """A .zip file of a folder."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(source.rglob("*.csv")):
            packed.write(file, file.relative_to(source.parent))
    return path


def single(each=5, rows=200):
    """All recordings in one file."""
    lines = ["recording,timestamp,acc_x,acc y,activity"]
    for label in LABELS:
        for number in range(each):
            name = f"{label}-{number}"
            for step, (x, y) in enumerate(signals(label, rows, number)):
                at = f"2024-05-01T{12 + LABELS.index(label)}:{number:02d}:{step / RATE:06.3f}"
                lines.append(f"{name},{at},{x:.4f},{y:.4f},{label}")
    return "\n".join(lines) + "\n"


def forecast(rows=400):
    """A file with a number that follows its own past."""
    hours = np.arange(rows)
    noise = np.random.default_rng(3).normal(scale=0.2, size=(rows, 2))
    temp, wind = 15 + 8 * np.sin(hours / 24 * 2 * np.pi) + noise[:, 0], 4 + noise[:, 1]
    lines = ["time;temp;wind"]
    for hour in hours:
        at = f"2024-01-{1 + hour // 24:02d} {hour % 24:02d}:00:00"
        lines.append(f"{at};{temp[hour]:.2f};{wind[hour]:.2f}".replace(".", ","))
    return "\n".join(lines) + "\n"
