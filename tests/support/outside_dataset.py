"""A dataset as another package brings it: the one of docs/how-to/add-a-dataset.md, installed in a folder."""

import re
from pathlib import Path

import numpy as np

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-dataset.md"
DOCUMENT = {
    "name": "shapes",
    "dataset": {"name": "shapes", "inverted": True},
    "model": {
        "layers": [
            {"type": "Conv2D", "filters": 4, "kernel_size": 3, "activation": "relu"},
            {"type": "GlobalMaxPooling2D"},
            {"type": "Dense", "units": 2, "activation": "softmax"},
        ]
    },
    "training": {"epochs": 2},
    "export": {"formats": ["mlmodel"]},
}


def installed(folder: Path) -> Path:
    """The package, its arrays and its metadata, in a folder to be put on PYTHONPATH."""
    text = PAGE.read_text(encoding="utf-8")
    code, _use = re.findall(r"^```python\n(.*?)^```\n", text, re.MULTILINE | re.DOTALL)
    (entry_points,) = re.findall(r"^```toml\n(.*?)^```\n", text, re.MULTILINE | re.DOTALL)
    package = folder / "my_package"
    (package / "shapes").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "shapes.py").write_text(code)
    for name, array in arrays().items():
        np.save(package / "shapes" / f"{name}.npy", array)
    metadata = folder / "my_package-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    group = entry_points.replace('[project.entry-points."quickml.datasets"]', "[quickml.datasets]").replace(
        '"', ""
    )
    (metadata / "entry_points.txt").write_text(group)
    return folder


def arrays():
    """500 pictures: rings and frames, which differ in their corners."""
    rng = np.random.default_rng(0)
    labels = (np.arange(500) % 2).astype(np.int32)
    rows, columns = np.mgrid[:16, :16] - 7.5
    ring = np.abs(np.hypot(rows, columns) - 5) < 1
    frame = np.abs(np.maximum(np.abs(rows), np.abs(columns)) - 5) < 1
    drawn = np.where(labels[:, None, None], frame, ring) * rng.integers(150, 256, (500, 1, 1))
    pixels = drawn.astype(np.uint8)[..., None]
    return {"x_train": pixels[:400], "y_train": labels[:400], "x_test": pixels[400:], "y_test": labels[400:]}
