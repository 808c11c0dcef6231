"""Small problems that train in a second: plans and data."""

import numpy as np

from quickml.datasets.data import Data
from quickml.document import understand

HIDDEN = {"type": "Dense", "units": 16, "activation": "relu"}


def out(units=2, activation="softmax"):
    return {"type": "Dense", "units": units, "activation": activation}


def make_plan(dataset="circles", layers=None, **training):
    layers = layers or [HIDDEN, out()]
    document = {"name": "t", "dataset": dataset, "model": {"layers": layers}, "training": training}
    return understand(document)


def rings(train=90, test=40, seed=0):
    """Two classes that no straight line parts."""
    random = np.random.default_rng(seed)
    classes = random.permutation(np.arange(train + test) % 2).astype(np.int32)
    angle = random.uniform(0, 2 * np.pi, train + test)
    radius = np.where(classes, 0.5, 1.0) + random.normal(scale=0.05, size=train + test)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype(np.float32)
    return Data(
        x_train=points[:train], y_train=classes[:train], x_test=points[train:], y_test=classes[train:]
    )


def slope(train=120, test=30):
    """A regression with ten features of very different scales, and a target around 500."""
    random = np.random.default_rng(0)
    features = random.normal(size=(train + test, 10)).astype(np.float32) * 10.0 ** np.arange(-4, 6) + 3
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    targets = (500 + 80 * standard @ np.linspace(-1, 1, 10)).astype(np.float32)
    features = features.astype(np.float32)
    return Data(
        x_train=features[:train], y_train=targets[:train], x_test=features[train:], y_test=targets[train:]
    )


def sequences(train=80, test=20, steps=16):
    """Four classes of short sequences: the class says which way one rises or falls, and whence."""
    random = np.random.default_rng(0)
    classes = (np.arange(train + test) % 4).astype(np.int32)
    slopes = np.where(classes % 2, 0.1, -0.1)[:, None] * np.arange(steps) + (classes // 2)[:, None]
    values = (slopes + random.normal(scale=0.1, size=slopes.shape))[:, :, None].astype(np.float32)
    return Data(
        x_train=values[:train], y_train=classes[:train], x_test=values[train:], y_test=classes[train:]
    )


def pictures(train=200, test=300):
    """Ten classes of 8 by 8 pixels: the class says which row is bright."""
    random = np.random.default_rng(0)
    classes = (np.arange(train + test) % 10).astype(np.int32)
    images = random.integers(0, 50, (train + test, 8, 8, 1), dtype=np.uint8)
    images[np.arange(train + test), classes % 8] += np.where(classes < 8, 150, 75).astype(np.uint8)[
        :, None, None
    ]
    return Data(
        x_train=images[:train], y_train=classes[:train], x_test=images[train:], y_test=classes[train:]
    )
