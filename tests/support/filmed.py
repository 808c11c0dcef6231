"""Films of trainings that did not happen, with parts of every kind: what the player can show."""

import numpy as np

from quickml.datasets.data import Data
from quickml.document import understand
from quickml.film import Part, Reel
from small_training import make_plan, pictures, rings

STEPS = 4
"""Steps of an epoch."""


def header(plan, **more):
    info = plan.info
    epochs = plan.document.training.epochs
    return {
        "task": info.task,
        "labels": list(info.labels),
        "epochs": epochs,
        "steps_per_epoch": STEPS,
        **more,
    }


def shot(header, parts, frames=9, seed=0, is_restored=False):
    """A film of so many frames, two for each epoch; values drift from frame to frame.

    With `is_restored`, early stopping restored weights after the last one.
    """
    random = np.random.default_rng(seed)
    reel = Reel(header, parts)
    values = {part.name: random.uniform(0, 1, part.shape) for part in parts}
    for frame in range(frames):
        reel.wants_next()
        reel.add(frame * STEPS // 2, float("nan") if frame == 0 else 2.0 / frame, values)
        values = {
            name: np.clip(array + random.normal(0, 0.1, array.shape), 0, 1) for name, array in values.items()
        }
    if is_restored:
        reel.add(restored := reel.numbers[-1] + 1, float("nan"), values)
        reel.note(restored=restored)
    return reel.to_bytes()


def plane(*, is_restored=False, **training):
    """Two classes of points; film, plan, data."""
    layers = [
        {"type": "Dense", "units": 3, "activation": "tanh", "name": "first"},
        {"type": "Dense", "units": 1, "activation": "sigmoid", "name": "last"},
    ]
    plan, data = make_plan("circles", layers, epochs=20, **training), rings()
    parts = [
        Part(name="grid", shape=(1, 64, 64), kind="fixed"),
        Part(name="unit/first", shape=(3, 16, 16), kind="fixed", low=-1, high=1),
        Part(name="probes", shape=(8, 1), kind="fixed"),
        Part(name="weights/first/kernel", shape=(2, 3), kind="float16"),
        Part(name="weights/last/kernel", shape=(3, 1), kind="float16"),
        Part(name="histogram/first/kernel", shape=(32,), kind="histogram"),
    ]
    more = {"grid": {"x": [-1.2, 1.2], "y": [-1.2, 1.2]}, "shown": 2, "probes": [2, 0, 1, 3, 4, 5, 6, 7]}
    return shot(header(plan, **more), parts, is_restored=is_restored), plan, data


def digits():
    """Ten classes of pictures; film, plan, data."""
    layers = [
        {"type": "Conv2D", "filters": 4, "kernel_size": 3, "name": "scan"},
        {"type": "Flatten"},
        {"type": "Dense", "units": 10, "activation": "softmax", "name": "last"},
    ]
    plan = make_plan("digits", layers, epochs=20)
    data = pictures(train=20, test=40)
    parts = [
        Part(name="probes", shape=(8, 10), kind="fixed", bits=8),
        Part(name="activation/scan", shape=(4, 6, 6), kind="ranged"),
        Part(name="activation/last", shape=(10,), kind="fixed", bits=8),
        Part(name="filters/scan/kernel", shape=(4, 3, 3), kind="ranged", bits=8, ranges=1),
        Part(name="histogram/scan/kernel", shape=(32,), kind="histogram"),
    ]
    return shot(header(plan, shown=5, probes=[5, 1, 2, 3, 4, 6, 7, 8]), parts), plan, data


def iris():
    """Three classes of table rows; film, plan, data."""
    document = {
        "name": "t", "dataset": "iris", "training": {"epochs": 20},
        "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax", "name": "last"}]},
    }  # fmt: skip
    plan, random = understand(document), np.random.default_rng(0)
    rows, classes = random.normal(size=(20, 4)).astype(np.float32), (np.arange(20) % 3).astype(np.int32)
    data = Data(x_train=rows, y_train=classes, x_test=rows, y_test=classes)
    parts = [
        Part(name="probes", shape=(6, 3), kind="fixed", bits=8),
        Part(name="activation/last", shape=(3,), kind="fixed", bits=8),
        Part(name="weights/last/kernel", shape=(4, 3), kind="float16"),
    ]
    return shot(header(plan, shown=0, probes=list(range(6))), parts), plan, data


def sums():
    """A regression of sequences; film, plan, data."""
    layers = [
        {"type": "Conv1D", "filters": 3, "kernel_size": 5, "padding": "same", "name": "scan"},
        {"type": "GRU", "units": 4, "name": "read"},
        {"type": "Dense", "units": 1, "name": "last"},
    ]
    plan, random = make_plan("adding", layers, epochs=20), np.random.default_rng(0)
    rows, targets = (
        random.uniform(size=(12, *plan.info.shape)).astype(np.float32),
        np.arange(12, dtype=np.float32),
    )
    data = Data(x_train=rows, y_train=targets, x_test=rows, y_test=targets)
    steps = plan.info.shape[0]
    parts = [
        Part(name="probes", shape=(8, 1), kind="ranged"),
        Part(name="activation/scan", shape=(steps, 3), kind="ranged"),
        Part(name="activation/read", shape=(steps, 4), kind="ranged"),
        Part(name="activation/last", shape=(1,), kind="ranged"),
        Part(name="filters/scan/kernel", shape=(3, 5), kind="ranged", bits=8, ranges=1),
        Part(name="histogram/scan/kernel", shape=(32,), kind="histogram"),
    ]
    return shot(header(plan, shown=3, probes=[3, 0, 1, 2, 4, 5, 6, 7]), parts), plan, data
