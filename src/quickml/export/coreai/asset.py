"""Write a trained model as `model.aimodel`, for Apple Core AI (iOS and macOS 27)."""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path

from quickml.errors import CompileError
from quickml.export.coreai import process
from quickml.model import TrainedModel

_NEEDED = ("torch", "coreai", "coreai_torch")
_CONVERTER = "quickml.export.coreai.convert"


def missing() -> str | None:
    """The reason why a `.aimodel` cannot be written here, or None if it can. Imports no heavy library."""
    absent = [name for name in _NEEDED if find_spec(name) is None]
    if not absent:
        return None
    return (
        f"aimodel needs {', '.join(absent)}, which is not installed: pip install 'quickml-coreml[coreai]'"
        " (Linux on x86-64, or macOS 26 and later on Apple silicon)"
    )


def write(trained: TrainedModel, keras_file: Path, folder: Path) -> Path:
    """Convert a model and save it as `model.aimodel`, a folder, with names, labels and metadata.

    The network is the same as in the Core ML files. Its input is raw pixels, (1, height, width, channels), or
    raw features, (1, k), in float32. Its output is `probabilities`, (1, classes), in the order of the
    metadata's `labels`, or `prediction`, (1, 1).

    Args:
        trained: the model that `keras_file` holds, for names, labels and metadata.
        keras_file: the float32 model, as `train.train` saves it.
        folder: the parent folder; an existing `model.aimodel` in it is replaced.

    Raises:
        CompileError: the extra is not installed, or the converter refuses a layer.
    """
    if reason := missing():
        raise CompileError(reason)
    path = folder.resolve() / "model.aimodel"
    with tempfile.TemporaryDirectory() as folder_name:
        failure = process.run(_CONVERTER, _order(trained, keras_file, path), Path(folder_name))
    if failure:
        raise CompileError(f"aimodel: Apple's converter could not write the model ({failure})")
    return folder / path.name


def _order(trained: TrainedModel, keras_file: Path, path: Path) -> dict[str, object]:
    from quickml.export.coreml import package  # loads coremltools, which the second process must not load

    plan, export = trained.plan, trained.plan.document.export
    source = trained.plan.info.kind
    answer = package.PROBABILITIES if plan.info.labels else package.PREDICTION
    return {
        "keras_file": str(keras_file.resolve()),
        "path": str(path),
        "input": source,
        "output": answer,
        "both": plan.is_binary,
        "author": export.author or "QuickML",
        "license": export.license,
        "description": package.short_description(trained),
        "facts": {
            "labels": list(plan.info.labels),
            "inputs": {source: package.input_description(trained)},
            "outputs": {answer: package.output_descriptions(trained)[answer]},
            "quickml.document": plan.public_json(),
            "quickml.training": package.training_facts(trained),
        },
    }
