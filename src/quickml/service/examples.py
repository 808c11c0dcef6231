"""Documents to start from: those of the folder `examples`, which is also in the installed package."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

log = logging.getLogger(__name__)

_PACKAGE = Path(__file__).parents[1]
FOLDERS = (_PACKAGE / "examples", _PACKAGE.parents[1] / "examples")
"""Where the folder is: in an installed package, and in a checkout."""

TITLES: Mapping[str, tuple[str, str]] = {
    "spirals": ("Two spirals", "Two layers of 12 units bend a border; every unit is a picture."),
    "moons": ("Two crescents", "A small network separates two crescents of points: it learns in a second."),
    "iris": ("Iris flowers", "Four measurements of a flower tell which of three species it is."),
    "mnist_cnn": ("Handwritten digits", "Two convolutions and two dense layers read digits from 0 to 9."),
    "fashion_cnn": ("Clothing", "Ten kinds of clothing, which are harder to tell apart than digits."),
    "diabetes": ("Diabetes progression", "A regression: ten numbers of a patient predict one."),
    "waves_lstm": ("Waves", "An LSTM reads a wave step by step and names its shape."),
    "mnist_resnet": ("Digits with skip connections", "A small ResNet: each block adds to its input."),
    "mnist_inception": ("Digits with parallel branches", "Convolutions of 1, 3 and 5 pixels side by side."),
    "mnist_augmented": ("Digits from 1,000 images", "Moving, turning and zooming makes up for few images."),
    "mnist_rows_lstm": ("Digits row by row", "An LSTM reads a picture as 28 rows, one after the other."),
    "waves_attention": ("Waves with attention", "A transformer block: every step looks at all others."),
    "adding_gru": ("The adding problem", "A GRU remembers one number until it has seen the other."),
    "brackets_embedding": ("Balanced brackets", "An embedding of characters, read in both directions."),
}  # fmt: skip
"""Title and one sentence of each, the ones to begin with first."""


@dataclass(frozen=True, kw_only=True)
class ExampleDocument:
    """A document to start from."""

    name: str
    """File name without `.json`."""
    title: str
    help: str
    """One sentence."""
    dataset: str
    """Name of its dataset."""
    text: str
    """The document."""


@cache
def examples() -> tuple[ExampleDocument, ...]:
    """All examples; none where the folder is missing, which is logged."""
    folder = next((path for path in FOLDERS if path.is_dir()), None)
    if folder is None:
        log.warning("examples: expected a folder %s, found none", FOLDERS[0])
        return ()
    return tuple(_example(folder / f"{name}.json", *texts) for name, texts in TITLES.items())


def _example(path: Path, title: str, help: str) -> ExampleDocument:
    text = path.read_text(encoding="utf-8")
    dataset = json.loads(text)["dataset"]
    name = dataset if isinstance(dataset, str) else dataset["name"]
    return ExampleDocument(name=path.stem, title=title, help=help, dataset=name, text=text)
