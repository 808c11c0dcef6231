"""Choose the samples on which exported files are verified: test samples, and variations if there are few."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST = 512
LEAST = 256
JITTER = 0.05
"""Standard deviation of the noise on variations, as a fraction of each entry's range."""


def probe_inputs(held_out: NDArray[np.generic], seed: int) -> tuple[NDArray[np.generic], int]:
    """Choose samples for a probe.

    Args:
        held_out: (n, *input shape) raw test samples: uint8 pixels, float32 features, or int32 tokens.
        seed: the same seed gives the same variations.

    Returns:
        256 to 512 samples of the same type, and how many of them, counted from the front, are unmodified
        test samples.
    """
    plain = held_out[:MOST]
    if len(plain) >= LEAST:
        return plain, len(plain)
    return np.concatenate([plain, _varied(plain, LEAST - len(plain), seed)]), len(plain)


def _varied(samples: NDArray[np.generic], count: int, seed: int) -> NDArray[np.generic]:
    """Random points between two samples, with noise, clipped to the range of the samples."""
    random = np.random.default_rng((seed, len(samples)))
    first, second = samples[random.integers(len(samples), size=(2, count))]
    if samples.dtype == np.int32:  # tokens cannot be mixed: take either
        tokens: NDArray[np.generic] = np.where(random.random(first.shape) < 0.5, first, second)
        return tokens
    first, second = first.astype(np.float64), second.astype(np.float64)
    share = random.random((count, *(1,) * (samples.ndim - 1)))
    low, high = samples.min(axis=0).astype(np.float64), samples.max(axis=0).astype(np.float64)
    noise = random.normal(scale=JITTER, size=first.shape) * (high - low)
    mixed = np.clip(share * first + (1 - share) * second + noise, low, high)
    if np.issubdtype(samples.dtype, np.integer):
        mixed = np.rint(mixed)
    result: NDArray[np.generic] = mixed.astype(samples.dtype)
    return result
