"""What the formats of one run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from quickml.datasets.data import Data
from quickml.document.export import Export
from quickml.export.coreml.choose import Candidate
from quickml.model import TrainedModel


@dataclass(kw_only=True)
class Compilation:
    """A trained model on its way into files."""

    trained: TrainedModel
    data: Data
    keras_file: Path
    """The same model as Keras saved it, in float32."""
    folder: Path
    """The result folder: takes what is delivered."""
    scratch: Path
    """An empty folder on the same disk, for files that are not delivered."""
    core_ml: dict[str, Candidate] = field(default_factory=dict)
    """The Core ML files written so far, by kind; one that only another format needs stays in `scratch`."""

    @property
    def export(self) -> Export:
        """What the document asks for."""
        return self.trained.plan.document.export

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the outputs; none for a regression."""
        return self.trained.plan.info.labels
