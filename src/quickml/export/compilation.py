"""The state that all formats of one run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from quickml.datasets.data import Data
from quickml.document.export import Export
from quickml.export.coreml.choose import Candidate
from quickml.model import TrainedModel


@dataclass(kw_only=True)
class Compilation:
    """A trained model, and the folders and intermediate files that the formats need to write it."""

    trained: TrainedModel
    data: Data
    keras_file: Path
    """The same model as saved by Keras, in float32."""
    folder: Path
    """The result folder, which receives the delivered files."""
    variants: Path
    """A folder for the files that were tried with other weights. Created when there are any."""
    scratch: Path
    """An empty folder on the same disk, for intermediate files."""
    core_ml: dict[str, Candidate] = field(default_factory=dict)
    """The Core ML files written so far, by kind. A file that only another format needs stays in `scratch`."""

    @property
    def export(self) -> Export:
        """The `export` section of the document."""
        return self.trained.plan.document.export

    @property
    def labels(self) -> tuple[str, ...]:
        """The class labels, in the order of the outputs; empty for a regression."""
        return self.trained.plan.info.labels
