"""Reads pictures that were decoded before, in the process of a server: nothing of a user's file is parsed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from quickml.datasets.info import DatasetInfo

if TYPE_CHECKING:
    from quickml.datasets.data import Data


def kept(folder: Path, info: DatasetInfo) -> Data | None:
    """The pictures in a folder of the cache, mapped into memory; None if they are not there any more."""
    import numpy as np

    from quickml.datasets.data import Data
    from quickml.pictures.targets import targets_of

    try:
        pixels = np.load(folder / "pixels.npy", mmap_mode="r")
        labels = json.loads((folder / "about.json").read_text(encoding="utf-8"))["labels"]
    except OSError:
        return None
    y = targets_of(labels, info.labels or info.target_names, info.is_multi_label)
    train = info.sizes[0]
    return Data(x_train=pixels[:train], y_train=y[:train], x_test=pixels[train:], y_test=y[train:])
