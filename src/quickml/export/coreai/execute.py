"""Subprocess that runs a `.aimodel` on samples with Apple's runtime, for verification.

Started by `verification.answers`; does not need torch.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from quickml.export.coreai.process import serve

SAMPLES, ANSWERS, LABELS = "samples.npy", "answers.npy", "labels.json"
"""Files in the folder: the samples, (n, *input shape), are read; the outputs, (n, k) float32, and the labels
of the model are written."""
FUNCTION = "main"


def execute(folder: Path, order: Mapping[str, Any]) -> None:
    """Run the file at `order["path"]` on the samples in the folder, and write its outputs and labels."""
    from coreai.authoring import AIModelAsset

    asset = AIModelAsset.load(order["path"])
    labels = asset.metadata.creator_defined_metadata.get("labels", [])
    (folder / LABELS).write_text(json.dumps(labels), encoding="utf-8")
    np.save(folder / ANSWERS, asyncio.run(_answers(asset, np.load(folder / SAMPLES))))


async def _answers(asset: Any, samples: Any) -> Any:
    from coreai.runtime import NDArray

    # AIModel.load is shorter but works on Apple systems only.
    async with asset.executable() as model:
        function = model.load_function(FUNCTION)
        (source,), (answer,) = function.desc.input_names, function.desc.output_names
        samples = samples.astype(function.desc.input_descriptor(source).dtype)
        rows = [(await function({source: NDArray(sample[None])}))[answer] for sample in samples]
        return np.concatenate([row.numpy().reshape(1, -1) for row in rows]).astype(np.float32)


if __name__ == "__main__":
    serve(execute)
