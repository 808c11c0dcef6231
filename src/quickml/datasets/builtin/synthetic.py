"""Points in the plane, made on the spot: float32 (n, 2), drawn with the dataset's seed.

Classes have the same number of points, give or take one. The jitter is Gaussian, with the standard
deviation `noise` along each axis.
"""

from __future__ import annotations

import numpy as np

from quickml.datasets.data import Array, Data, divided
from quickml.document.datasets import Blobs, Circles, Dataset, Moons, Spirals, Xor

TURNS = 1.5
"""How often an arm of the spirals goes around."""

OUTER_RADIUS = 2.0
"""Where it ends. Neighbouring arms are then 0.67 apart, which the default noise of 0.1 leaves distinct."""

BLOB_RADIUS = 3.0
"""How far each heap's centre is from the origin: 5.2 from the other two."""


def circles(dataset: Circles) -> Data:
    """Two rings around the origin, the outer of radius 1, angles drawn evenly."""
    rng, label = _start(dataset, dataset.num_samples)
    angle = rng.uniform(0, 2 * np.pi, len(label))
    radius = np.where(label == 0, 1.0, dataset.inner_radius)
    return _finish(dataset, rng, _polar(radius, angle), label, dataset.noise)


def moons(dataset: Moons) -> Data:
    """The upper half of a unit circle around (0, 0), and the lower half of one around (1, 0.5)."""
    rng, label = _start(dataset, dataset.num_samples)
    upper = _polar(1.0, rng.uniform(0, np.pi, len(label)))
    points = np.where((label == 0)[:, None], upper, (1.0, 0.5) - upper)
    return _finish(dataset, rng, points, label, dataset.noise)


def blobs(dataset: Blobs) -> Data:
    """Three heaps, on the corners of a triangle."""
    rng, label = _start(dataset, dataset.num_samples)
    centres = _polar(BLOB_RADIUS, np.pi / 2 + label * (2 * np.pi / 3))
    return _finish(dataset, rng, centres, label, dataset.noise)


def xor(dataset: Xor) -> Data:
    """The square from -1 to 1, filled evenly; the jitter carries some points over the border."""
    rng, label = _start(dataset, dataset.num_samples)
    points = rng.uniform(0, 1, (len(label), 2)) * rng.choice((-1, 1), (len(label), 1))
    points[:, 1] *= np.where(label == 0, 1, -1)
    return _finish(dataset, rng, points, label, dataset.noise)


def spirals(dataset: Spirals) -> Data:
    """Two arms from the origin outwards, half a turn apart, points denser towards the outside."""
    rng, label = _start(dataset, dataset.num_samples)
    # The square root spreads points evenly along an arm: its length grows with the square of the radius.
    along = np.sqrt(rng.uniform(0, 1, len(label)))
    angle = along * (TURNS * 2 * np.pi) + label * np.pi
    return _finish(dataset, rng, _polar(along * OUTER_RADIUS, angle), label, dataset.noise)


def _start(dataset: Dataset, n: int) -> tuple[np.random.Generator, Array]:
    """The source of chance, and the class of each point: int32 (n,), classes in turn."""
    label = np.arange(n, dtype=np.int32) % len(dataset.labels)
    # Not the bare seed: that one shuffles the split, and points must not depend on their place in it.
    return np.random.default_rng((dataset.seed, 1)), label.astype(np.int32)


def _polar(radius: Array | float, angle: Array) -> Array:
    """Points (n, 2) from polar coordinates; radians."""
    return np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1)


def _finish(dataset: Dataset, rng: np.random.Generator, points: Array, label: Array, noise: float) -> Data:
    jittered = points + rng.normal(0.0, noise, points.shape)
    return divided(jittered.astype(np.float32), label, dataset.sizes, dataset.seed)
